/* roles.c - see roles.h. A constant is followed from its value to the nodes that read it for what it
 * is: the leaves. Each leaf has an opinion, and the most specific one wins. */
#include "pass/roles.h"

#include <string.h>

#include "ops/op.h"

/* Bounds of one walk, so that no graph makes it long: nodes in a row, and edges in all. */
enum { WALK_DEPTH = 12, WALK_EDGES = 2048, CONSTANT_DEPTH = 4, SCAN_COUNT = 1 << 24 };

static const ofz_role precedence[] = {
    OFZ_ROLE_QUANTISATION, OFZ_ROLE_SHAPE,      OFZ_ROLE_NORM_STATISTIC, OFZ_ROLE_EMBEDDING,
    OFZ_ROLE_WEIGHT,       OFZ_ROLE_NORM_SCALE, OFZ_ROLE_NORM_SHIFT,     OFZ_ROLE_BIAS,
    OFZ_ROLE_MASK,         OFZ_ROLE_OTHER,
};

const char *ofz_role_name(ofz_role role)
{
    switch (role) {
    case OFZ_ROLE_OTHER:
        return "other";
    case OFZ_ROLE_WEIGHT:
        return "weight";
    case OFZ_ROLE_BIAS:
        return "bias";
    case OFZ_ROLE_NORM_SCALE:
        return "norm scale";
    case OFZ_ROLE_NORM_SHIFT:
        return "norm shift";
    case OFZ_ROLE_NORM_STATISTIC:
        return "norm statistic";
    case OFZ_ROLE_EMBEDDING:
        return "embedding";
    case OFZ_ROLE_SHAPE:
        return "shape";
    case OFZ_ROLE_QUANTISATION:
        return "quantisation";
    case OFZ_ROLE_MASK:
        return "mask";
    }
    return "other";
}

/* --- the walk --------------------------------------------------------------------------------- */

static const ofz_op *node_row(const ofz_node *n)
{
    return ofz_op_find(n->domain, n->op_type, n->opset);
}

static bool node_is(const ofz_node *n, const char *op_type)
{
    return !n->domain[0] && !strcmp(n->op_type, op_type);
}

/* Operators of the standard whose constants have a clear part to play, for as long as they have no row:
 * the letters are those of ofz_op.roles. */
static const ofz_op rowless[] = {
    { .name = "ConvInteger", .roles = "xwqq" },
    { .name = "DequantizeLinear", .roles = "xq" },
    { .name = "InstanceNormalization", .roles = "xgh" },
    { .name = "MatMulInteger", .roles = "wwqq" },
    { .name = "QLinearConv", .roles = "xqqwqqqqb" },
    { .name = "QLinearMatMul", .roles = "wqqwqq" },
    { .name = "QuantizeLinear", .roles = "xq" },
};

/* The row of `n`, or what stands in for the letters of one; NULL when nothing is known. */
static const ofz_op *node_roles(const ofz_node *n)
{
    const ofz_op *op = node_row(n);

    for (size_t i = 0; !op && i < sizeof rowless / sizeof rowless[0]; i++)
        if (node_is(n, rowless[i].name)) op = &rowless[i];
    return op;
}

/* Four levels of nodes with a thousand inputs each are more paths than anyone can walk. */
static bool derived_within(const ofz_value *v, int depth, int *steps)
{
    const ofz_node *n = v->producer;

    if (v->constant) return true;
    if (v->is_input || !n || !n->in_count || depth == 0 || --*steps < 0) return false;
    for (size_t i = 0; i < n->in_count; i++)
        if (n->in[i] && !derived_within(n->in[i], depth - 1, steps)) return false;
    return true;
}

/* A constant, or computed from constants alone. */
static bool constant_derived(const ofz_value *v)
{
    int steps = WALK_EDGES;

    return derived_within(v, CONSTANT_DEPTH, &steps);
}

static bool others_constant(const ofz_node *n, int index)
{
    for (size_t i = 0; i < n->in_count; i++)
        if ((int)i != index && n->in[i] && !constant_derived(n->in[i])) return false;
    return true;
}

/* Retyping is not moving as the rows mean it, so these three are told by name. */
static bool node_retypes(const ofz_node *n)
{
    return node_is(n, "Cast") || node_is(n, "CastLike") || node_is(n, "DequantizeLinear") ||
           node_is(n, "QuantizeLinear");
}

/* Is the constant at `index` the one whose shape the result has? Of W * s, W is followed and s is a
 * factor. */
static bool widest(const ofz_node *n, int index)
{
    const ofz_tensor *own = n->in[index]->constant;

    for (size_t i = 0; own && i < n->in_count; i++)
        if (n->in[i] && n->in[i]->constant && n->in[i]->constant->count > own->count) return false;
    return true;
}

/* Pieces of a shape are joined to computed ones and stay pieces of a shape. */
static bool value_integer(const ofz_value *v)
{
    const ofz_dtype_class c = ofz_dtype_get(v->constant ? v->constant->dtype : v->type.dtype)->cls;

    return c == OFZ_CLASS_INT || c == OFZ_CLASS_UINT;
}

/* Does what comes in at `index` come out again, element by element? */
static bool looks_through(const ofz_node *n, const ofz_op *op, int index)
{
    if (index == 0 && node_retypes(n)) return true;
    if (!op || ofz_op_role(op, (size_t)index) == OFZ_ROLE_SHAPE) return false;
    if (op->flags & (OFZ_OP_MOVE | OFZ_OP_VIEW)) {
        if (node_is(n, "Concat")) return value_integer(n->in[index]) || others_constant(n, index);
        if (node_is(n, "Gather") && (n->in_count < 2 || !n->in[1] || !constant_derived(n->in[1])))
            return false;
        return index == 0;
    }
    return (op->flags & OFZ_OP_ELEM) && widest(n, index) && others_constant(n, index);
}

typedef struct walk {
    ofz_reader_fn *fn;
    void          *user;
    int            edges;
} walk;

static bool walk_value(walk *w, const ofz_value *v, int depth)
{
    for (size_t i = 0; i < v->use_count; i++) {
        const ofz_node *n     = v->use[i].node;
        const int       index = v->use[i].index;
        bool            through;

        if (index < 0) continue; /* the inner node is a reader of its own */
        if (w->edges-- <= 0) return false;
        through = depth > 0 && looks_through(n, node_roles(n), index);
        if (!w->fn(w->user, n, index, through)) return false;
        for (size_t k = 0; through && k < n->out_count; k++)
            if (n->out[k] && !walk_value(w, n->out[k], depth - 1)) return false;
    }
    return true;
}

void ofz_value_readers(const ofz_value *v, ofz_reader_fn *fn, void *user)
{
    walk w = { fn, user, WALK_EDGES };

    walk_value(&w, v->flat ? v->flat : v, WALK_DEPTH);
}

/* --- what the elements say -------------------------------------------------------------------- */

/* Payloads of mapped files are not aligned for their type. */
static double elem_at(const ofz_tensor *t, int64_t index)
{
    const size_t size = (size_t)ofz_dtype_get(t->dtype)->bits / 8;
    double       slot[2];

    if (size <= 1 || size > sizeof slot) return ofz_elem_f64(t->dtype, t->data, index);
    memcpy(slot, (const char *)t->data + (size_t)index * size, size);
    return ofz_elem_f64(t->dtype, slot, 0);
}

/* Masks hide with a large negative number or minus infinity. */
static bool data_hides(const ofz_tensor *t)
{
    if (!ofz_dtype_is_float(t->dtype) || !t->data || t->count > SCAN_COUNT) return false;
    for (int64_t i = 0; i < t->count; i++)
        if (elem_at(t, i) <= -1e4) return true;
    return false;
}

/* Zeros and ones, and some of both. */
static bool data_selects(const ofz_tensor *t)
{
    int64_t ones = 0;

    if (t->rank < 2 || !t->data || t->count > SCAN_COUNT) return false;
    for (int64_t i = 0; i < t->count; i++) {
        const double x = elem_at(t, i);

        if (x != 0 && x != 1) return false;
        ones += x == 1;
    }
    return ones > 0 && ones < t->count;
}

static bool data_zero(const ofz_tensor *t)
{
    if (!t->data || t->count > SCAN_COUNT) return false;
    for (int64_t i = 0; i < t->count; i++)
        if (elem_at(t, i) != 0) return false;
    return true;
}

/* --- what a leaf says ------------------------------------------------------------------------- */

/* The node that made `v`, before anything that only moved or retyped it. */
static const ofz_node *value_source(const ofz_value *v)
{
    for (int depth = 0; depth < WALK_DEPTH; depth++) {
        const ofz_node *n = v->producer;
        const ofz_op   *op;

        if (!n) return NULL;
        op = node_roles(n);
        if (!node_retypes(n) && !(op && op->flags & (OFZ_OP_MOVE | OFZ_OP_VIEW))) return n;
        if (!n->in_count || !n->in[0]) return n;
        v = n->in[0];
    }
    return NULL;
}

/* The constant that `v` is, or was before it was moved or retyped; NULL. */
static const ofz_tensor *constant_behind(const ofz_value *v)
{
    for (int depth = 0; v && depth < WALK_DEPTH; depth++) {
        const ofz_node *n = v->producer;
        const ofz_op   *op;

        if (v->constant) return v->constant;
        op = n ? node_roles(n) : NULL;
        if (!op || (!node_retypes(n) && !(op->flags & (OFZ_OP_MOVE | OFZ_OP_VIEW)))) return NULL;
        v = n->in_count ? n->in[0] : NULL;
    }
    return NULL;
}

static bool row_has(const ofz_op *op, char role)
{
    return op && op->roles && strchr(op->roles, role);
}

/* Does `n` normalise: a node of that kind, or a product with a constant that is no scalar. */
static bool node_normalises(const ofz_node *n)
{
    const ofz_op *op = n ? node_roles(n) : NULL;

    if (!op) return false;
    if (!node_is(n, "Mul")) return row_has(op, 'g');
    for (size_t i = 0; i < n->in_count; i++) {
        const ofz_tensor *t = constant_behind(n->in[i]);

        if (t && t->count > 1 && !data_selects(t)) return true;
    }
    return false;
}

static const ofz_node *other_source(const ofz_node *n, int index)
{
    for (size_t i = 0; i < n->in_count; i++)
        if ((int)i != index && n->in[i]) return value_source(n->in[i]);
    return NULL;
}

/* An integer product turned back into floats: what is multiplied or added then is a scale. */
static bool source_quantised(const ofz_node *source)
{
    const ofz_op *op = source ? node_roles(source) : NULL;

    return op && (node_is(source, "MatMulInteger") || node_is(source, "ConvInteger"));
}

/* A matrix product with one column: what is added to it is a bias although it has one element. */
static bool source_narrow(const ofz_node *source)
{
    const ofz_op *op = source ? node_roles(source) : NULL;

    if (!op) return false;
    for (size_t i = 0; i < source->in_count; i++) {
        const ofz_tensor *w = constant_behind(source->in[i]);

        if (w && w->rank == 2 && ofz_op_role(op, i) == OFZ_ROLE_WEIGHT)
            return w->dim[0] == 1 || w->dim[1] == 1;
    }
    return false;
}

static ofz_role added_role(const ofz_tensor *t, const ofz_node *n, int index)
{
    const ofz_node *source = other_source(n, index);

    if (t->count == 1) return t->rank > 0 && source_narrow(source) ? OFZ_ROLE_BIAS : OFZ_ROLE_OTHER;
    if (data_hides(t)) return OFZ_ROLE_MASK;
    return node_normalises(source) ? OFZ_ROLE_NORM_SHIFT : OFZ_ROLE_BIAS;
}

static ofz_role multiplied_role(const ofz_tensor *t, const ofz_node *n, int index)
{
    if (source_quantised(other_source(n, index))) return OFZ_ROLE_QUANTISATION;
    if (t->count == 1) return OFZ_ROLE_OTHER;
    return data_selects(t) ? OFZ_ROLE_MASK : OFZ_ROLE_NORM_SCALE;
}

/* A product with a constant on both sides of a branch: rotary frequencies times positions, whose only
 * readers are sines and cosines, are arithmetic and no weight. */
static bool feeds_trigonometry(const ofz_value *v, int depth, int *steps)
{
    if (!v->use_count || depth == 0 || --*steps < 0) return false;
    for (size_t i = 0; i < v->use_count; i++) {
        const ofz_node *n  = v->use[i].node;
        const ofz_op   *op = node_roles(n);

        if (node_is(n, "Sin") || node_is(n, "Cos")) continue;
        if (!op || !(op->flags & (OFZ_OP_MOVE | OFZ_OP_VIEW)) || !n->out_count || !n->out[0] ||
            !feeds_trigonometry(n->out[0], depth - 1, steps))
            return false;
    }
    return true;
}

/* How a leaf without a row letter uses a float: as the branch of a Where, or joined to others. */
static ofz_role plain_role(const ofz_tensor *t, const ofz_node *n)
{
    if (node_is(n, "Where")) return data_hides(t) ? OFZ_ROLE_MASK : OFZ_ROLE_OTHER;
    if (node_is(n, "Concat") && t->rank >= 3 && t->count > 1 && !data_zero(t))
        return OFZ_ROLE_EMBEDDING;
    return OFZ_ROLE_OTHER;
}

static ofz_role float_role(const ofz_tensor *t, const ofz_node *n, int index)
{
    int            steps = WALK_EDGES;
    const ofz_op  *op    = node_roles(n);
    const ofz_role role  = op ? ofz_op_role(op, (size_t)index) : OFZ_ROLE_OTHER;

    if (!op) {
        for (size_t i = 0; i < n->attr_count; i++)
            if (n->attr[i].type == OFZ_ATTR_GRAPH)
                return OFZ_ROLE_OTHER; /* first state of a loop */
        return t->rank >= 2 && t->count > 1 ? OFZ_ROLE_WEIGHT : OFZ_ROLE_OTHER;
    }
    if (role == OFZ_ROLE_QUANTISATION || role == OFZ_ROLE_SHAPE || role == OFZ_ROLE_MASK)
        return role;
    if (node_is(n, "Add") || node_is(n, "Sum")) return added_role(t, n, index);
    if (node_is(n, "Mul")) return multiplied_role(t, n, index);
    if (role == OFZ_ROLE_OTHER) return plain_role(t, n);
    if (t->rank == 0) return OFZ_ROLE_OTHER;
    if (role == OFZ_ROLE_EMBEDDING && t->rank < 2) return OFZ_ROLE_OTHER;
    if (role == OFZ_ROLE_WEIGHT && n->out_count && n->out[0] &&
        feeds_trigonometry(n->out[0], CONSTANT_DEPTH, &steps))
        return OFZ_ROLE_OTHER;
    return role;
}

/* Integers of 8 bits and fewer may be weights, wider ones only behind a DequantizeLinear. */
static ofz_role integer_role(const ofz_tensor *t, const ofz_node *n, int index, bool dequantised)
{
    const ofz_op  *op   = node_roles(n);
    const ofz_role role = op ? ofz_op_role(op, (size_t)index) : OFZ_ROLE_OTHER;
    const bool     wide = ofz_dtype_get(t->dtype)->bits > 8;

    if (role == OFZ_ROLE_QUANTISATION || role == OFZ_ROLE_SHAPE) return role;
    if (t->dtype == OFZ_BOOL) return t->count > 1 ? OFZ_ROLE_MASK : OFZ_ROLE_OTHER;
    if (dequantised) {
        if (node_is(n, "Add")) return OFZ_ROLE_BIAS;
        return role == OFZ_ROLE_WEIGHT || role == OFZ_ROLE_BIAS || role == OFZ_ROLE_EMBEDDING
                   ? role
                   : OFZ_ROLE_OTHER;
    }
    if (role == OFZ_ROLE_BIAS && row_has(op, 'q')) return role; /* int32, of a quantised layer */
    return role == OFZ_ROLE_WEIGHT && !wide ? role : OFZ_ROLE_OTHER;
}

typedef struct judge {
    const ofz_tensor *t;
    ofz_role          role;
    bool              dequantised;
} judge;

static size_t rank_of(ofz_role role)
{
    size_t i = 0;

    while (precedence[i] != role) i++;
    return i;
}

static bool judge_reader(void *user, const ofz_node *n, int index, bool through)
{
    judge   *j = user;
    ofz_role role;

    if (through) {
        if (node_is(n, "DequantizeLinear")) j->dequantised = true;
        return true;
    }
    if (ofz_dtype_is_float(j->t->dtype))
        role = float_role(j->t, n, index);
    else
        role = integer_role(j->t, n, index, j->dequantised);
    if (rank_of(role) < rank_of(j->role)) j->role = role;
    return true;
}

ofz_role ofz_value_role(const ofz_value *v)
{
    judge j = { v->constant, OFZ_ROLE_OTHER, false };

    if (!v->constant) return OFZ_ROLE_OTHER;
    ofz_value_readers(v, judge_reader, &j);
    return j.role;
}

/* --- what trains ------------------------------------------------------------------------------ */

bool ofz_value_trainable(const ofz_value *v)
{
    if (!v->constant || v->sparse) return false;
    switch (v->constant->dtype) {
    case OFZ_F64:
    case OFZ_F32:
    case OFZ_F16:
    case OFZ_BF16:
        return true;
    default:
        return false;
    }
}

bool ofz_value_trains_by_default(const ofz_value *v)
{
    if (!v->initializer || !ofz_value_trainable(v)) return false;
    switch (ofz_value_role(v)) {
    case OFZ_ROLE_WEIGHT:
    case OFZ_ROLE_BIAS:
    case OFZ_ROLE_NORM_SCALE:
    case OFZ_ROLE_NORM_SHIFT:
    case OFZ_ROLE_EMBEDDING:
        return true;
    default:
        return false;
    }
}

bool ofz_model_marked(const ofz_model *m)
{
    for (size_t i = 0; i < m->tensor.count; i++)
        if (((const ofz_value *)m->tensor.item[i])->mark != OFZ_MARK_NONE) return true;
    return false;
}

bool ofz_value_trains(const ofz_value *v, bool marked)
{
    return marked ? v->mark == OFZ_MARK_TRAINABLE : ofz_value_trains_by_default(v);
}

/* The model's own value where `v` is one of its flat graph; NULL for one of a function's body, which
 * does not train. */
static const ofz_value *in_model(const ofz_value *v)
{
    if (!v->source) return v;
    return v->source->flat == v ? v->source : NULL;
}

bool ofz_value_moves(const ofz_value *v, bool marked)
{
    const ofz_value *read = v->flat ? v->flat : v;

    if (v->mark != OFZ_MARK_NONE || !v->constant || ofz_value_role(v) != OFZ_ROLE_NORM_STATISTIC)
        return false;
    for (size_t u = 0; u < read->use_count; u++) {
        const ofz_node *n = read->use[u].node;

        for (size_t i = 0; read->use[u].index >= 0 && i < n->in_count; i++) {
            const ofz_value *in = n->in[i] ? in_model(n->in[i]) : NULL;

            if (in && in->constant && ofz_value_trains(in, marked)) return true;
        }
    }
    return false;
}

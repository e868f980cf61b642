/* registry.c - the families, joined; lookup; attribute parsing; and the table's own checks. */
#include <stdlib.h>
#include <string.h>

#include "ops/op.h"

#define FAMILY(f) extern const ofz_op_table ofz_ops_##f;
#include "ops/families.def"
#undef FAMILY

static const ofz_op_table *const family[] = {
#define FAMILY(f) &ofz_ops_##f,
#include "ops/families.def"
#undef FAMILY
};

#define FAMILY_COUNT (sizeof family / sizeof family[0])

const ofz_op *ofz_op_at(size_t index)
{
    for (size_t f = 0; f < FAMILY_COUNT; f++)
        for (const ofz_op *op = family[f]->row; op->name; op++)
            if (!index--) return op;
    return NULL;
}

static const char *op_domain(const ofz_op *op)
{
    return op->domain ? op->domain : "";
}

static const ofz_op *op_newest(const char *domain, const char *op_type, int64_t opset)
{
    for (size_t f = 0; f < FAMILY_COUNT; f++) {
        const ofz_op *best = NULL;

        for (const ofz_op *op = family[f]->row; op->name; op++)
            if (op->since <= opset && !strcmp(op->name, op_type) &&
                !strcmp(op_domain(op), domain) && (!best || op->since > best->since))
                best = op;
        if (best) return best;
    }
    return NULL;
}

bool ofz_op_signature(const ofz_op *op, const ofz_node *node, ofz_signature *out)
{
    const ofz_schema *s = ofz_schema_find(op_domain(op), op->name, op->since);

    *out = (ofz_signature){ 0 };
    return s && !node->derived && ofz_signature_read(s, out);
}

const ofz_op *ofz_op_find(const char *domain, const char *op_type, int64_t opset)
{
    const ofz_op *op = op_newest(domain, op_type, opset);

    return op && !op->instead ? op : NULL;
}

const ofz_op *ofz_op_withdrawn(const char *domain, const char *op_type, int64_t opset)
{
    const ofz_op *op = op_newest(domain, op_type, opset);

    return op && op->instead ? op : NULL;
}

const char *ofz_op_limit(const ofz_op *op)
{
    static const struct {
        const char *domain, *name;
        int         from;
        const char *text;
    } limits[] = {
#define LIMIT(domain, name, from, text) { domain, name, from, text },
#include "ops/limits.def"
#undef LIMIT
    };

    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        if (op->since >= limits[i].from && !strcmp(limits[i].name, op->name) &&
            !strcmp(limits[i].domain, op_domain(op)))
            return limits[i].text;
    return NULL;
}

ofz_role ofz_op_role(const ofz_op *op, size_t index)
{
    const char *roles = op->roles ? op->roles : "x";
    size_t      last  = strlen(roles) - 1;

    switch (roles[index < last ? index : last]) {
    case 'w':
        return OFZ_ROLE_WEIGHT;
    case 'b':
        return OFZ_ROLE_BIAS;
    case 'g':
        return OFZ_ROLE_NORM_SCALE;
    case 'h':
        return OFZ_ROLE_NORM_SHIFT;
    case 's':
        return OFZ_ROLE_NORM_STATISTIC;
    case 'e':
        return OFZ_ROLE_EMBEDDING;
    case 'i':
        return OFZ_ROLE_SHAPE;
    case 'q':
        return OFZ_ROLE_QUANTISATION;
    case 'm':
        return OFZ_ROLE_MASK;
    default:
        return OFZ_ROLE_OTHER;
    }
}

/* --- attributes ------------------------------------------------------------------------------- */

static const char *attr_type_name(ofz_attr_type type)
{
    static const char *const name[] = { "none",           "float",   "int",    "string",
                                        "tensor",         "graph",   "floats", "ints",
                                        "strings",        "tensors", "graphs", "sparse tensor",
                                        "sparse tensors", "type",    "types" };

    return (size_t)type < sizeof name / sizeof name[0] ? name[type] : "unknown";
}

static const ofz_attr_def *attr_def(const ofz_op *op, const char *name)
{
    for (const ofz_attr_def *d = op->attr; d && d->name; d++)
        if (!strcmp(d->name, name)) return d;
    return NULL;
}

static void attr_default(const ofz_attr_def *d, char *field)
{
    const ofz_string text = { d->s, d->s ? strlen(d->s) : 0 };

    switch (d->type) {
    case OFZ_ATTR_FLOAT:
        memcpy(field, &d->f, sizeof d->f);
        break;
    case OFZ_ATTR_INT:
        memcpy(field, &d->i, sizeof d->i);
        break;
    case OFZ_ATTR_STRING:
        memcpy(field, &text, sizeof text);
        break;
    default:
        break; /* the struct was zeroed: empty lists, no tensor, no graph */
    }
}

static void attr_store(const ofz_attr *a, char *field)
{
    switch (a->type) {
    case OFZ_ATTR_FLOAT:
        memcpy(field, &a->u.f, sizeof a->u.f);
        break;
    case OFZ_ATTR_INT:
        memcpy(field, &a->u.i, sizeof a->u.i);
        break;
    case OFZ_ATTR_STRING:
        memcpy(field, &a->u.s, sizeof a->u.s);
        break;
    case OFZ_ATTR_TENSOR:
        memcpy(field, &a->u.t, sizeof a->u.t);
        break;
    case OFZ_ATTR_GRAPH:
        memcpy(field, &a->u.g, sizeof a->u.g);
        break;
    case OFZ_ATTR_FLOATS:
        memcpy(field, &a->u.floats, sizeof a->u.floats);
        break;
    case OFZ_ATTR_INTS:
        memcpy(field, &a->u.ints, sizeof a->u.ints);
        break;
    case OFZ_ATTR_STRINGS:
        memcpy(field, &a->u.strings, sizeof a->u.strings);
        break;
    default:
        break;
    }
}

/* An input that the count asks for has no name: fine when it is an optional one before others. */
static ofz_status input_missing(ofz_ctx *ctx, const ofz_op *op, const ofz_node *n, size_t index)
{
    ofz_signature     s;
    const ofz_formal *f = ofz_op_signature(op, n, &s) ? ofz_signature_in(&s, index) : NULL;

    if (!f) return ofz_fail(ctx, OFZ_E_MODEL, "input %zu: missing", index);
    if (f->optional) return OFZ_OK;
    return ofz_fail(ctx, OFZ_E_MODEL, "input %zu (%.*s): missing", index, f->name_size, f->name);
}

/* Trailing omitted inputs may be dropped or written as ""; only the required ones must be there. */
static ofz_status check_arity(ofz_ctx *ctx, const ofz_op *op, const ofz_node *n)
{
    if (n->in_count < op->in.min || (op->in.max != OFZ_VARIADIC && n->in_count > op->in.max))
        return ofz_fail(ctx, OFZ_E_MODEL, "inputs: %zu, want %u to %u", n->in_count, op->in.min,
                        op->in.max);
    if (n->out_count < op->out.min || (op->out.max != OFZ_VARIADIC && n->out_count > op->out.max))
        return ofz_fail(ctx, OFZ_E_MODEL, "outputs: %zu, want %u to %u", n->out_count, op->out.min,
                        op->out.max);
    for (size_t i = 0; i < op->in.min; i++)
        if (!n->in[i]) OFZ_TRY(input_missing(ctx, op, n, i));
    return OFZ_OK;
}

ofz_status ofz_op_parse(ofz_ctx *ctx, const ofz_op *op, const ofz_node *node, void *dst)
{
    char *base = dst;

    if (op->attr_size) memset(dst, 0, op->attr_size);
    OFZ_TRY(check_arity(ctx, op, node));
    for (const ofz_attr_def *d = op->attr; d && d->name; d++) {
        if (d->offset != OFZ_ATTR_IGNORED) attr_default(d, base + d->offset);
        if (d->required && !ofz_node_attr(node, d->name))
            return ofz_fail(ctx, OFZ_E_MODEL, "attribute %s: missing", d->name);
    }
    for (size_t i = 0; i < node->attr_count; i++) {
        const ofz_attr     *a = &node->attr[i];
        const ofz_attr_def *d = attr_def(op, a->name);

        if (a->ref)
            return ofz_fail(ctx, OFZ_E_UNSUPPORTED,
                            "attribute %s: refers to '%s' outside a function", a->name, a->ref);
        if (!d)
            return ofz_fail(ctx, OFZ_E_MODEL, "attribute %s: not defined by %s-%d", a->name,
                            op->name, op->since);
        if (d->type != a->type)
            return ofz_fail(ctx, OFZ_E_MODEL, "attribute %s: %s, want %s", a->name,
                            attr_type_name(a->type), attr_type_name(d->type));
        if (d->offset != OFZ_ATTR_IGNORED) attr_store(a, base + d->offset);
    }
    return OFZ_OK;
}

/* --- the table's own checks ------------------------------------------------------------------- */

static size_t attr_size_of(ofz_attr_type type)
{
    switch (type) {
    case OFZ_ATTR_FLOAT:
        return sizeof(float);
    case OFZ_ATTR_INT:
        return sizeof(int64_t);
    case OFZ_ATTR_STRING:
        return sizeof(ofz_string);
    case OFZ_ATTR_TENSOR:
    case OFZ_ATTR_GRAPH:
        return sizeof(void *);
    case OFZ_ATTR_FLOATS:
    case OFZ_ATTR_INTS:
    case OFZ_ATTR_STRINGS:
        return sizeof(ofz_ints);
    default:
        return 0;
    }
}

static ofz_status lint_row(ofz_ctx *ctx, const ofz_op *op, const ofz_op *prev)
{
    int c = prev ? strcmp(op_domain(prev), op_domain(op)) : -1;

    if (c == 0) c = strcmp(prev->name, op->name);
    if (c > 0 || (c == 0 && prev->since >= op->since))
        return ofz_fail(ctx, OFZ_E_ARG, "%s-%d: out of order", op->name, op->since);
    if (op->instead && (op->infer || op->eval || op->grad))
        return ofz_fail(ctx, OFZ_E_ARG, "%s-%d: withdrawn and yet alive", op->name, op->since);
    if (op->instead) return OFZ_OK;
    if (!op->infer) return ofz_fail(ctx, OFZ_E_ARG, "%s-%d: infer missing", op->name, op->since);
    if (op->in.min > op->in.max || op->out.min > op->out.max)
        return ofz_fail(ctx, OFZ_E_ARG, "%s-%d: arity", op->name, op->since);
    if (op->attr_size > OFZ_ATTR_ROOM)
        return ofz_fail(ctx, OFZ_E_ARG, "%s-%d: attributes of %zu bytes", op->name, op->since,
                        op->attr_size);
    if (op->roles && strspn(op->roles, "xwbghseiqm") != strlen(op->roles))
        return ofz_fail(ctx, OFZ_E_ARG, "%s-%d: roles '%s'", op->name, op->since, op->roles);
    for (const ofz_attr_def *d = op->attr; d && d->name; d++)
        if (d->offset != OFZ_ATTR_IGNORED &&
            (!attr_size_of(d->type) || d->offset + attr_size_of(d->type) > op->attr_size))
            return ofz_fail(ctx, OFZ_E_ARG, "%s-%d: attribute %s lies outside its struct", op->name,
                            op->since, d->name);
    return OFZ_OK;
}

/* Schemas in the order that looking up relies on, all of them readable. */
static ofz_status lint_schemas(ofz_ctx *ctx)
{
    const ofz_schema *s, *prev = NULL;
    ofz_signature     signature;

    for (size_t i = 0; (s = ofz_schema_at(i)); prev = s, i++) {
        int c = prev ? strcmp(prev->domain, s->domain) : -1;

        if (!c) c = strcmp(prev->name, s->name);
        if (c > 0 || (!c && prev->since >= s->since))
            return ofz_fail(ctx, OFZ_E_ARG, "schema %s-%d: out of order", s->name, s->since);
        if (!ofz_signature_read(s, &signature))
            return ofz_fail(ctx, OFZ_E_ARG, "schema %s-%d: malformed", s->name, s->since);
    }
    return OFZ_OK;
}

ofz_status ofz_ops_lint(ofz_ctx *ctx)
{
    OFZ_TRY(lint_schemas(ctx));
    for (size_t f = 0; f < FAMILY_COUNT; f++)
        for (const ofz_op *op = family[f]->row; op->name; op++) {
            OFZ_TRY(lint_row(ctx, op, op == family[f]->row ? NULL : op - 1));
            for (size_t g = 0; g < f; g++)
                for (const ofz_op *o = family[g]->row; o->name; o++)
                    if (!strcmp(o->name, op->name) && !strcmp(op_domain(o), op_domain(op)))
                        return ofz_fail(ctx, OFZ_E_ARG, "%s: in two families", op->name);
        }
    return OFZ_OK;
}

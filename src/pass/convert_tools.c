/* convert_tools.c - what conversion rules are written with; see convert_rule.h. */
#include <string.h>

#include "pass/convert_rule.h"
#include "pass/edit_names.h"
#include "pass/form.h"

/* --- looking ---------------------------------------------------------------------------------- */

int64_t ofz_cv_int(const ofz_node *n, const char *name, int64_t other)
{
    const ofz_attr *a = ofz_node_attr(n, name);

    return a && a->type == OFZ_ATTR_INT ? a->u.i : other;
}

float ofz_cv_float(const ofz_node *n, const char *name, float other)
{
    const ofz_attr *a = ofz_node_attr(n, name);

    return a && a->type == OFZ_ATTR_FLOAT ? a->u.f : other;
}

bool ofz_cv_text_is(const ofz_node *n, const char *name, const char *text, bool absent)
{
    const ofz_attr *a = ofz_node_attr(n, name);

    if (!a || a->type != OFZ_ATTR_STRING) return absent;
    return a->u.s.size == strlen(text) && !memcmp(a->u.s.text, text, a->u.s.size);
}

ofz_value *ofz_cv_in(const ofz_node *n, size_t index)
{
    return index < n->in_count ? n->in[index] : NULL;
}

bool ofz_cv_out_read(const ofz_node *n, size_t index)
{
    const ofz_value *v = index < n->out_count ? n->out[index] : NULL;

    return v && (v->use_count || v->is_output);
}

ofz_status ofz_cv_rank(ofz_conversion *c, const ofz_node *n, size_t index, int *out)
{
    const ofz_value *v = ofz_cv_in(n, index);

    if (!v || v->type.rank < 0)
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "input %zu: its rank is unknown", index);
    *out = v->type.rank;
    return OFZ_OK;
}

ofz_status ofz_cv_dtype(ofz_conversion *c, const ofz_node *n, ofz_dtype *out)
{
    const ofz_value *v = ofz_cv_in(n, 0);

    if (!v || !v->type.dtype)
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "input 0: its element type is unknown");
    *out = v->type.dtype;
    return OFZ_OK;
}

static ofz_status const_in(ofz_conversion *c, const ofz_node *n, size_t index, const char *name,
                           const ofz_tensor **out)
{
    const ofz_value *v = ofz_value_origin(ofz_cv_in(n, index));

    if (!v || !v->constant)
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "input %zu (%s): %s, want a constant", index,
                        name, v ? "computed" : "missing");
    *out = v->constant;
    return OFZ_OK;
}

ofz_status ofz_cv_const_ints(ofz_conversion *c, const ofz_node *n, size_t index, const char *name,
                             ofz_ints *out)
{
    const ofz_tensor *t;
    int64_t          *x;

    OFZ_TRY(const_in(c, n, index, name, &t));
    if (t->dtype != OFZ_I64 && t->dtype != OFZ_I32)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input %zu (%s): %s, want int64", index, name,
                        ofz_dtype_name(t->dtype));
    x = OFZ_NEWS(n->graph->arena, int64_t, (size_t)t->count);
    if (!x) return ofz_fail_nomem(c->ctx, name, (size_t)t->count * sizeof *x);
    for (int64_t i = 0; i < t->count; i++) x[i] = ofz_elem_i64(t->dtype, t->data, i);
    *out = (ofz_ints){ x, (size_t)t->count };
    return OFZ_OK;
}

ofz_status ofz_cv_const_number(ofz_conversion *c, const ofz_node *n, size_t index, const char *name,
                               double *out)
{
    const ofz_tensor *t;

    OFZ_TRY(const_in(c, n, index, name, &t));
    if (t->count != 1 || t->dtype == OFZ_STRING)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input %zu (%s): %" PRId64 " elements, want 1", index,
                        name, t->count);
    *out = ofz_elem_f64(t->dtype, t->data, 0);
    return OFZ_OK;
}

/* --- attributes and inputs -------------------------------------------------------------------- */

ofz_status ofz_cv_set_int(ofz_conversion *c, ofz_node *n, const char *name, int64_t x)
{
    return ofz_node_set_attr(c->ctx, n,
                             &(ofz_attr){ .name = name, .type = OFZ_ATTR_INT, .u.i = x });
}

ofz_status ofz_cv_set_float(ofz_conversion *c, ofz_node *n, const char *name, float x)
{
    return ofz_node_set_attr(c->ctx, n,
                             &(ofz_attr){ .name = name, .type = OFZ_ATTR_FLOAT, .u.f = x });
}

ofz_status ofz_cv_set_text(ofz_conversion *c, ofz_node *n, const char *name, const char *text)
{
    return ofz_node_set_attr(
        c->ctx, n,
        &(ofz_attr){ .name = name, .type = OFZ_ATTR_STRING, .u.s = { text, strlen(text) } });
}

ofz_status ofz_cv_set_ints(ofz_conversion *c, ofz_node *n, const char *name, ofz_ints x)
{
    return ofz_node_set_attr(c->ctx, n,
                             &(ofz_attr){ .name = name, .type = OFZ_ATTR_INTS, .u.ints = x });
}

ofz_status ofz_cv_set_in(ofz_conversion *c, ofz_node *n, size_t index, ofz_value *v)
{
    ofz_value **bigger;

    if (index >= n->in_count) {
        bigger = OFZ_NEWS(n->graph->arena, ofz_value *, index + 1);
        if (!bigger) return ofz_fail_nomem(c->ctx, "inputs", (index + 1) * sizeof *bigger);
        if (n->in_count) memcpy(bigger, n->in, n->in_count * sizeof *bigger);
        n->in       = bigger;
        n->in_count = index + 1;
    }
    return ofz_node_set_input(c->ctx, n, index, v);
}

ofz_status ofz_cv_cut_in(ofz_conversion *c, ofz_node *n, size_t count)
{
    for (size_t i = count; i < n->in_count; i++) OFZ_TRY(ofz_node_set_input(c->ctx, n, i, NULL));
    if (n->in_count > count) n->in_count = count;
    while (n->in_count && !n->in[n->in_count - 1]) n->in_count--;
    n->changed        = true;
    n->graph->changed = true;
    return OFZ_OK;
}

void ofz_cv_cut_out(ofz_node *n, size_t count)
{
    for (size_t i = count; i < n->out_count; i++)
        if (n->out[i]) ofz_node_set_output(n, i, NULL);
    if (n->out_count <= count) return;
    n->out_count      = count;
    n->changed        = true;
    n->graph->changed = true;
}

/* --- new things ------------------------------------------------------------------------------- */

/* "y_axes", or what is free, for something beside the node that makes y. */
static ofz_status name_make(ofz_conversion *c, const ofz_node *n, const char *what,
                            const char **out)
{
    const char *base = n->name[0] ? n->name : n->op_type;

    for (size_t i = 0; i < n->out_count; i++)
        if (n->out[i]) {
            base = n->out[i]->name;
            break;
        }
    base = ofz_arena_printf(n->graph->arena, "%s_%s", base, what);
    if (!base) return ofz_fail_nomem(c->ctx, "name", strlen(what));
    return ofz_name_fresh(c->ctx, n->graph, base, out);
}

static ofz_status constant_make(ofz_conversion *c, const ofz_node *n, const char *what,
                                ofz_tensor *t, ofz_value **out)
{
    const char *name = NULL;
    ofz_status  st   = name_make(c, n, what, &name);

    if (!st) st = ofz_constant_new(c->ctx, n->graph, name, t, out);
    if (st) {
        ofz_tensor_release(t);
        return st;
    }
    (*out)->initializer = true;
    n->graph->changed   = true;
    return OFZ_OK;
}

ofz_status ofz_cv_ints(ofz_conversion *c, const ofz_node *n, const char *what, const int64_t *x,
                       size_t count, bool scalar, ofz_value **out)
{
    const int64_t dim = (int64_t)count;
    ofz_tensor    t;

    OFZ_TRY(ofz_tensor_new(c->ctx, &t, OFZ_I64, scalar ? 0 : 1, &dim));
    if (count) memcpy(t.data, x, count * sizeof *x);
    return constant_make(c, n, what, &t, out);
}

ofz_status ofz_cv_number(ofz_conversion *c, const ofz_node *n, const char *what, ofz_dtype dtype,
                         double x, ofz_value **out)
{
    ofz_tensor t;

    OFZ_TRY(ofz_tensor_new(c->ctx, &t, dtype, 0, NULL));
    ofz_elem_set_f64(dtype, t.data, 0, x);
    return constant_make(c, n, what, &t, out);
}

ofz_status ofz_cv_emit(ofz_conversion *c, const ofz_node *n, const char *op_type, size_t in_count,
                       ofz_value *const *in, const ofz_attr *attr, size_t attr_count,
                       ofz_value **out)
{
    ofz_node_spec spec = { .op_type    = op_type,
                           .opset      = c->to,
                           .in_count   = in_count,
                           .out_count  = 1,
                           .attr_count = attr_count,
                           .in         = in,
                           .out        = out,
                           .attr       = attr };
    ofz_node     *made;

    if (!*out) {
        const char *name;

        OFZ_TRY(name_make(c, n, op_type, &name));
        OFZ_TRY(ofz_value_new(c->ctx, n->graph, name, out));
    }
    c->grew = true;
    OFZ_TRY(ofz_node_add(c->ctx, n->graph, &spec, &made));
    for (size_t i = 0; i < in_count; i++) { /* of a scope around: that scope's node reads it too */
        if (!in[i] || in[i]->graph == n->graph) continue;
        ofz_value_unread(in[i], made, (int)i);
        OFZ_TRY(ofz_value_read(c->ctx, in[i], made, (int)i));
    }
    return OFZ_OK;
}

ofz_status ofz_cv_unary(ofz_conversion *c, const ofz_node *n, const char *op_type, ofz_value *x,
                        ofz_value **out)
{
    return ofz_cv_emit(c, n, op_type, 1, &x, NULL, 0, out);
}

ofz_status ofz_cv_binary(ofz_conversion *c, const ofz_node *n, const char *op_type, ofz_value *a,
                         ofz_value *b, ofz_value **out)
{
    return ofz_cv_emit(c, n, op_type, 2, (ofz_value *[]){ a, b }, NULL, 0, out);
}

ofz_status ofz_cv_cast(ofz_conversion *c, const ofz_node *n, ofz_value *x, ofz_dtype to,
                       ofz_value **out)
{
    const ofz_attr attr = { .name = "to", .type = OFZ_ATTR_INT, .u.i = to };

    return ofz_cv_emit(c, n, "Cast", 1, &x, &attr, 1, out);
}

ofz_status ofz_cv_finish(ofz_conversion *c, ofz_node *n, const char *op_type, size_t in_count,
                         ofz_value *const *in, const ofz_attr *attr, size_t attr_count)
{
    ofz_value *y = n->out[0];

    ofz_node_set_output(n, 0, NULL);
    OFZ_TRY(ofz_cv_emit(c, n, op_type, in_count, in, attr, attr_count, &y));
    ofz_node_remove(n);
    return OFZ_OK;
}

void ofz_cv_become(ofz_node *n, const char *op_type)
{
    n->op_type        = op_type;
    n->changed        = true;
    n->graph->changed = true;
}

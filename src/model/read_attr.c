/* read_attr.c - attributes, types, Constant nodes and marks. */
#include <stdint.h>
#include <string.h>

#include "model/reader.h"
#include "model/sparse.h"

ofz_status ofz_read_text(ofz_reader *r, const char *text, const char **out)
{
    const char *copy = text && text[0] ? ofz_arena_strdup(&r->model->arena, text) : "";

    if (!copy) return ofz_fail_nomem(r->ctx, "text", strlen(text));
    *out = copy;
    return OFZ_OK;
}

ofz_bytes_view ofz_read_span(const ofz_reader *r, const ProtobufCMessage *m)
{
    const int         origin = ofz_message_origin(m);
    const ofz_origin *o      = origin >= 0 ? &r->model->file->origin[origin] : NULL;

    return o ? (ofz_bytes_view){ r->model->bytes + o->begin, o->end - o->begin }
             : (ofz_bytes_view){ 0 };
}

/* --- types ------------------------------------------------------------------------------------ */

static ofz_status read_dim(ofz_reader *r, ofz_graph *g, const Onnx__TensorShapeProto__Dimension *d,
                           int64_t *out)
{
    if (d->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE && d->dim_value >= 0)
        *out = d->dim_value;
    else if (d->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM &&
             d->dim_param && d->dim_param[0])
        return ofz_symbol(r->ctx, g, d->dim_param, out);
    else
        *out = ofz_symbol_block(g, 1); /* some exporters write -1 for "unknown" */
    return OFZ_OK;
}

static ofz_status read_tensor_type(ofz_reader *r, int32_t elem, const Onnx__TensorShapeProto *shape,
                                   ofz_value *v)
{
    int64_t dim[OFZ_MAX_RANK];
    int     rank = -1;

    if (elem && ofz_dtype_get((ofz_dtype)elem)->cls == OFZ_CLASS_NONE)
        return ofz_fail(r->ctx, OFZ_E_MODEL, "value '%.100s': element type %d, want 1 to 26",
                        v->name, (int)elem);
    if (shape && shape->n_dim > OFZ_MAX_RANK)
        return ofz_fail(r->ctx, OFZ_E_LIMIT, "value '%.100s': rank %zu, want at most %d", v->name,
                        shape->n_dim, OFZ_MAX_RANK);
    if (shape) rank = (int)shape->n_dim;
    for (int i = 0; i < rank; i++) OFZ_TRY(read_dim(r, v->graph, shape->dim[i], &dim[i]));
    if (ofz_tensor_set(r->ctx, &v->type, (ofz_dtype)elem, rank, dim))
        return ofz_at(r->ctx, r->ctx->status, "value '%.100s'", v->name);
    return OFZ_OK;
}

ofz_status ofz_read_type(ofz_reader *r, const Onnx__TypeProto *t, ofz_value *v)
{
    if (!t) return OFZ_OK;
    switch (t->value_case) {
    case ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE:
        v->kind = OFZ_KIND_TENSOR;
        return read_tensor_type(r, t->tensor_type->elem_type, t->tensor_type->shape, v);
    case ONNX__TYPE_PROTO__VALUE_SEQUENCE_TYPE:
        v->kind = OFZ_KIND_SEQUENCE;
        return OFZ_OK;
    case ONNX__TYPE_PROTO__VALUE_MAP_TYPE:
        v->kind = OFZ_KIND_MAP;
        return OFZ_OK;
    case ONNX__TYPE_PROTO__VALUE_OPTIONAL_TYPE:
        v->kind = OFZ_KIND_OPTIONAL;
        return OFZ_OK;
    case ONNX__TYPE_PROTO__VALUE_SPARSE_TENSOR_TYPE:
        v->kind = OFZ_KIND_SPARSE; /* its type is that of the dense tensor it stands for */
        return read_tensor_type(r, t->sparse_tensor_type->elem_type, t->sparse_tensor_type->shape,
                                v);
    case ONNX__TYPE_PROTO__VALUE_OPAQUE_TYPE:
        v->kind = OFZ_KIND_OPAQUE;
        return OFZ_OK;
    default:
        return OFZ_OK;
    }
}

/* --- attributes ------------------------------------------------------------------------------- */

ofz_attr_type ofz_attribute_type(const Onnx__AttributeProto *p)
{
    if (p->has_type && p->type) return (ofz_attr_type)p->type;
    if (p->has_f) return OFZ_ATTR_FLOAT;
    if (p->has_i) return OFZ_ATTR_INT;
    if (p->has_s) return OFZ_ATTR_STRING;
    if (p->t) return OFZ_ATTR_TENSOR;
    if (p->g) return OFZ_ATTR_GRAPH;
    if (p->n_floats) return OFZ_ATTR_FLOATS;
    if (p->n_ints) return OFZ_ATTR_INTS;
    if (p->n_strings) return OFZ_ATTR_STRINGS;
    if (p->n_tensors) return OFZ_ATTR_TENSORS;
    if (p->n_graphs) return OFZ_ATTR_GRAPHS;
    if (p->sparse_tensor) return OFZ_ATTR_SPARSE_TENSOR;
    if (p->n_sparse_tensors) return OFZ_ATTR_SPARSE_TENSORS;
    if (p->tp) return OFZ_ATTR_TYPE_PROTO;
    return p->n_type_protos ? OFZ_ATTR_TYPE_PROTOS : OFZ_ATTR_NONE;
}

static ofz_status read_list(ofz_reader *r, const void *from, size_t count, size_t size,
                            const void **out)
{
    void *copy = ofz_arena_array(&r->model->arena, count, size);

    if (!copy) return ofz_fail_nomem(r->ctx, "attribute", count);
    if (count) memcpy(copy, from, count * size);
    *out = copy;
    return OFZ_OK;
}

static ofz_status read_bytes(ofz_reader *r, const ProtobufCBinaryData *b, ofz_string *out)
{
    const char *copy = ofz_arena_text(&r->model->arena, (const char *)b->data, b->len);

    if (!copy) return ofz_fail_nomem(r->ctx, "attribute", b->len);
    *out = (ofz_string){ copy, b->len };
    return OFZ_OK;
}

static ofz_status read_strings(ofz_reader *r, const Onnx__AttributeProto *p, ofz_strings *out)
{
    ofz_string *s = OFZ_NEWS(&r->model->arena, ofz_string, p->n_strings);

    if (!s) return ofz_fail_nomem(r->ctx, "attribute", p->n_strings);
    for (size_t i = 0; i < p->n_strings; i++) OFZ_TRY(read_bytes(r, &p->strings[i], &s[i]));
    *out = (ofz_strings){ s, p->n_strings };
    return OFZ_OK;
}

static ofz_status read_tensor(ofz_reader *r, const Onnx__AttributeProto *p, const ofz_tensor **out)
{
    ofz_tensor *t = OFZ_NEW(&r->model->arena, ofz_tensor);
    bool        external;

    if (!t) return ofz_fail_nomem(r->ctx, "attribute", sizeof *t);
    if (!p->t) return ofz_fail(r->ctx, OFZ_E_MODEL, "no tensor, want one");
    OFZ_TRY(ofz_tensor_proto_read(r->ctx, r->model, p->t, t, &external));
    *out = t;
    return OFZ_OK;
}

static ofz_status read_sparse(ofz_reader *r, const Onnx__AttributeProto *p, const ofz_tensor **out)
{
    ofz_tensor *t = OFZ_NEW(&r->model->arena, ofz_tensor);

    if (!t) return ofz_fail_nomem(r->ctx, "attribute", sizeof *t);
    if (!p->sparse_tensor) return ofz_fail(r->ctx, OFZ_E_MODEL, "no sparse tensor, want one");
    OFZ_TRY(ofz_sparse_read(r->ctx, r->model, p->sparse_tensor, t));
    *out = t;
    return OFZ_OK;
}

static ofz_status read_value(ofz_reader *r, const Onnx__AttributeProto *p, ofz_graph *g,
                             ofz_list *captured, ofz_attr *out)
{
    bool external;

    switch (out->type) {
    case OFZ_ATTR_FLOAT:
        out->u.f = p->f;
        return OFZ_OK;
    case OFZ_ATTR_INT:
        out->u.i = p->i;
        return OFZ_OK;
    case OFZ_ATTR_STRING:
        return read_bytes(r, &p->s, &out->u.s);
    case OFZ_ATTR_TENSOR:
        return read_tensor(r, p, &out->u.t);
    case OFZ_ATTR_GRAPH:
        if (!p->g) return ofz_fail(r->ctx, OFZ_E_MODEL, "no graph, want one");
        return ofz_read_graph(r, p->g, g, captured, &out->u.g);
    case OFZ_ATTR_FLOATS:
        out->u.floats.count = p->n_floats;
        return read_list(r, p->floats, p->n_floats, sizeof(float), (const void **)&out->u.floats.v);
    case OFZ_ATTR_INTS:
        out->u.ints.count = p->n_ints;
        return read_list(r, p->ints, p->n_ints, sizeof(int64_t), (const void **)&out->u.ints.v);
    case OFZ_ATTR_STRINGS:
        return read_strings(r, p, &out->u.strings);
    case OFZ_ATTR_SPARSE_TENSOR:
        return read_sparse(r, p, &out->u.t);
    case OFZ_ATTR_TENSORS: /* opaque, and yet every tensor of a file is looked at */
        for (size_t i = 0; i < p->n_tensors; i++) {
            ofz_tensor unused;

            OFZ_TRY(ofz_tensor_proto_read(r->ctx, r->model, p->tensors[i], &unused, &external));
        }
        return OFZ_OK;
    case OFZ_ATTR_NONE:
    case OFZ_ATTR_GRAPHS:
    case OFZ_ATTR_SPARSE_TENSORS:
    case OFZ_ATTR_TYPE_PROTO:
    case OFZ_ATTR_TYPE_PROTOS:
        return OFZ_OK;
    }
    return ofz_fail(r->ctx, OFZ_E_MODEL, "type %d, want 1 to 14", (int)out->type);
}

ofz_status ofz_read_attribute(ofz_reader *r, const Onnx__AttributeProto *p, ofz_graph *g,
                              ofz_list *captured, ofz_attr *out)
{
    ofz_status st;

    OFZ_TRY(ofz_read_text(r, p->name, &out->name));
    out->type = ofz_attribute_type(p);
    out->file = ofz_read_span(r, &p->base);
    if (p->ref_attr_name && p->ref_attr_name[0]) {
        if (r->in_function) return ofz_read_text(r, p->ref_attr_name, &out->ref);
        return ofz_fail(r->ctx, OFZ_E_MODEL,
                        "attribute '%.100s': refers to a function's attribute, outside a function",
                        out->name);
    }
    st = read_value(r, p, g, captured, out);
    return st ? ofz_at(r->ctx, st, "attribute '%.100s'", out->name) : OFZ_OK;
}

/* --- Constant nodes --------------------------------------------------------------------------- */

ofz_status ofz_read_constant(ofz_reader *r, const Onnx__NodeProto *p, ofz_node *n)
{
    ofz_value *v = n->out_count ? n->out[0] : NULL;

    OFZ_TRY(ofz_node_take_constant(r->ctx, n));
    if (!v || !v->constant || !p->n_attribute || !p->attribute[0]->t) return OFZ_OK;
    v->origin   = ofz_message_origin(&p->attribute[0]->t->base);
    v->external = p->attribute[0]->t->has_data_location &&
                  p->attribute[0]->t->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
    return ofz_read_marks(r, p->attribute[0]->t, v);
}

/* --- marks ------------------------------------------------------------------------------------ */

ofz_status ofz_read_marks(ofz_reader *r, const Onnx__TensorProto *p, ofz_value *v)
{
    ofz_marks m = { OFZ_MARK_NONE, NULL, 1 };

    for (size_t i = 0; i < p->n_metadata_props; i++) {
        const Onnx__StringStringEntryProto *e = p->metadata_props[i];

        if (!ofz_marks_take(&m, e->key ? e->key : "", e->value ? e->value : ""))
            ofz_log(r->ctx, OFZ_LOG_WARN, "tensor '%.100s': '%s' is '%.40s', ignored", v->name,
                    e->key, e->value ? e->value : "");
    }
    v->mark     = m.mark;
    v->lr_scale = m.lr_scale;
    if (m.group) OFZ_TRY(ofz_read_text(r, m.group, &v->group));
    return OFZ_OK;
}

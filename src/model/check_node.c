/* check_node.c - nodes, attributes and tensors of a file. */
#include <stdio.h>
#include <string.h>

#include "model/check.h"
#include "model/reader.h"
#include "model/sparse.h"

/* --- tensors that no graph shows -------------------------------------------------------------- */

static bool tensor_decode(ofz_checker *c, const Onnx__TensorProto *p, const char *where,
                          ofz_tensor *out)
{
    bool external;

    if (!ofz_tensor_proto_read(c->ctx, c->scratch, p, out, &external)) return true;
    ofz_finding(c, c->ctx->status, where, "%s", ofz_error(c->ctx));
    return false;
}

void ofz_check_sparse(ofz_checker *c, const Onnx__SparseTensorProto *p, const char *where)
{
    ofz_tensor  values, indices;
    const char *fault;

    if (!p->values || !p->indices) {
        ofz_finding(c, OFZ_E_MODEL, where, "sparse tensor without values or indices");
        return;
    }
    if (!tensor_decode(c, p->values, where, &values) ||
        !tensor_decode(c, p->indices, where, &indices))
        return;
    if (indices.dtype == OFZ_I64 && !ofz_tensor_aligned(&indices)) {
        void *copy = ofz_arena_alloc(&c->scratch->arena, indices.size);

        if (!copy) return;
        memcpy(copy, indices.data, indices.size);
        indices.data = copy;
    }
    fault = ofz_sparse_fault(p, &values, &indices);
    if (fault) ofz_finding(c, OFZ_E_MODEL, where, "sparse tensor with %s", fault);
}

/* --- attributes ------------------------------------------------------------------------------- */

/* The kinds of value that are present, one bit per type. */
static unsigned value_bits(const Onnx__AttributeProto *a)
{
    unsigned bits = 0;

    bits |= (unsigned)!!a->has_f << OFZ_ATTR_FLOAT;
    bits |= (unsigned)!!a->has_i << OFZ_ATTR_INT;
    bits |= (unsigned)!!a->has_s << OFZ_ATTR_STRING;
    bits |= (unsigned)!!a->t << OFZ_ATTR_TENSOR;
    bits |= (unsigned)!!a->g << OFZ_ATTR_GRAPH;
    bits |= (unsigned)!!a->n_floats << OFZ_ATTR_FLOATS;
    bits |= (unsigned)!!a->n_ints << OFZ_ATTR_INTS;
    bits |= (unsigned)!!a->n_strings << OFZ_ATTR_STRINGS;
    bits |= (unsigned)!!a->n_tensors << OFZ_ATTR_TENSORS;
    bits |= (unsigned)!!a->n_graphs << OFZ_ATTR_GRAPHS;
    bits |= (unsigned)!!a->sparse_tensor << OFZ_ATTR_SPARSE_TENSOR;
    bits |= (unsigned)!!a->n_sparse_tensors << OFZ_ATTR_SPARSE_TENSORS;
    bits |= (unsigned)!!a->tp << OFZ_ATTR_TYPE_PROTO;
    bits |= (unsigned)!!a->n_type_protos << OFZ_ATTR_TYPE_PROTOS;
    return bits;
}

static bool type_repeats(ofz_attr_type type)
{
    return (type >= OFZ_ATTR_FLOATS && type <= OFZ_ATTR_GRAPHS) ||
           type == OFZ_ATTR_SPARSE_TENSORS || type == OFZ_ATTR_TYPE_PROTOS;
}

static void check_value(ofz_checker *c, const Onnx__AttributeProto *a, const char *where)
{
    const unsigned      bits = value_bits(a);
    const ofz_attr_type type = ofz_attribute_type(a);
    const bool          ref  = a->ref_attr_name && a->ref_attr_name[0];

    if (c->model->ir_version >= 2 && (!a->has_type || !a->type))
        ofz_finding(c, OFZ_E_MODEL, where, "attribute '%.100s': no type", a->name);
    if (type < OFZ_ATTR_NONE || type > OFZ_ATTR_TYPE_PROTOS)
        ofz_finding(c, OFZ_E_MODEL, where, "attribute '%.100s': type %d, want 1 to 14", a->name,
                    (int)type);
    else if (ref ? bits != 0 : (bits & ~(1u << type)) != 0)
        ofz_finding(c, OFZ_E_MODEL, where,
                    "attribute '%.100s': a value besides the one of its type", a->name);
    else if (!ref && !bits && !type_repeats(type))
        ofz_finding(c, OFZ_E_MODEL, where, "attribute '%.100s': no value", a->name);
}

static ofz_status check_nested(ofz_checker *c, const Onnx__AttributeProto *a, const char *where,
                               const ofz_scope *scope, bool in_function)
{
    ofz_tensor unused;

    if (a->sparse_tensor) ofz_check_sparse(c, a->sparse_tensor, where);
    for (size_t i = 0; i < a->n_sparse_tensors; i++)
        ofz_check_sparse(c, a->sparse_tensors[i], where);
    if (in_function && a->t) (void)tensor_decode(c, a->t, where, &unused);
    for (size_t i = 0; i < a->n_graphs; i++) OFZ_TRY(ofz_check_graph(c, a->graphs[i], scope));
    return a->g && !in_function ? ofz_check_graph(c, a->g, scope) : OFZ_OK;
}

static ofz_status check_attributes(ofz_checker *c, const Onnx__NodeProto *n, const char *where,
                                   const ofz_scope *scope, bool in_function)
{
    ofz_map    seen = { 0 };
    ofz_status st   = OFZ_OK;

    for (size_t i = 0; i < n->n_attribute; i++) {
        const Onnx__AttributeProto *a = n->attribute[i];

        if (!a->name || !a->name[0]) {
            ofz_finding(c, OFZ_E_MODEL, where, "attribute without a name");
            continue;
        }
        if (ofz_map_get(&seen, a->name))
            ofz_finding(c, OFZ_E_MODEL, where, "attribute '%.100s': stands twice", a->name);
        else if (!ofz_map_put(&seen, a->name, &seen))
            OFZ_GOTO(ofz_fail_nomem(c->ctx, "check", 64));
        check_value(c, a, where);
        OFZ_GOTO(check_nested(c, a, where, scope, in_function));
    }
done:
    ofz_map_free(&seen);
    return st;
}

/* --- nodes ------------------------------------------------------------------------------------ */

static bool domain_imported(const ofz_model *m, const char *domain)
{
    for (size_t i = 0; i < m->opset_count; i++)
        if (!strcmp(m->opset[i].domain, domain)) return true;
    return false;
}

ofz_status ofz_check_node(ofz_checker *c, const Onnx__NodeProto *n, const ofz_scope *scope,
                          bool in_function)
{
    const char *domain = n->domain && strcmp(n->domain, "ai.onnx") != 0 ? n->domain : "";
    char        where[256];

    snprintf(where, sizeof where, "node '%.100s' (%.60s)",
             n->name && n->name[0] ? n->name
             : n->n_output         ? n->output[0]
                                   : "",
             n->op_type ? n->op_type : "");
    if (!n->op_type || !n->op_type[0]) ofz_finding(c, OFZ_E_MODEL, where, "no op_type");
    if (!in_function && !domain_imported(c->model, domain))
        ofz_finding(c, OFZ_E_MODEL, where, "domain '%.100s' is not imported", domain);
    return check_attributes(c, n, where, scope, in_function);
}

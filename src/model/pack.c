/* pack.c - see pack.h. */
#include "model/pack.h"

#include <stdlib.h>
#include <string.h>

#include "model/wire.h"

/* --- types ------------------------------------------------------------------------------------ */

static void pack_dim(ofz_bytes *shape, const ofz_graph *g, int64_t dim)
{
    const char *name = g && OFZ_IS_SYMBOL(dim) ? ofz_symbol_name(g, dim) : NULL;
    ofz_bytes   d    = { 0 };

    if (name)
        ofz_bytes_text(&d, 2, name);
    else if (OFZ_DIM_KNOWN(dim))
        ofz_bytes_varint(&d, 1, (uint64_t)dim);
    ofz_bytes_message(shape, 1, &d);
}

void ofz_pack_type(ofz_bytes *b, const ofz_graph *g, const ofz_tensor *t)
{
    ofz_bytes tensor = { 0 }, shape = { 0 };

    if (t->dtype) ofz_bytes_varint(&tensor, 1, (uint64_t)t->dtype);
    for (int i = 0; i < t->rank; i++) pack_dim(&shape, g, t->dim[i]);
    if (t->rank >= 0) ofz_bytes_message(&tensor, 2, &shape);
    ofz_bytes_message(b, 1, &tensor);
}

/* Every field of a message but those two, as it stands. */
static void keep_others(ofz_bytes *b, ofz_bytes_view from, uint32_t drop, uint32_t drop2)
{
    ofz_wire       w = { from.data, from.data + from.size, NULL };
    ofz_wire_field f;

    while (from.data && ofz_wire_next(&w, &f) > 0)
        if (f.number != drop && f.number != drop2) ofz_bytes_put(b, f.tag, (size_t)(w.p - f.tag));
}

void ofz_pack_value(ofz_bytes *b, const ofz_value *v)
{
    const bool own  = v->retyped || !v->declared.data;
    ofz_bytes  type = { 0 };

    ofz_bytes_text(b, 1, v->name);
    if (own && v->kind == OFZ_KIND_TENSOR && (v->type.dtype || v->type.rank >= 0)) {
        ofz_pack_type(&type, v->graph, &v->type);
        ofz_bytes_message(b, 2, &type);
    }
    keep_others(b, v->declared, 1, own ? 2 : 1);
}

void ofz_pack_tensor_value(ofz_bytes *b, const char *name, const ofz_tensor *t)
{
    ofz_bytes type = { 0 };

    ofz_bytes_text(b, 1, name);
    ofz_pack_type(&type, NULL, t);
    ofz_bytes_message(b, 2, &type);
}

/* --- tensors ---------------------------------------------------------------------------------- */

void ofz_pack_marks(ofz_bytes *b, const ofz_marks *m)
{
    static const char *const names[] = {
        [OFZ_MARK_FROZEN] = "frozen", [OFZ_MARK_TRAINABLE] = "trainable"
    };
    char number[40];

    if (m->mark != OFZ_MARK_NONE) ofz_bytes_entry(b, 16, OFZ_KEY_MARK, names[m->mark]);
    if (m->group) ofz_bytes_entry(b, 16, OFZ_KEY_GROUP, m->group);
    if (m->lr_scale == 1) return;
    ofz_marks_number(number, sizeof number, m->lr_scale);
    ofz_bytes_entry(b, 16, OFZ_KEY_LR_SCALE, number);
}

void ofz_pack_tensor_head(ofz_bytes *b, const char *name, const ofz_tensor *t, const ofz_value *v,
                          bool *inside)
{
    const ofz_string *text = t->data;

    for (int i = 0; i < t->rank; i++) ofz_bytes_varint(b, 1, (uint64_t)t->dim[i]);
    ofz_bytes_varint(b, 2, (uint64_t)t->dtype);
    for (int64_t i = 0; t->dtype == OFZ_STRING && i < t->count; i++)
        ofz_bytes_field(b, 6, text[i].size ? (const void *)text[i].text : "", text[i].size);
    if (name) ofz_bytes_text(b, 8, name);
    if (v) ofz_pack_marks(b, &(ofz_marks){ v->mark, v->group, v->lr_scale });
    *inside = t->dtype == OFZ_STRING || !t->size;
    if (!*inside) ofz_bytes_field(b, 9, NULL, t->size);
}

void ofz_pack_tensor(ofz_bytes *b, const char *name, const ofz_tensor *t, const ofz_value *v)
{
    bool inside;

    ofz_pack_tensor_head(b, name, t, v, &inside);
    if (!inside) ofz_bytes_put(b, t->data, t->size);
}

/* --- attributes ------------------------------------------------------------------------------- */

static void pack_float(ofz_bytes *b, uint32_t number, float x)
{
    uint8_t tag[10];

    ofz_bytes_put(b, tag, ofz_wire_put_varint(tag, (uint64_t)number << 3 | OFZ_WIRE_I32));
    ofz_bytes_put(b, &x, sizeof x);
}

static void pack_string(ofz_bytes *b, uint32_t number, ofz_string s)
{
    ofz_bytes_field(b, number, s.size ? (const void *)s.text : "", s.size);
}

static void pack_attr_value(ofz_bytes *b, const ofz_attr *a)
{
    ofz_bytes inner = { 0 };

    switch (a->type) {
    case OFZ_ATTR_FLOAT:
        pack_float(b, 2, a->u.f);
        break;
    case OFZ_ATTR_INT:
        ofz_bytes_varint(b, 3, (uint64_t)a->u.i);
        break;
    case OFZ_ATTR_STRING:
        pack_string(b, 4, a->u.s);
        break;
    case OFZ_ATTR_TENSOR:
        ofz_pack_tensor(&inner, NULL, a->u.t, NULL);
        ofz_bytes_message(b, 5, &inner);
        break;
    case OFZ_ATTR_GRAPH:
        ofz_pack_graph(&inner, a->u.g);
        ofz_bytes_message(b, 6, &inner);
        break;
    case OFZ_ATTR_FLOATS:
        for (size_t i = 0; i < a->u.floats.count; i++) pack_float(b, 7, a->u.floats.v[i]);
        break;
    case OFZ_ATTR_INTS:
        for (size_t i = 0; i < a->u.ints.count; i++)
            ofz_bytes_varint(b, 8, (uint64_t)a->u.ints.v[i]);
        break;
    case OFZ_ATTR_STRINGS:
        for (size_t i = 0; i < a->u.strings.count; i++) pack_string(b, 9, a->u.strings.v[i]);
        break;
    default:
        break;
    }
}

void ofz_pack_attr(ofz_bytes *b, const ofz_attr *a)
{
    if (a->file.data && (a->type != OFZ_ATTR_GRAPH || !ofz_graph_edited(a->u.g))) {
        ofz_bytes_put(b, a->file.data, a->file.size);
        return;
    }
    ofz_bytes_text(b, 1, a->name);
    if (a->ref)
        ofz_bytes_text(b, 21, a->ref);
    else
        pack_attr_value(b, a);
    ofz_bytes_varint(b, 20, (uint64_t)a->type);
}

/* --- nodes and graphs ------------------------------------------------------------------------- */

void ofz_pack_node(ofz_bytes *b, const ofz_node *n)
{
    for (size_t i = 0; i < n->in_count; i++) ofz_bytes_text(b, 1, n->in[i] ? n->in[i]->name : "");
    for (size_t i = 0; i < n->out_count; i++)
        ofz_bytes_text(b, 2, n->out[i] ? n->out[i]->name : "");
    if (n->name[0]) ofz_bytes_text(b, 3, n->name);
    ofz_bytes_text(b, 4, n->op_type);
    for (size_t i = 0; i < n->attr_count; i++) {
        ofz_bytes a = { 0 };

        ofz_pack_attr(&a, &n->attr[i]);
        ofz_bytes_message(b, 5, &a);
    }
    if (n->domain[0]) ofz_bytes_text(b, 7, n->domain);
    if (n->overload[0]) ofz_bytes_text(b, 8, n->overload);
}

void ofz_pack_constant_node(ofz_bytes *b, const ofz_value *v)
{
    ofz_bytes a = { 0 }, t = { 0 };

    ofz_bytes_text(b, 2, v->name);
    ofz_bytes_text(b, 4, "Constant");
    ofz_bytes_text(&a, 1, "value");
    ofz_pack_tensor(&t, NULL, v->constant, v);
    ofz_bytes_message(&a, 5, &t);
    ofz_bytes_varint(&a, 20, OFZ_ATTR_TENSOR);
    ofz_bytes_message(b, 5, &a);
}

void ofz_pack_opset(ofz_bytes *b, const ofz_opset *opset)
{
    ofz_bytes_text(b, 1, opset->domain);
    ofz_bytes_varint(b, 2, (uint64_t)opset->version);
}

static void pack_values(ofz_bytes *b, uint32_t number, const ofz_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        ofz_bytes v = { 0 };

        ofz_pack_value(&v, list->item[i]);
        ofz_bytes_message(b, number, &v);
    }
}

void ofz_pack_graph(ofz_bytes *b, const ofz_graph *g)
{
    for (size_t i = 0; i < g->node.count; i++) {
        ofz_bytes n = { 0 };

        ofz_pack_node(&n, g->node.item[i]);
        ofz_bytes_message(b, 1, &n);
    }
    ofz_bytes_text(b, 2, g->name);
    for (size_t i = 0; i < g->value.count; i++) {
        const ofz_value *v = g->value.item[i];
        ofz_bytes        t = { 0 };

        if (!v->constant || v->producer) continue;
        ofz_pack_tensor(&t, v->name, v->constant, v);
        ofz_bytes_message(b, 5, &t);
    }
    pack_values(b, 11, &g->input);
    pack_values(b, 12, &g->output);
}

bool ofz_graph_edited(const ofz_graph *g)
{
    if (g->changed) return true;
    for (size_t i = 0; i < g->node.count; i++) {
        const ofz_node *n = g->node.item[i];

        for (size_t k = 0; k < n->attr_count; k++)
            if (n->attr[k].type == OFZ_ATTR_GRAPH && ofz_graph_edited(n->attr[k].u.g)) return true;
    }
    return false;
}

/* write_graph.c - an edited graph as edits of its source.
 *
 * A repeated field of a message (nodes, initializers, inputs, attributes, ...) is a row of items. Those
 * that still stand in the order of the file stay where they are, the longest such row of them; others are
 * left out and written anew in their place. What stays is edited field by field, so that whatever this
 * program does not know of it is kept. */
#include <stdlib.h>
#include <string.h>

#include "model/pack.h"
#include "model/write.h"

/* One of a row. */
typedef struct item {
    int         origin; /* where it stands in the file; -1: nowhere */
    const void *thing;
    size_t      order; /* of those without an origin */
} item;

/* Writes what has no place in the file into `owner` at `at`; edits what has one. */
typedef ofz_status place_fn(ofz_ctx *ctx, ofz_edits *e, const void *thing, int owner, size_t at);
typedef ofz_status stay_fn(ofz_ctx *ctx, ofz_edits *e, const void *thing, int origin);

typedef struct row {
    uint32_t  number; /* field of the message */
    item     *item;
    size_t    count;
    place_fn *place;
    stay_fn  *stay; /* NULL: nothing to edit */
} row;

/* --- rows ------------------------------------------------------------------------------------- */

/* For rows without an order of their own: as they stand in the file, new ones last. */
static int by_origin(const void *a, const void *b)
{
    const item *x = a, *y = b;

    if ((x->origin < 0) != (y->origin < 0)) return x->origin < 0 ? 1 : -1;
    if (x->origin != y->origin) return x->origin < y->origin ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

/* Flags the longest subsequence of rising origins. back[i]: the item before i in the best row that ends
 * with i; tail[k]: the last item of the best row of k + 1 items. */
static ofz_status longest_row(ofz_ctx *ctx, const item *it, size_t count, bool *kept)
{
    size_t *tail   = malloc((2 * count + 1) * sizeof *tail);
    size_t *back   = tail ? tail + count : NULL;
    size_t  length = 0;

    if (!tail) return ofz_fail_nomem(ctx, "edits", count * sizeof *tail);
    for (size_t i = 0; i < count; i++) {
        size_t low = 0, high = length;

        if (it[i].origin < 0) continue;
        while (low < high) {
            const size_t mid = (low + high) / 2;

            if (it[tail[mid]].origin < it[i].origin)
                low = mid + 1;
            else
                high = mid;
        }
        if (low < length && it[tail[low]].origin == it[i].origin) continue; /* listed twice */
        back[i]   = low ? tail[low - 1] : SIZE_MAX;
        tail[low] = i;
        if (low == length) length++;
    }
    for (size_t i = length ? tail[length - 1] : SIZE_MAX; i != SIZE_MAX; i = back[i])
        kept[i] = true;
    free(tail);
    return OFZ_OK;
}

/* The children of `owner` in the row's field that are none of the kept items go; *end: behind the last of
 * all children, or the owner's end. */
static ofz_status drop_children(ofz_ctx *ctx, ofz_edits *e, int owner, const row *r,
                                const bool *kept, size_t *end)
{
    const struct ofz_model_file *file = e->model->file;
    size_t                       next = 0;

    *end = file->origin[owner].end;
    for (size_t k = (size_t)owner + 1;
         k < file->origin_count && file->origin[k].tag < file->origin[owner].end; k++) {
        if (file->origin[k].parent != owner || file->origin[k].number != r->number) continue;
        *end = file->origin[k].end;
        while (next < r->count && (!kept[next] || r->item[next].origin < (int)k)) next++;
        if (next == r->count || r->item[next].origin != (int)k)
            OFZ_TRY(ofz_edit_remove(ctx, e, (int)k));
    }
    return OFZ_OK;
}

static ofz_status write_row(ofz_ctx *ctx, ofz_edits *e, int owner, const row *r)
{
    bool      *kept = calloc(r->count + 1, sizeof *kept);
    size_t     end, next = 0;
    ofz_status st = OFZ_OK;

    if (!kept) return ofz_fail_nomem(ctx, "edits", r->count);
    OFZ_GOTO(longest_row(ctx, r->item, r->count, kept));
    OFZ_GOTO(drop_children(ctx, e, owner, r, kept, &end));
    for (size_t i = 0; i < r->count; i++) {
        const item *it = &r->item[i];

        while (next < r->count && (next < i || !kept[next])) next++;
        if (!kept[i])
            OFZ_GOTO(
                r->place(ctx, e, it->thing, owner,
                         next < r->count ? e->model->file->origin[r->item[next].origin].tag : end));
        else if (r->stay)
            OFZ_GOTO(r->stay(ctx, e, it->thing, it->origin));
    }
done:
    free(kept);
    return st;
}

/* The origin, if it is a child of `owner` in that field and not left out. */
static int child_of(const ofz_edits *e, int origin, int owner, uint32_t number)
{
    const ofz_origin *o = origin >= 0 ? &e->model->file->origin[origin] : NULL;

    return o && o->parent == owner && o->number == number && !e->gone[origin] ? origin : -1;
}

/* The origin of a message whose content stands at `content` in the model's bytes; -1. */
static int origin_at(const ofz_edits *e, ofz_bytes_view content)
{
    const struct ofz_model_file *file = e->model->file;
    const uint8_t               *data = e->model->bytes;
    size_t                       low = 0, high = file->origin_count, at;

    if (!content.data || content.data < data || content.data > data + e->model->size) return -1;
    at = (size_t)(content.data - data);
    while (low < high) { /* origins stand in the order of their tags */
        const size_t mid = (low + high) / 2;

        if (file->origin[mid].begin < at)
            low = mid + 1;
        else
            high = mid;
    }
    return low < file->origin_count && file->origin[low].begin == at ? (int)low : -1;
}

/* --- fields of messages that stay ------------------------------------------------------------- */

/* The strings of field `number` are these; edited when they are others. */
static ofz_status set_texts(ofz_ctx *ctx, ofz_edits *e, int origin, uint32_t number,
                            const char *const *text, size_t count)
{
    ofz_wire       w    = ofz_origin_wire(e->model, origin);
    size_t         seen = 0, at;
    bool           same = true;
    ofz_bytes      b    = { 0 };
    ofz_wire_field f;

    while (ofz_wire_next(&w, &f) > 0) {
        if (f.number != number) continue;
        same = same && seen < count && strlen(text[seen]) == f.size &&
               !memcmp(text[seen], f.data, f.size);
        seen++;
    }
    if (same && seen == count) return OFZ_OK;
    OFZ_TRY(
        ofz_edit_remove_fields(ctx, e, origin, number, e->model->file->origin[origin].end, &at));
    for (size_t i = 0; i < count; i++) ofz_bytes_text(&b, number, text[i]);
    return ofz_edit_add_bytes(ctx, e, origin, at, 0, &b);
}

/* One string; an absent field and an empty one are the same. */
static ofz_status set_text(ofz_ctx *ctx, ofz_edits *e, int origin, uint32_t number,
                           const char *text)
{
    ofz_wire       w     = ofz_origin_wire(e->model, origin);
    size_t         found = 0;
    ofz_wire_field f;

    while (ofz_wire_next(&w, &f) > 0)
        if (f.number == number) found += f.size;
    if (!found && !text[0]) return OFZ_OK;
    return set_texts(ctx, e, origin, number, &text, text[0] ? 1 : 0);
}

static ofz_status set_names(ofz_ctx *ctx, ofz_edits *e, int origin, uint32_t number,
                            ofz_value *const *v, size_t count)
{
    const char **name = OFZ_NEWS(&e->arena, const char *, count + 1);

    if (!name) return ofz_fail_nomem(ctx, "edits", count * sizeof *name);
    for (size_t i = 0; i < count; i++) name[i] = v[i] ? v[i]->name : "";
    return set_texts(ctx, e, origin, number, name, count);
}

/* --- value infos ------------------------------------------------------------------------------ */

static ofz_status place_value(ofz_ctx *ctx, ofz_edits *e, const void *thing, int owner, size_t at,
                              uint32_t number)
{
    ofz_bytes whole = { 0 }, b = { 0 };

    ofz_pack_value(&b, thing);
    ofz_bytes_message(&whole, number, &b);
    return ofz_edit_add_bytes(ctx, e, owner, at, 0, &whole);
}

static ofz_status place_input(ofz_ctx *ctx, ofz_edits *e, const void *thing, int owner, size_t at)
{
    return place_value(ctx, e, thing, owner, at, 11);
}

static ofz_status place_output(ofz_ctx *ctx, ofz_edits *e, const void *thing, int owner, size_t at)
{
    return place_value(ctx, e, thing, owner, at, 12);
}

static ofz_status stay_value(ofz_ctx *ctx, ofz_edits *e, const void *thing, int origin)
{
    const ofz_value *v = thing;
    ofz_bytes        b = { 0 }, type = { 0 };
    size_t           at;

    OFZ_TRY(set_text(ctx, e, origin, 1, v->name));
    if (!v->retyped || v->kind != OFZ_KIND_TENSOR) return OFZ_OK;
    OFZ_TRY(ofz_edit_remove_fields(ctx, e, origin, 2, e->model->file->origin[origin].end, &at));
    ofz_pack_type(&type, v->graph, &v->type);
    ofz_bytes_message(&b, 2, &type);
    return ofz_edit_add_bytes(ctx, e, origin, at, 0, &b);
}

static ofz_status write_values(ofz_ctx *ctx, ofz_edits *e, const ofz_graph *g, const ofz_list *list,
                               uint32_t number)
{
    row r = { number, OFZ_NEWS(&e->arena, item, list->count + 1), list->count,
              number == 11 ? place_input : place_output, stay_value };

    if (!r.item) return ofz_fail_nomem(ctx, "edits", list->count * sizeof *r.item);
    for (size_t i = 0; i < list->count; i++) {
        const ofz_value *v = list->item[i];

        r.item[i] = (item){ child_of(e, origin_at(e, v->declared), g->origin, number), v, i };
    }
    return write_row(ctx, e, g->origin, &r);
}

/* value_info of what is left, unless the shapes are said to be others. All of them stay. */
static ofz_status write_infos(ofz_ctx *ctx, ofz_edits *e, const ofz_graph *g)
{
    row r = { 13, OFZ_NEWS(&e->arena, item, g->value.count + 1), 0, NULL, stay_value };

    if (!r.item) return ofz_fail_nomem(ctx, "edits", g->value.count * sizeof *r.item);
    for (size_t i = 0; i < g->value.count && !e->model->shapes_dropped; i++) {
        const ofz_value *v = g->value.item[i];
        const int        k = child_of(e, origin_at(e, v->declared), g->origin, 13);

        if (k >= 0 && !v->is_input && !v->is_output && v->producer)
            r.item[r.count++] = (item){ k, v, i };
    }
    qsort(r.item, r.count, sizeof *r.item, by_origin);
    return write_row(ctx, e, g->origin, &r);
}

/* --- initializers ----------------------------------------------------------------------------- */

/* The head, then the bytes, which are not copied. */
static ofz_status place_tensor(ofz_ctx *ctx, ofz_edits *e, const void *thing, int owner, size_t at)
{
    const ofz_value  *v    = thing;
    const ofz_tensor *t    = v->constant;
    ofz_bytes         head = { 0 }, b = { 0 };
    bool              inside;

    ofz_pack_tensor_head(&head, v->name, t, v, &inside);
    ofz_bytes_field(&b, 5, NULL, head.size + (inside ? 0 : t->size));
    ofz_bytes_put(&b, head.data, head.size);
    b.failed = b.failed || head.failed;
    free(head.data);
    OFZ_TRY(ofz_edit_add_bytes(ctx, e, owner, at, 0, &b));
    return inside ? OFZ_OK : ofz_edit_add(ctx, e, owner, at, 0, t->data, t->size);
}

static ofz_status stay_tensor(ofz_ctx *ctx, ofz_edits *e, const void *thing, int origin)
{
    return set_text(ctx, e, origin, 8, ((const ofz_value *)thing)->name);
}

/* A sparse initializer is dense here and stays in a field of its own, as long as its name is the file's. */
static bool stays_sparse(const ofz_value *v)
{
    return v && v->sparse && v->constant && !v->producer && !v->file_name;
}

/* Below IR 4 an initializer is an input as well, and a graph does not get new inputs. */
static bool wants_node(const ofz_model *m, const ofz_value *v)
{
    return m->ir_version < 4 && !v->is_input && v->origin < 0;
}

static ofz_status write_initializers(ofz_ctx *ctx, ofz_edits *e, const ofz_graph *g)
{
    row r = { 5, OFZ_NEWS(&e->arena, item, g->value.count + 1), 0, place_tensor, stay_tensor };

    if (!r.item) return ofz_fail_nomem(ctx, "edits", g->value.count * sizeof *r.item);
    for (size_t i = 0; i < g->value.count; i++) {
        const ofz_value *v = g->value.item[i];

        if (!v->constant || v->producer || wants_node(e->model, v) || stays_sparse(v)) continue;
        r.item[r.count++] = (item){ child_of(e, v->origin, g->origin, 5), v, i };
    }
    qsort(r.item, r.count, sizeof *r.item, by_origin);
    return write_row(ctx, e, g->origin, &r);
}

/* The name of the SparseTensorProto at `origin`: that of its values. */
static const char *sparse_name(ofz_edits *e, int origin)
{
    ofz_wire       w = ofz_origin_wire(e->model, origin);
    ofz_wire_field f, part;

    while (ofz_wire_next(&w, &f) > 0) {
        ofz_wire values = { f.data, f.data + f.size, NULL };

        if (f.number != 1) continue;
        while (ofz_wire_next(&values, &part) > 0)
            if (part.number == 8)
                return ofz_arena_text(&e->arena, (const char *)part.data, part.size);
    }
    return NULL;
}

static ofz_status write_sparse(ofz_ctx *ctx, ofz_edits *e, const ofz_graph *g)
{
    const struct ofz_model_file *file = e->model->file;

    for (size_t k = (size_t)g->origin + 1;
         k < file->origin_count && file->origin[k].tag < file->origin[g->origin].end; k++) {
        const char *name;

        if (child_of(e, (int)k, g->origin, 15) < 0) continue;
        name = sparse_name(e, (int)k);
        if (!name || !stays_sparse(ofz_map_get(&g->by_name, name)))
            OFZ_TRY(ofz_edit_remove(ctx, e, (int)k));
    }
    return OFZ_OK;
}

/* --- nodes ------------------------------------------------------------------------------------ */

static ofz_status place_attr(ofz_ctx *ctx, ofz_edits *e, const void *thing, int owner, size_t at)
{
    ofz_bytes whole = { 0 }, b = { 0 };

    ofz_pack_attr(&b, thing);
    ofz_bytes_message(&whole, 5, &b);
    return ofz_edit_add_bytes(ctx, e, owner, at, 0, &whole);
}

/* Is there anything to write about the graph? */
static bool is_edited(const ofz_edits *e, const ofz_graph *g)
{
    return e->model->shapes_dropped || ofz_graph_edited(g);
}

static ofz_status write_graph(ofz_ctx *ctx, ofz_edits *e, const ofz_graph *g);

static ofz_status stay_attr(ofz_ctx *ctx, ofz_edits *e, const void *thing, int origin)
{
    const ofz_attr *a = thing;

    (void)origin;
    if (a->type != OFZ_ATTR_GRAPH || a->u.g->origin < 0 || !is_edited(e, a->u.g)) return OFZ_OK;
    return write_graph(ctx, e, a->u.g);
}

static ofz_status write_attrs(ofz_ctx *ctx, ofz_edits *e, const ofz_node *n, int origin)
{
    row r = { 5, OFZ_NEWS(&e->arena, item, n->attr_count + 1), n->attr_count, place_attr,
              stay_attr };

    if (!r.item) return ofz_fail_nomem(ctx, "edits", n->attr_count * sizeof *r.item);
    for (size_t i = 0; i < n->attr_count; i++)
        r.item[i] = (item){ child_of(e, origin_at(e, n->attr[i].file), origin, 5), &n->attr[i], i };
    return write_row(ctx, e, origin, &r);
}

/* The domain's two spellings are one. */
static ofz_status set_domain(ofz_ctx *ctx, ofz_edits *e, int origin, const char *domain)
{
    static const char spelled[] = "ai.onnx";
    ofz_wire          w         = ofz_origin_wire(e->model, origin);
    ofz_wire_field    f;

    while (!domain[0] && ofz_wire_next(&w, &f) > 0)
        if (f.number == 7 && f.size == sizeof spelled - 1 && !memcmp(f.data, spelled, f.size))
            return OFZ_OK;
    return set_text(ctx, e, origin, 7, domain);
}

static bool holds_edited_graph(const ofz_edits *e, const ofz_node *n)
{
    for (size_t k = 0; k < n->attr_count; k++)
        if (n->attr[k].type == OFZ_ATTR_GRAPH && is_edited(e, n->attr[k].u.g)) return true;
    return false;
}

static ofz_status stay_node(ofz_ctx *ctx, ofz_edits *e, const void *thing, int origin)
{
    const ofz_node *n = thing;

    if (n->changed) {
        OFZ_TRY(set_names(ctx, e, origin, 1, n->in, n->in_count));
        OFZ_TRY(set_names(ctx, e, origin, 2, n->out, n->out_count));
        OFZ_TRY(set_text(ctx, e, origin, 3, n->name));
        OFZ_TRY(set_text(ctx, e, origin, 4, n->op_type));
        OFZ_TRY(set_domain(ctx, e, origin, n->domain));
        OFZ_TRY(set_text(ctx, e, origin, 8, n->overload));
    }
    return n->changed || holds_edited_graph(e, n) ? write_attrs(ctx, e, n, origin) : OFZ_OK;
}

static ofz_status place_bytes(ofz_ctx *ctx, ofz_edits *e, int owner, size_t at, ofz_bytes *node)
{
    ofz_bytes whole = { 0 };

    ofz_bytes_message(&whole, 1, node);
    return ofz_edit_add_bytes(ctx, e, owner, at, 0, &whole);
}

static ofz_status place_node(ofz_ctx *ctx, ofz_edits *e, const void *thing, int owner, size_t at)
{
    ofz_bytes b = { 0 };

    ofz_pack_node(&b, thing);
    return place_bytes(ctx, e, owner, at, &b);
}

static ofz_status write_nodes(ofz_ctx *ctx, ofz_edits *e, const ofz_graph *g)
{
    const size_t begin = e->model->file->origin[g->origin].begin;
    row          r = { 1, OFZ_NEWS(&e->arena, item, g->node.count + 1), g->node.count, place_node,
                       stay_node };

    if (!r.item) return ofz_fail_nomem(ctx, "edits", g->node.count * sizeof *r.item);
    for (size_t i = 0; i < g->value.count;
         i++) { /* before every other field, so before all nodes */
        const ofz_value *v = g->value.item[i];
        ofz_bytes        b = { 0 };

        if (!v->constant || v->producer || !wants_node(e->model, v) || stays_sparse(v)) continue;
        ofz_pack_constant_node(&b, v);
        OFZ_TRY(place_bytes(ctx, e, g->origin, begin, &b));
    }
    for (size_t i = 0; i < g->node.count; i++) {
        const ofz_node *n = g->node.item[i];

        r.item[i] = (item){ child_of(e, n->origin, g->origin, 1), n, i };
    }
    return write_row(ctx, e, g->origin, &r);
}

/* --- graphs and the model --------------------------------------------------------------------- */

static ofz_status write_graph(ofz_ctx *ctx, ofz_edits *e, const ofz_graph *g)
{
    OFZ_TRY(write_nodes(ctx, e, g));
    if (!g->changed && !e->model->shapes_dropped) return OFZ_OK;
    OFZ_TRY(write_initializers(ctx, e, g));
    OFZ_TRY(write_sparse(ctx, e, g));
    OFZ_TRY(write_values(ctx, e, g, &g->input, 11));
    OFZ_TRY(write_values(ctx, e, g, &g->output, 12));
    return write_infos(ctx, e, g);
}

static ofz_status write_header(ofz_ctx *ctx, ofz_edits *e)
{
    const ofz_model *m = e->model;
    ofz_bytes        b = { 0 };
    size_t           at;

    OFZ_TRY(ofz_edit_remove_fields(ctx, e, 0, OFZ_FIELD_IR, 0, &at));
    ofz_bytes_varint(&b, OFZ_FIELD_IR, (uint64_t)m->ir_version);
    OFZ_TRY(ofz_edit_add_bytes(ctx, e, 0, at, 0, &b));
    OFZ_TRY(ofz_edit_remove_fields(ctx, e, 0, OFZ_FIELD_OPSET, m->size, &at));
    for (size_t i = 0; m->ir_version >= 3 && i < m->opset_count; i++) {
        ofz_bytes opset = { 0 };

        ofz_pack_opset(&opset, &m->opset[i]);
        ofz_bytes_message(&b, OFZ_FIELD_OPSET, &opset);
    }
    return ofz_edit_add_bytes(ctx, e, 0, at, 0, &b);
}

bool ofz_model_restructured(const ofz_model *m)
{
    return m->header_changed || m->shapes_dropped || m->functions_dropped ||
           ofz_graph_edited(m->graph);
}

ofz_status ofz_write_graph(ofz_ctx *ctx, ofz_edits *e)
{
    const ofz_model *m = e->model;
    size_t           at;

    if (m->header_changed) OFZ_TRY(write_header(ctx, e));
    if (m->functions_dropped)
        OFZ_TRY(ofz_edit_remove_fields(ctx, e, 0, OFZ_FIELD_FUNCTIONS, m->size, &at));
    return is_edited(e, m->graph) ? write_graph(ctx, e, m->graph) : OFZ_OK;
}

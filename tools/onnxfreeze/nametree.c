/* Tensor names as a tree. Names sorted part by part make equal parts neighbours, so one pass with a
 * stack builds the tree; siblings are then put back into the order of the file. */
#include "listing.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

enum { TREE_DEPTH = 48, TREE_ROOT = 0 };

typedef struct tree_node {
    const char *part; /* not terminated; part_size bytes */
    int         part_size;
    char        separator;     /* that follows the part, or 0 */
    size_t      parent, first; /* first: lowest tensor index below */
    size_t      tensor;        /* leaf: its index */
    int         leaf;
    size_t      count, trainable;         /* elements below */
    size_t      child_start, child_count; /* in tree.order */
} tree_node;

typedef struct tree {
    const ofz_cli   *cli;
    const ofz_model *model;
    tree_node       *node;
    size_t           count, room;
    size_t          *order; /* node numbers by (parent, first) */
} tree;

typedef struct leaf {
    const char *name;
    size_t      tensor;
} leaf;

static size_t part_size(const char *name, int depth)
{
    return depth + 1 < TREE_DEPTH ? strcspn(name, "./") : strlen(name);
}

static int leaf_compare(const void *pa, const void *pb)
{
    const leaf *a = pa, *b = pb;
    const char *s = a->name, *t = b->name;

    for (int depth = 0;; depth++) {
        const size_t n = part_size(s, depth), m = part_size(t, depth);
        const int    d = memcmp(s, t, n < m ? n : m);

        if (d) return d;
        if (n != m) return n < m ? -1 : 1;
        if (s[n] != t[m]) return s[n] < t[m] ? -1 : 1; /* one ends, or '.' against '/' */
        if (!s[n]) return a->tensor < b->tensor ? -1 : a->tensor > b->tensor;
        s += n + 1;
        t += m + 1;
    }
}

static size_t node_add(tree *t, tree_node node)
{
    if (t->count == t->room) {
        t->room = t->room ? 2 * t->room : 64;
        t->node = ofz_cli_realloc(t->node, t->room, sizeof *t->node);
    }
    t->node[t->count] = node;
    return t->count++;
}

static void leaf_add(tree *t, size_t *path, int *path_count, const leaf *l)
{
    const ofz_tensor_info tensor = ofz_model_tensor(t->model, l->tensor);
    const char           *name   = l->name;
    int                   depth  = 0;

    for (;; depth++) {
        const size_t     n    = part_size(name, depth);
        const int        last = !name[n];
        const tree_node *old  = depth + 1 < *path_count ? &t->node[path[depth + 1]] : NULL;
        tree_node        node = { .part = name, .part_size = (int)n, .separator = name[n] };

        if (last || !old || old->leaf || old->separator != name[n] || old->part_size != (int)n ||
            memcmp(old->part, name, n) != 0) {
            node.parent     = path[depth];
            node.first      = l->tensor;
            node.tensor     = l->tensor;
            node.leaf       = last;
            path[depth + 1] = node_add(t, node);
            *path_count     = depth + 2;
        }
        if (last) break;
        name += n + 1;
    }
    for (int i = 0; i < *path_count; i++) {
        tree_node *node = &t->node[path[i]];

        node->count += tensor.count;
        node->trainable += tensor.trains ? tensor.count : 0;
        if (l->tensor < node->first) node->first = l->tensor;
    }
}

static int order_compare(const void *pa, const void *pb, void *user)
{
    const tree_node *node = user, *a = &node[*(const size_t *)pa], *b = &node[*(const size_t *)pb];

    if (a->parent != b->parent) return a->parent < b->parent ? -1 : 1;
    if (a->first != b->first) return a->first < b->first ? -1 : 1;
    return a < b ? -1 : a > b;
}

/* Sort siblings and let every parent know where its children stand. */
static void tree_order(tree *t)
{
    t->order = ofz_cli_realloc(NULL, t->count, sizeof *t->order);
    for (size_t i = 0; i < t->count; i++) t->order[i] = i;
    qsort_r(t->order + 1, t->count - 1, sizeof *t->order, order_compare, t->node);
    for (size_t i = 1; i < t->count; i++) {
        tree_node *parent = &t->node[t->node[t->order[i]].parent];

        if (!parent->child_count++) parent->child_start = i;
    }
}

static void node_row(const tree *t, const tree_node *node, const char *label, ofz_cli_table *table)
{
    char number[OFZ_TEXT_NUMBER];

    ofz_cli_table_cell(table, "%s", label);
    if (node->leaf) {
        const ofz_tensor_info tensor = ofz_model_tensor(t->model, node->tensor);
        char                 *shape  = ofz_cli_listing_shape(tensor.shape, tensor.rank, NULL);

        ofz_cli_table_cell(table, "%s", ofz_cli_text_count(number, node->count));
        ofz_cli_table_cell(table, "%s", tensor.trains ? "trains" : "");
        ofz_cli_table_cell(table, "%s %s", ofz_dtype_name(tensor.dtype), shape);
        free(shape);
        return;
    }
    ofz_cli_table_cell(table, "%s", ofz_cli_text_count(number, node->count));
    if (node->trainable && node->trainable < node->count)
        ofz_cli_table_cell(table, "%.1f %% trains",
                           100.0 * (double)node->trainable / (double)node->count);
    else
        ofz_cli_table_cell(table, "%s", node->trainable ? "trains" : "");
    ofz_cli_table_cell(table, "%s", "");
}

/* Depth first with a stack of our own; a part with one child joins it in one row.
 */
static void tree_rows(const tree *t, ofz_cli_table *table)
{
    struct {
        size_t next, end;
    } stack[TREE_DEPTH + 1];
    int   depth = 0;
    char *label = NULL;

    stack[0].next = t->node[TREE_ROOT].child_start;
    stack[0].end  = stack[0].next + t->node[TREE_ROOT].child_count;
    while (depth >= 0) {
        const tree_node *node;
        size_t           room;
        FILE            *f;

        if (stack[depth].next == stack[depth].end) {
            depth--;
            continue;
        }
        node = &t->node[t->order[stack[depth].next++]];
        f    = open_memstream(&label, &room);
        if (!f) ofz_cli_realloc(NULL, SIZE_MAX, 2);
        fprintf(f, "%*s%.*s", 2 * depth, "", node->part_size, node->part);
        while (!node->leaf && node->child_count == 1) {
            const char separator = node->separator;

            node = &t->node[t->order[node->child_start]];
            fprintf(f, "%c%.*s", separator, node->part_size, node->part);
        }
        if (fclose(f)) ofz_cli_realloc(NULL, SIZE_MAX, 2);
        node_row(t, node, label, table);
        free(label);
        if (node->leaf) continue;
        depth++;
        stack[depth].next = node->child_start;
        stack[depth].end  = node->child_start + node->child_count;
    }
}

void ofz_cli_listing_tree(const ofz_cli *cli, const ofz_model *model)
{
    const size_t   count                = ofz_model_tensor_count(model);
    tree           t                    = { .cli = cli, .model = model };
    leaf          *leaves               = ofz_cli_realloc(NULL, count, sizeof *leaves);
    size_t         path[TREE_DEPTH + 2] = { TREE_ROOT };
    int            path_count           = 1;
    ofz_cli_table *table                = ofz_cli_table_new("Lrll");

    for (size_t i = 0; i < count; i++) leaves[i] = (leaf){ ofz_model_tensor(model, i).name, i };
    qsort(leaves, count, sizeof *leaves, leaf_compare);
    node_add(&t, (tree_node){ .part = "", .first = 0 });
    for (size_t i = 0; i < count; i++) leaf_add(&t, path, &path_count, &leaves[i]);
    tree_order(&t);
    ofz_cli_table_cell(table, "name");
    ofz_cli_table_cell(table, "parameters");
    ofz_cli_table_cell(table, "trains");
    ofz_cli_table_cell(table, "tensor");
    tree_rows(&t, table);
    ofz_cli_table_print(table, stdout, 0, cli->out_width, cli->out_colour);
    ofz_cli_table_free(table);
    free(leaves);
    free(t.order);
    free(t.node);
}

/* select.c - see select.h. */
#include "pass/select.h"

#include <ctype.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pass/layers.h"
#include "pass/nearest.h"

/* What the matchers of one selector share. */
typedef struct pick {
    ofz_ctx         *ctx;
    const ofz_model *m;
    const char      *text; /* behind the prefix */
    bool            *hit;
    ofz_nearest     *near; /* where what could have been meant is offered */
} pick;

static const ofz_value *tensor_at(const ofz_model *m, size_t i)
{
    return m->tensor.item[i];
}

/* --- names ------------------------------------------------------------------------------------ */

/* One [set] at *p, which points behind the '['; moves *p behind the ']'. A set without an end is a
 * plain '['. */
static bool set_match(const char **p, char c, bool *is_set)
{
    const char *s      = *p;
    const bool  invert = *s == '!' || *s == '^';
    bool        found  = false;

    s += invert;
    for (bool first = true; *s && (first || *s != ']'); first = false) {
        const unsigned char low  = (unsigned char)*s++;
        unsigned char       high = low;

        if (s[0] == '-' && s[1] && s[1] != ']') {
            high = (unsigned char)s[1];
            s += 2;
        }
        found = found || ((unsigned char)c >= low && (unsigned char)c <= high);
    }
    *is_set = *s == ']';
    if (*is_set) *p = s + 1;
    return found != invert;
}

bool ofz_glob(const char *pattern, const char *name)
{
    const char *star = NULL, *resume = NULL;

    while (*name) {
        bool        is_set = false, ok;
        const char *next   = pattern + 1;

        if (*pattern == '*') {
            star   = ++pattern;
            resume = name;
            continue;
        }
        ok = *pattern && (*pattern == '?' || *pattern == *name);
        if (*pattern == '[') {
            const bool in = set_match(&next, *name, &is_set);

            if (is_set) ok = in;
        }
        if (ok) {
            pattern = next;
            name++;
        } else if (star) {
            pattern = star;
            name    = ++resume;
        } else {
            return false;
        }
    }
    while (*pattern == '*') pattern++;
    return !*pattern;
}

static ofz_status pick_name(pick *p, bool *exact)
{
    *exact = false;
    for (size_t i = 0; i < p->m->tensor.count; i++) {
        p->hit[i] = !strcmp(tensor_at(p->m, i)->name, p->text);
        *exact    = *exact || p->hit[i];
    }
    return OFZ_OK;
}

static ofz_status pick_glob(pick *p)
{
    for (size_t i = 0; i < p->m->tensor.count; i++) {
        p->hit[i] = ofz_glob(p->text, tensor_at(p->m, i)->name);
        ofz_nearest_offer(p->near, tensor_at(p->m, i)->name);
    }
    return OFZ_OK;
}

static ofz_status pick_regex(pick *p)
{
    regex_t re;
    char    why[128];
    int     error = regcomp(&re, p->text, REG_EXTENDED | REG_NOSUB);

    if (error) {
        regerror(error, &re, why, sizeof why);
        return ofz_fail(p->ctx, OFZ_E_ARG, "selector 're:%s': %s", p->text, why);
    }
    for (size_t i = 0; i < p->m->tensor.count; i++) {
        p->hit[i] = !regexec(&re, tensor_at(p->m, i)->name, 0, NULL, 0);
        ofz_nearest_offer(p->near, tensor_at(p->m, i)->name);
    }
    regfree(&re);
    return OFZ_OK;
}

/* --- roles, operators, nodes ------------------------------------------------------------------ */

/* "Norm-Scales" and "norm scale" are the same; so are the two spellings of quantisation. */
static void role_normalise(const char *text, char *buf, size_t size)
{
    size_t n = 0;

    for (; *text && n + 1 < size; text++) {
        const char c = (char)tolower((unsigned char)*text);

        buf[n++] = c == '-' || c == '_' ? ' ' : c == 'z' ? 's' : c;
    }
    buf[n] = '\0';
}

static bool role_means(const char *text, const char *role)
{
    const size_t n = strlen(role);
    char         asked[64], full[64];

    role_normalise(text, asked, sizeof asked);
    role_normalise(role, full, sizeof full);
    return !strncmp(asked, full, n) &&
           (!asked[n] || !strcmp(asked + n, "s") || !strcmp(asked + n, "es"));
}

static ofz_status pick_role(pick *p)
{
    int role = -1;

    for (int r = OFZ_ROLE_OTHER; r <= OFZ_ROLE_MASK; r++) {
        if (role_means(p->text, ofz_role_name((ofz_role)r))) role = r;
        ofz_nearest_offer(p->near, ofz_role_name((ofz_role)r));
    }
    if (role < 0) {
        const ofz_status st =
            ofz_fail(p->ctx, OFZ_E_ARG, "selector 'role:%s': no such role", p->text);

        return ofz_fix(p->ctx, st,
                       "roles: weight, bias, norm scale, norm shift, norm statistic, embedding, "
                       "shape, quantisation, mask, other");
    }
    for (size_t i = 0; i < p->m->tensor.count; i++)
        p->hit[i] = ofz_value_role(tensor_at(p->m, i)) == (ofz_role)role;
    return OFZ_OK;
}

/* "Conv", or "com.microsoft.FusedConv" for another domain. */
static bool node_has_type(const ofz_node *n, const char *type)
{
    const size_t domain = strlen(n->domain);

    if (!strcmp(n->op_type, type)) return true;
    return domain && !strncmp(type, n->domain, domain) && type[domain] == '.' &&
           !strcmp(type + domain + 1, n->op_type);
}

static bool node_has_name(const ofz_node *n, const char *glob)
{
    if (n->name[0] && (!strcmp(n->name, glob) || ofz_glob(glob, n->name))) return true;
    for (size_t i = 0; i < n->out_count; i++)
        if (n->out[i] && (!strcmp(n->out[i]->name, glob) || ofz_glob(glob, n->out[i]->name)))
            return true;
    return false;
}

typedef struct read_by {
    const char *text;
    bool (*match)(const ofz_node *n, const char *text);
    const char *(*offer)(const ofz_node *n);
    ofz_nearest *near;
    bool         found;
} read_by;

static const char *node_type(const ofz_node *n)
{
    return n->op_type;
}

static const char *node_name(const ofz_node *n)
{
    return n->name[0] ? n->name : n->out_count && n->out[0] ? n->out[0]->name : "";
}

static bool read_by_node(void *user, const ofz_node *n, int index, bool through)
{
    read_by *r = user;

    (void)index;
    (void)through;
    r->found = r->found || r->match(n, r->text);
    ofz_nearest_offer(r->near, r->offer(n));
    return true;
}

/* Calls of functions are not among the readers, their bodies' nodes are. */
static void read_by_calls(read_by *r, const ofz_value *v)
{
    for (size_t u = 0; u < v->use_count; u++)
        if (v->use[u].index >= 0) read_by_node(r, v->use[u].node, v->use[u].index, false);
}

static ofz_status pick_reader(pick *p, bool (*match)(const ofz_node *, const char *),
                              const char *(*offer)(const ofz_node *))
{
    for (size_t i = 0; i < p->m->tensor.count; i++) {
        read_by r = { p->text, match, offer, p->near, false };

        ofz_value_readers(tensor_at(p->m, i), read_by_node, &r);
        if (tensor_at(p->m, i)->flat) read_by_calls(&r, tensor_at(p->m, i));
        p->hit[i] = r.found;
    }
    return OFZ_OK;
}

static ofz_status pick_op(pick *p)
{
    return pick_reader(p, node_has_type, node_type);
}

static ofz_status pick_node(pick *p)
{
    return pick_reader(p, node_has_name, node_name);
}

/* --- places in the graph ---------------------------------------------------------------------- */

static ofz_status pick_last(pick *p)
{
    char      *end;
    const long n = strtol(p->text, &end, 10);
    int       *below;
    ofz_status st;

    if (!isdigit((unsigned char)p->text[0]) || *end || n < 1)
        return ofz_fail(p->ctx, OFZ_E_ARG, "selector 'last:%s': want a number of layers from 1",
                        p->text);
    below = calloc(p->m->tensor.count + 1, sizeof *below);
    if (!below) return ofz_fail_nomem(p->ctx, "layers", p->m->tensor.count);
    st = ofz_layers_below(p->ctx, p->m, below);
    for (size_t i = 0; i < p->m->tensor.count && !st; i++)
        p->hit[i] = below[i] >= 0 && below[i] < n;
    free(below);
    return st;
}

static ofz_status pick_side(pick *p, bool after)
{
    const ofz_value *at = ofz_value_find(p->m->graph, p->text);

    for (size_t i = 0; i < p->m->tensor.count && !at; i++) /* inside a subgraph */
        if (!strcmp(tensor_at(p->m, i)->name, p->text)) at = tensor_at(p->m, i);
    if (at) return ofz_layers_side(p->ctx, p->m, at, after, p->hit);
    for (size_t i = 0; i < p->m->graph->value.count; i++)
        ofz_nearest_offer(p->near, ((const ofz_value *)p->m->graph->value.item[i])->name);
    return OFZ_OK;
}

static ofz_status pick_before(pick *p)
{
    return pick_side(p, false);
}

static ofz_status pick_after(pick *p)
{
    return pick_side(p, true);
}

/* --- all of them ------------------------------------------------------------------------------ */

static const struct {
    const char *prefix;
    ofz_status (*pick)(pick *p);
} kinds[] = {
    { "re:", pick_regex },    { "role:", pick_role }, { "op:", pick_op },
    { "node:", pick_node },   { "last:", pick_last }, { "before:", pick_before },
    { "after:", pick_after }, { "", pick_glob },
};

static ofz_status pick_any(pick *p)
{
    size_t k = 0;

    while (strncmp(p->text, kinds[k].prefix, strlen(kinds[k].prefix))) k++;
    p->text += strlen(kinds[k].prefix);
    ofz_nearest_init(p->near, p->text);
    return kinds[k].pick(p);
}

ofz_status ofz_select(ofz_ctx *ctx, const ofz_model *m, const char *text, ofz_selection *out)
{
    ofz_nearest near;
    pick        p = { ctx, m, text, out->hit, &near };
    ofz_status  st;
    char        names[200];

    if (!*text) return ofz_fail(ctx, OFZ_E_ARG, "selector: empty, want a name or a pattern");
    OFZ_TRY(pick_name(&p, &out->exact));
    if (out->exact) return OFZ_OK;
    OFZ_TRY(pick_any(&p));
    for (size_t i = 0; i < m->tensor.count; i++)
        if (out->hit[i]) return OFZ_OK;
    st = ofz_fail(ctx, OFZ_E_ARG, "selector '%s': matches nothing, want a tensor of the model",
                  text);
    if (!ofz_nearest_text(&near, names, sizeof names)) return st;
    return ofz_fix(ctx, st, "nearest: %s", names);
}

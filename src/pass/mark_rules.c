/* mark_rules.c - see mark_rules.h. */
#include "pass/mark_rules.h"

#include <stdlib.h>
#include <string.h>

#include "pass/layers.h"

/* Rules work on this copy; the model is written to when all of them were good. */
typedef struct draft {
    ofz_ctx         *ctx;
    const ofz_model *m;
    bool            *trains; /* [m->tensor.count] */
    bool            *usual;  /* [m->tensor.count] trains by default */
    bool            *hit;    /* [m->tensor.count] of the current selector */
} draft;

const char *ofz_mark_name(ofz_mark mark)
{
    switch (mark) {
    case OFZ_MARK_NONE:
        return "none";
    case OFZ_MARK_FROZEN:
        return "frozen";
    case OFZ_MARK_TRAINABLE:
        return "trainable";
    }
    return "none";
}

static const ofz_value *tensor_at(const draft *d, size_t i)
{
    return d->m->tensor.item[i];
}

bool ofz_value_markable(const ofz_value *v)
{
    const ofz_attr *a;

    if (!v->constant || v->sparse) return false;
    if (v->initializer) return true;
    if (!v->producer || v->producer->domain[0] || strcmp(v->producer->op_type, "Constant"))
        return false;
    a = ofz_node_attr(v->producer, "value");
    return a && a->type == OFZ_ATTR_TENSOR;
}

/* --- train and freeze ------------------------------------------------------------------------- */

static ofz_status rule_freeze(draft *d, const char *text)
{
    ofz_selection s = { .hit = d->hit };

    OFZ_TRY(ofz_select(d->ctx, d->m, text, &s));
    for (size_t i = 0; i < d->m->tensor.count; i++)
        if (s.hit[i]) d->trains[i] = false;
    return OFZ_OK;
}

static ofz_status train_exact(draft *d, const char *text)
{
    for (size_t i = 0; i < d->m->tensor.count; i++) {
        const ofz_value *v = tensor_at(d, i);

        if (!d->hit[i]) continue;
        if (v->sparse)
            return ofz_fail(d->ctx, OFZ_E_ARG, "tensor '%s': sparse, want a dense one to train",
                            text);
        if (!ofz_value_trainable(v))
            return ofz_fail(d->ctx, OFZ_E_ARG,
                            "tensor '%s': %s, want float32, float64, float16 or bfloat16 to train",
                            text, ofz_dtype_name(v->constant->dtype));
        if (!ofz_value_markable(v))
            return ofz_fail(d->ctx, OFZ_E_ARG,
                            "tensor '%s': a list in a Constant node, want a tensor to mark", text);
        d->trains[i] = true;
    }
    return OFZ_OK;
}

static ofz_status rule_train(draft *d, const char *text)
{
    ofz_selection    s    = { .hit = d->hit };
    const ofz_value *left = NULL;
    size_t           hits = 0, trained = 0;
    ofz_status       st;

    OFZ_TRY(ofz_select(d->ctx, d->m, text, &s));
    if (s.exact) return train_exact(d, text);
    for (size_t i = 0; i < d->m->tensor.count; i++) {
        if (!s.hit[i]) continue;
        hits++;
        if (d->usual[i]) {
            d->trains[i] = true;
            trained++;
        } else if (!left || (!ofz_value_trainable(left) && ofz_value_trainable(tensor_at(d, i)))) {
            left = tensor_at(d, i);
        }
    }
    if (trained || !left) return OFZ_OK;
    st = ofz_fail(d->ctx, OFZ_E_ARG,
                  "selector '%s': of the %zu it matches none trains unless asked by name", text,
                  hits);
    if (!ofz_value_trainable(left)) return st;
    return ofz_fix(d->ctx, st, "'%s' is %s%s: to train it, give its exact name", left->name,
                   ofz_role_name(ofz_value_role(left)),
                   left->initializer ? "" : " in a Constant node");
}

/* --- presets ---------------------------------------------------------------------------------- */

static bool role_in(ofz_role role, const ofz_role *set, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (set[i] == role) return true;
    return false;
}

/* d->hit becomes the head: the last layer that has something to train. */
static ofz_status head_find(draft *d)
{
    const size_t count = d->m->tensor.count;
    int         *below = calloc(count + 1, sizeof *below);
    int          least = -1;
    ofz_status   st;

    if (!below) return ofz_fail_nomem(d->ctx, "layers", count);
    st = ofz_layers_below(d->ctx, d->m, below);
    for (size_t i = 0; i < count && !st; i++)
        if (d->usual[i] && below[i] >= 0 && (least < 0 || below[i] < least)) least = below[i];
    for (size_t i = 0; i < count && !st; i++) d->hit[i] = least >= 0 && below[i] == least;
    free(below);
    return st;
}

static const struct {
    const char *name;
    bool        all, head;
    size_t      count;
    ofz_role    role[2];
} presets[] = {
    { "none", false, false, 0, { 0 } },
    { "all", true, false, 0, { 0 } },
    { "head", false, true, 0, { 0 } },
    { "bias", false, true, 2, { OFZ_ROLE_BIAS, OFZ_ROLE_NORM_SHIFT } },
    { "norm", false, false, 2, { OFZ_ROLE_NORM_SCALE, OFZ_ROLE_NORM_SHIFT } },
};

static ofz_status rule_preset(draft *d, const char *text)
{
    const size_t kinds = sizeof presets / sizeof presets[0];
    size_t       k = 0, trained = 0;

    while (k < kinds && strcmp(presets[k].name, text)) k++;
    if (k == kinds)
        return ofz_fail(d->ctx, OFZ_E_ARG, "preset '%s': want none, all, head, bias or norm", text);
    memset(d->hit, 0, d->m->tensor.count * sizeof *d->hit);
    if (presets[k].head) OFZ_TRY(head_find(d));
    for (size_t i = 0; i < d->m->tensor.count; i++) {
        const ofz_role role = ofz_value_role(tensor_at(d, i));

        d->trains[i] = d->usual[i] && (presets[k].all || d->hit[i] ||
                                       role_in(role, presets[k].role, presets[k].count));
        trained += d->trains[i];
    }
    if (trained || k == 0) return OFZ_OK;
    return ofz_fix(d->ctx,
                   ofz_fail(d->ctx, OFZ_E_ARG,
                            "preset '%s': no such tensor among those that train by default", text),
                   "see what there is with: onnxfreeze inspect MODEL --params");
}

/* --- all of them ------------------------------------------------------------------------------ */

static ofz_status rules_run(draft *d, const ofz_mark_rule *rules, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *text = rules[i].text ? rules[i].text : "";

        switch (rules[i].action) {
        case OFZ_ACTION_FREEZE:
            OFZ_TRY(rule_freeze(d, text));
            break;
        case OFZ_ACTION_TRAIN:
            OFZ_TRY(rule_train(d, text));
            break;
        case OFZ_ACTION_PRESET:
            OFZ_TRY(rule_preset(d, text));
            break;
        default:
            return ofz_fail(d->ctx, OFZ_E_ARG, "rule %zu: action %d, want one of ofz_mark_action",
                            i, (int)rules[i].action);
        }
    }
    return OFZ_OK;
}

/* The statistics of a norm that trains are not promised to stay: `train --bn batch` moves them. */
static void statistic_release(ofz_value *v)
{
    const ofz_mark mark = v->mark;

    if (mark != OFZ_MARK_FROZEN) return;
    v->mark = OFZ_MARK_NONE;
    if (!ofz_value_moves(v, true)) v->mark = mark;
}

ofz_status ofz_marks_apply(ofz_ctx *ctx, ofz_model *m, const ofz_mark_rule *rules, size_t count)
{
    const size_t n      = m->tensor.count;
    bool        *flags  = calloc(3 * n + 1, sizeof *flags);
    draft        d      = { ctx, m, flags, flags + n, flags + 2 * n };
    const bool   marked = ofz_model_marked(m);
    ofz_status   st     = OFZ_OK;

    if (!flags) return ofz_fail_nomem(ctx, "marks", 3 * n + 1);
    for (size_t i = 0; i < n; i++) {
        d.usual[i]  = ofz_value_trains_by_default(tensor_at(&d, i));
        d.trains[i] = marked ? tensor_at(&d, i)->mark == OFZ_MARK_TRAINABLE : d.usual[i];
    }
    OFZ_GOTO(rules_run(&d, rules, count));
    for (size_t i = 0; i < n; i++) {
        ofz_value *v = m->tensor.item[i];

        if (ofz_value_markable(v)) v->mark = d.trains[i] ? OFZ_MARK_TRAINABLE : OFZ_MARK_FROZEN;
    }
    for (size_t i = 0; i < n; i++) statistic_release(m->tensor.item[i]);
    m->stripped = false;
done:
    free(flags);
    return st;
}

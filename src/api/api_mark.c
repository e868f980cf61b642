/* api_mark.c - the marks of the public interface. */
#include "pass/mark_rules.h"

ofz_status ofz_mark_apply(ofz_ctx *ctx, ofz_model *model, const ofz_mark_rule *rules, size_t count)
{
    return ofz_marks_apply(ctx, model, rules, count);
}

void ofz_mark_strip(ofz_model *model)
{
    for (size_t i = 0; i < model->tensor.count; i++) {
        ofz_value *v = model->tensor.item[i];

        v->mark     = OFZ_MARK_NONE;
        v->group    = NULL;
        v->lr_scale = 1;
    }
    model->stripped = true;
}

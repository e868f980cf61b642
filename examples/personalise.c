/* personalise.c - fine-tune a model's head on the user's own samples, through onnxfreeze.h alone.
 *
 *   personalise MODEL.onnx SAMPLES.npz OUT.onnx
 *
 * SAMPLES.npz holds one array per model input, named alike, and `labels`. */
#include <onnxfreeze.h>
#include <stdio.h>

static int on_event(void *user, const ofz_event *event)
{
    (void)user;
    if (event->kind == OFZ_EVENT_EPOCH && event->val)
        printf("epoch %d: loss %.4f, accuracy %.3f\n", event->epoch, event->loss,
               event->val->accuracy);
    return 0; /* nonzero stops the training */
}

static ofz_status personalise(ofz_ctx *ctx, ofz_model **model, ofz_arrays **data, char **argv)
{
    const ofz_mark_rule rule = { OFZ_ACTION_PRESET, "head" }; /* freeze all but the last layer */
    ofz_train_options   train;
    ofz_train_report    trained;
    ofz_export_options  export_as;
    ofz_export_report   written;
    ofz_status          st;

    if ((st = ofz_model_load(ctx, argv[1], model)) != OFZ_OK) return st;
    if ((st = ofz_arrays_new(ctx, data)) != OFZ_OK) return st;
    if ((st = ofz_arrays_load(ctx, *data, argv[2], NULL)) != OFZ_OK) return st;
    if ((st = ofz_mark_apply(ctx, *model, &rule, 1)) != OFZ_OK) return st;

    ofz_train_options_init(&train);
    train.lr        = 0.05;
    train.epochs    = 20;
    train.val_split = 0.2;
    train.on_event  = on_event;
    if ((st = ofz_train(ctx, *model, *data, &train, &trained)) != OFZ_OK) return st;

    ofz_export_options_init(&export_as);
    if ((st = ofz_model_export(ctx, *model, argv[3], &export_as, &written)) != OFZ_OK) return st;
    printf("%s: %zu bytes, %zu frozen tensors unchanged\n", argv[3], written.size,
           written.frozen_count);
    return OFZ_OK;
}

int main(int argc, char **argv)
{
    ofz_ctx    *ctx   = ofz_ctx_new();
    ofz_model  *model = NULL;
    ofz_arrays *data  = NULL;
    ofz_status  st    = OFZ_E_ARG;

    if (argc != 4)
        fprintf(stderr, "usage: personalise MODEL.onnx SAMPLES.npz OUT.onnx\n");
    else if (ctx && (st = personalise(ctx, &model, &data, argv)) != OFZ_OK)
        fprintf(stderr, "personalise: %s\n", ofz_error(ctx));
    ofz_arrays_free(data);
    ofz_model_free(model);
    ofz_ctx_free(ctx);
    return st != OFZ_OK;
}

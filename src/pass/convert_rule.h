/* convert_rule.h - rules between neighbouring versions of an operator, and what they are written with.
 *
 * A rule stands at the version that begins with it. Going up to that version, `up` rewrites a node;
 * going down from it, first the attributes in `fresh` must have the value that the older version implies
 * and are dropped, then `down` rewrites it. NULL: there is nothing to rewrite. A rule at the first version
 * of an operator has only `down`, which expands it into older operators. An operator has a rule for every
 * one of its versions; where there is none, no conversion passes. */
#ifndef OFZ_PASS_CONVERT_RULE_H
#define OFZ_PASS_CONVERT_RULE_H

#include "model/model.h"

typedef struct ofz_conversion {
    ofz_ctx   *ctx;
    ofz_model *model;
    int64_t    to;   /* the opset of this step */
    bool       grew; /* nodes were added */
} ofz_conversion;

/* Errors: OFZ_E_UNSUPPORTED "subject: found, want expected"; the framework says which node. */
typedef ofz_status ofz_convert_fn(ofz_conversion *c, ofz_node *n);

typedef struct ofz_convert_rule {
    const char     *op;
    int             version;
    const char     *fresh; /* "ceil_mode=0 dilations=1": of a list, every element; NULL: none */
    ofz_convert_fn *up, *down;
} ofz_convert_rule;

/* NULL when there is none. */
const ofz_convert_rule *ofz_convert_find(const char *op, int64_t version);
/* By number, in no order; NULL past the end. */
const ofz_convert_rule *ofz_convert_at(size_t index);

/* --- looking ---------------------------------------------------------------------------------- */

int64_t    ofz_cv_int(const ofz_node *n, const char *name, int64_t other);
float      ofz_cv_float(const ofz_node *n, const char *name, float other);
bool       ofz_cv_text_is(const ofz_node *n, const char *name, const char *text, bool absent);
ofz_value *ofz_cv_in(const ofz_node *n, size_t index); /* NULL: omitted */
bool       ofz_cv_out_read(const ofz_node *n, size_t index);
/* The rank of input `index`. Errors: OFZ_E_UNSUPPORTED when inference does not know it. */
ofz_status ofz_cv_rank(ofz_conversion *c, const ofz_node *n, size_t index, int *out) OFZ_MUST_USE;
/* The integers of constant input `index`, in the arena. Errors: OFZ_E_UNSUPPORTED "input 1 (axes): computed,
 * want a constant". */
ofz_status ofz_cv_const_ints(ofz_conversion *c, const ofz_node *n, size_t index, const char *name,
                             ofz_ints *out) OFZ_MUST_USE;
/* The one number of constant input `index`. */
ofz_status ofz_cv_const_number(ofz_conversion *c, const ofz_node *n, size_t index, const char *name,
                               double *out) OFZ_MUST_USE;

/* --- writing ---------------------------------------------------------------------------------- */

ofz_status ofz_cv_set_int(ofz_conversion *c, ofz_node *n, const char *name, int64_t x) OFZ_MUST_USE;
ofz_status ofz_cv_set_float(ofz_conversion *c, ofz_node *n, const char *name, float x) OFZ_MUST_USE;
ofz_status ofz_cv_set_text(ofz_conversion *c, ofz_node *n, const char *name,
                           const char *text) OFZ_MUST_USE; /* text: a literal */
ofz_status ofz_cv_set_ints(ofz_conversion *c, ofz_node *n, const char *name,
                           ofz_ints x) OFZ_MUST_USE; /* x.v: in the arena */
/* Give input `index` the value; the list of inputs grows where it must. */
ofz_status ofz_cv_set_in(ofz_conversion *c, ofz_node *n, size_t index, ofz_value *v) OFZ_MUST_USE;
/* No inputs from `count` on. */
ofz_status ofz_cv_cut_in(ofz_conversion *c, ofz_node *n, size_t count) OFZ_MUST_USE;
/* No outputs from `count` on: nobody may read them. */
void ofz_cv_cut_out(ofz_node *n, size_t count);
/* New constants beside `n`, named after it: an int64 tensor of rank 1 (scalar: of rank 0, count 1), or a
 * scalar of a float type. */
ofz_status ofz_cv_ints(ofz_conversion *c, const ofz_node *n, const char *what, const int64_t *x,
                       size_t count, bool scalar, ofz_value **out) OFZ_MUST_USE;
ofz_status ofz_cv_number(ofz_conversion *c, const ofz_node *n, const char *what, ofz_dtype dtype,
                         double x, ofz_value **out) OFZ_MUST_USE;
/* The element type of input 0. Errors: OFZ_E_UNSUPPORTED when it is unknown. */
ofz_status ofz_cv_dtype(ofz_conversion *c, const ofz_node *n, ofz_dtype *out) OFZ_MUST_USE;

/* Nodes in the graph of `n`, in the version of this step. *out: NULL makes a value, else that value, which
 * nobody may make any more. */
ofz_status ofz_cv_emit(ofz_conversion *c, const ofz_node *n, const char *op_type, size_t in_count,
                       ofz_value *const *in, const ofz_attr *attr, size_t attr_count,
                       ofz_value **out) OFZ_MUST_USE;
ofz_status ofz_cv_unary(ofz_conversion *c, const ofz_node *n, const char *op_type, ofz_value *x,
                        ofz_value **out) OFZ_MUST_USE;
ofz_status ofz_cv_binary(ofz_conversion *c, const ofz_node *n, const char *op_type, ofz_value *a,
                         ofz_value *b, ofz_value **out) OFZ_MUST_USE;
ofz_status ofz_cv_cast(ofz_conversion *c, const ofz_node *n, ofz_value *x, ofz_dtype to,
                       ofz_value **out) OFZ_MUST_USE;

/* The last node of those that stand for `n`: it makes n's first output, and n is removed. */
ofz_status ofz_cv_finish(ofz_conversion *c, ofz_node *n, const char *op_type, size_t in_count,
                         ofz_value *const *in, const ofz_attr *attr,
                         size_t attr_count) OFZ_MUST_USE;
/* The node is one of another operator with the same inputs. op_type: a literal. */
void ofz_cv_become(ofz_node *n, const char *op_type);

/* --- the rules, by what they are about -------------------------------------------------------- */

#define OFZ_CONVERT(name) ofz_status ofz_convert_##name(ofz_conversion *c, ofz_node *n)

/* convert_input.c: attributes that became inputs */
OFZ_CONVERT(axes_up);
OFZ_CONVERT(axes_down);
OFZ_CONVERT(reduce_down);
OFZ_CONVERT(split_up);
OFZ_CONVERT(split_down);
OFZ_CONVERT(clip_up);
OFZ_CONVERT(clip_down);
OFZ_CONVERT(dropout_up);
OFZ_CONVERT(dropout_down);
OFZ_CONVERT(slice_up);
OFZ_CONVERT(slice_down);
OFZ_CONVERT(topk_up);
OFZ_CONVERT(topk_down);
OFZ_CONVERT(pad_up);
OFZ_CONVERT(pad_down);
OFZ_CONVERT(upsample_up);
OFZ_CONVERT(upsample_down);
OFZ_CONVERT(dft_up);
OFZ_CONVERT(dft_down);

/* convert_meaning.c: the same words with another meaning */
OFZ_CONVERT(axis_down); /* axis and axes below zero: not before 11 */
OFZ_CONVERT(softmax_up);
OFZ_CONVERT(softmax_down);
OFZ_CONVERT(resize_11_up);
OFZ_CONVERT(resize_11_down);
OFZ_CONVERT(resize_13_up);
OFZ_CONVERT(resize_13_down);
OFZ_CONVERT(resize_18_down);
OFZ_CONVERT(resize_19_down);
OFZ_CONVERT(to_resize);
OFZ_CONVERT(to_upsample);
OFZ_CONVERT(to_scatter_elements);
OFZ_CONVERT(to_scatter);
OFZ_CONVERT(roi_align_up);
OFZ_CONVERT(roi_align_down);
OFZ_CONVERT(grid_up);
OFZ_CONVERT(grid_down);
OFZ_CONVERT(norm_9_up);
OFZ_CONVERT(norm_14_up);
OFZ_CONVERT(norm_14_down);
OFZ_CONVERT(group_norm_up);
OFZ_CONVERT(group_norm_down);
OFZ_CONVERT(split_18_up);
OFZ_CONVERT(split_18_down);

/* convert_narrow.c: what an older version lacks */
OFZ_CONVERT(never);
OFZ_CONVERT(gemm_down);
OFZ_CONVERT(pad_18_down);
OFZ_CONVERT(pad_19_down);
OFZ_CONVERT(quantize_13_down);
OFZ_CONVERT(one_output_down);
OFZ_CONVERT(same_shapes_down);
OFZ_CONVERT(reduction_down);
OFZ_CONVERT(constant_down);
OFZ_CONVERT(shape_down);
OFZ_CONVERT(pow_down);
OFZ_CONVERT(no_bool_down);
OFZ_CONVERT(attention_24_down);
OFZ_CONVERT(has_element_down);
OFZ_CONVERT(dropout_mask);
OFZ_CONVERT(drop_consumed);
OFZ_CONVERT(drop_is_test);
OFZ_CONVERT(set_is_test);
OFZ_CONVERT(broadcast_up);
OFZ_CONVERT(cast_6_up);
OFZ_CONVERT(gemm_7_down);
OFZ_CONVERT(gemm_7_up);
OFZ_CONVERT(output_sequence_up);

/* convert_expand.c: operators in terms of older ones */
OFZ_CONVERT(gelu);
OFZ_CONVERT(hard_swish);
OFZ_CONVERT(mish);
OFZ_CONVERT(swish);
OFZ_CONVERT(celu);
OFZ_CONVERT(greater_or_equal);
OFZ_CONVERT(less_or_equal);
OFZ_CONVERT(layer_norm);
OFZ_CONVERT(rms_norm);
OFZ_CONVERT(thresholded_relu);

#endif

/* sparse.h - SparseTensorProto: values, and where in a dense tensor of zeros they stand. */
#ifndef OFZ_MODEL_SPARSE_H
#define OFZ_MODEL_SPARSE_H

#include "model/tensor_proto.h"

/* What is wrong with it, "indices that do not rise", or NULL.
 *   indices   its data aligned, if it is of type int64 */
const char *ofz_sparse_fault(const Onnx__SparseTensorProto *p, const ofz_tensor *values,
                             const ofz_tensor *indices);

/* The dense tensor, in the model's arena.
 * Errors: OFZ_E_MODEL for a fault, OFZ_E_LIMIT for a dense shape of more bytes than a tensor may have;
 * those of ofz_tensor_proto_read. */
ofz_status ofz_sparse_read(ofz_ctx *ctx, ofz_model *model, const Onnx__SparseTensorProto *p,
                           ofz_tensor *out) OFZ_MUST_USE;

#endif

/* convert_opset.h - the same model in the operators of another opset of ai.onnx. */
#ifndef OFZ_PASS_CONVERT_OPSET_H
#define OFZ_PASS_CONVERT_OPSET_H

#include "model/model.h"

/* The versions that conversion knows. */
enum { OFZ_CONVERT_MIN = 1, OFZ_CONVERT_MAX = 28 };

/* Rewrite every node of ai.onnx, subgraphs included, version by version, until the model imports
 * `version` and computes what it computed. The IR version rises where the opset needs it to.
 * Errors: OFZ_E_ARG (a version out of range), OFZ_E_UNSUPPORTED (no rule, or what the node does cannot be
 * said in the older version: node, operator and reason are named; also: the model has functions of its
 * own), OFZ_E_NOMEM. After a failure the model is only good for being dropped. */
ofz_status ofz_convert_opset(ofz_ctx *ctx, ofz_model *m, int64_t version) OFZ_MUST_USE;

/* The smallest IR version that carries opset `version` of ai.onnx. */
int64_t ofz_convert_ir(int64_t version);

#endif

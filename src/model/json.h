/* json.h - a serialised model as JSON, by protobuf's own mapping (lowerCamelCase names, int64 as text, bytes
 * as base64, enumerators by name), and back. Fields stand in the order of their numbers both ways, so a file
 * that was written so - as protobuf's own writers do - comes back byte for byte. */
#ifndef OFZ_MODEL_JSON_H
#define OFZ_MODEL_JSON_H

#include "model/edit.h"

/* Append the JSON of the ModelProto that these bytes are.
 *   drop_unknown   leave out fields that this program does not know, instead of failing
 * Errors: OFZ_E_PARSE, OFZ_E_UNSUPPORTED (a field that is not known, a text that is not UTF-8, a NaN with a
 * payload), OFZ_E_LIMIT, OFZ_E_NOMEM. */
ofz_status ofz_json_write(ofz_ctx *ctx, ofz_bytes_view model, bool drop_unknown,
                          ofz_bytes *out) OFZ_MUST_USE;

/* Append the ModelProto that this text describes. Names of fields may be those of the .proto as well.
 * Errors: OFZ_E_PARSE "json: line 3: found, want expected", OFZ_E_LIMIT, OFZ_E_NOMEM. */
ofz_status ofz_json_read(ofz_ctx *ctx, ofz_bytes_view text, ofz_bytes *out) OFZ_MUST_USE;

#endif

/* contrib_attention.h - what ONNX Runtime's attention operators share. */
#ifndef OFZ_OPS_CONTRIB_ATTENTION_H
#define OFZ_OPS_CONTRIB_ATTENTION_H

#include "ops/contrib.h"

/* Q, K and V are [batch, length, heads * dim]. */
typedef struct ofz_ms_attention {
    ofz_part q, k, v;
    ofz_part mask;           /* int32: [batch] lengths, [2 * batch] ends then starts, [batch, keys],
                      [batch, rows, keys], or [batch, 1, most, most] of which a corner counts */
    ofz_part bias;           /* added to the scores */
    ofz_part past_k, past_v; /* rank 4 */
    int64_t  heads;
    bool     causal, present; /* present: out[1] and out[2] are wanted */
    float    scale, filter;   /* scale 0: the usual one; filter: added where the mask hides */
} ofz_ms_attention;

/* out[]: the result [batch, length, heads * dim], and the present key and value, of rank 4. */
void ofz_ms_attend(ofz_build *b, const ofz_ms_attention *a, ofz_part out[3]);
/* Split x along its last axis; size NULL: in three equal parts. */
void ofz_ms_split3(ofz_build *b, ofz_part x, const int64_t *size, ofz_part out[3]);

/* The attributes of Attention and QAttention. */
typedef struct ofz_ms_attention_attrs {
    int64_t  heads, causal, rotary, rotary_dim, share;
    float    filter, scale;
    ofz_ints sizes;
} ofz_ms_attention_attrs;

/* Both from the projection on: qkv [batch, length, q + k + v], the node's mask, past [2, batch,
 * heads, length, dim] and bias (OFZ_NO_PART where absent); its outputs are set. */
void ofz_ms_attention_of(ofz_build *b, const ofz_ms_attention_attrs *a, ofz_part qkv, ofz_part mask,
                         ofz_part past, ofz_part bias);

#endif

/* compose.h - operators that are compositions of others: one recipe, three uses.
 *
 * A recipe is a function that applies rows to the inputs of its node and says which results are the
 * outputs. Run by ofz_compose_infer it finds types, by ofz_compose_eval numbers, and by
 * ofz_compose_grad it appends the same rows to the graph and asks each of them for its gradient.
 *
 *     static void bias_gelu(ofz_build *b)
 *     {
 *         const ofz_part x = ofz_apply(b, "Add", 14, NULL, OFZ_PARTS(ofz_part_in(b, 0), ofz_part_in(b, 1)));
 *
 *         ofz_part_out(b, 0, ofz_apply(b, "Gelu", 20, NULL, OFZ_PARTS(x)));
 *     }
 *
 * A failure stays in the build: from then on every call does nothing, results are OFZ_NO_PART and
 * types unknown, so that a recipe needs to look only before it computes with what it found. Recipes
 * see ranks and dims that may be unknown (a symbol) in inference, and never look at elements. */
#ifndef OFZ_OPS_COMPOSE_H
#define OFZ_OPS_COMPOSE_H

#include "ops/infer.h"

/* A value in the making: an input, a constant or a result. */
typedef int ofz_part;

enum { OFZ_NO_PART = -1, OFZ_LAST_PART = -2 };

typedef struct ofz_build {
    ofz_ctx        *ctx;
    const ofz_node *node;
    const void     *attrs; /* of the node, parsed */
    ofz_status      status;
    int             in_count, out_count;
    ofz_infer_call *infer; /* one of the three is set */
    ofz_eval_call  *eval;
    ofz_grad_call  *grad;

    struct ofz_build_room *room;
} ofz_build;

typedef void ofz_recipe(ofz_build *b);

/* The inputs of ofz_apply, and its attributes. */
#define OFZ_PARTS(...) ((const ofz_part[]){ __VA_ARGS__, OFZ_LAST_PART })
#define OFZ_SET(...)   ((const ofz_attr[]){ __VA_ARGS__, { 0 } })
#define OFZ_SET_I(n, x)                                                                            \
    {                                                                                              \
        .name = n, .type = OFZ_ATTR_INT, .u.i = x                                                  \
    }
#define OFZ_SET_F(n, x)                                                                            \
    {                                                                                              \
        .name = n, .type = OFZ_ATTR_FLOAT, .u.f = x                                                \
    }
#define OFZ_SET_S(n, x)                                                                            \
    {                                                                                              \
        .name = n, .type = OFZ_ATTR_STRING, .u.s = { x, sizeof(x) - 1 }                            \
    }
#define OFZ_SET_IS(n, ...)                                                                         \
    {                                                                                              \
        .name = n, .type = OFZ_ATTR_INTS, .u.ints = {                                              \
            (const int64_t[]){ __VA_ARGS__ },                                                      \
            sizeof((const int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t)                             \
        }                                                                                          \
    }

/* Input k of the node; OFZ_NO_PART when it is absent. */
ofz_part ofz_part_in(ofz_build *b, int k);
/* Type and shape; unknown for OFZ_NO_PART. */
const ofz_tensor *ofz_part_type(const ofz_build *b, ofz_part p);
static inline int ofz_part_rank(const ofz_build *b, ofz_part p)
{
    return ofz_part_type(b, p)->rank;
}
/* Dim `axis` (from the end when negative); a symbol when the rank is unknown or too small. */
int64_t ofz_part_dim(const ofz_build *b, ofz_part p, int axis);
/* Is output k asked for? */
bool ofz_part_wanted(const ofz_build *b, int k);

/* The elements of an integer part, where they are known before the run or in it: *count numbers.
 * false elsewhere. */
bool ofz_part_known(const ofz_build *b, ofz_part p, const int64_t **out, int64_t *count);

/* Checks; what is unknown passes, and so does OFZ_NO_PART. `what` names p in the error text. */
void ofz_part_want_rank(ofz_build *b, ofz_part p, const char *what, int rank);
/* Dim `axis` (from the end when negative) is `want`, which may be a symbol. */
void ofz_part_want_dim(ofz_build *b, ofz_part p, const char *what, int axis, int64_t want);
/* Input k is there: for those that stand behind optional ones. */
void ofz_part_want_in(ofz_build *b, int k);
/* An attribute that has only one value here, or an input or output that is never there. */
void ofz_part_want_plain(ofz_build *b, bool plain, const char *what);

/* Constants: a vector, and a scalar with the element type of `like`. */
ofz_part ofz_part_ints(ofz_build *b, int count, const int64_t *v);
ofz_part ofz_part_number(ofz_build *b, ofz_part like, double v);
#define OFZ_INTS(b, ...)                                                                           \
    ofz_part_ints(b, (int)(sizeof((const int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t)),            \
                  (const int64_t[]){ __VA_ARGS__ })

/* Something of which nothing is known, not even its type; in inference alone. */
ofz_part ofz_part_unknown(ofz_build *b);

/* Apply row `op` of version `opset` to in[] (until OFZ_LAST_PART; OFZ_NO_PART leaves one out).
 * "domain:Name" for other domains than ONNX's own.
 *   attr   ends with a NULL name; NULL for none
 * ofz_apply_many has `count` results, all asked for. */
ofz_part ofz_apply(ofz_build *b, const char *op, int opset, const ofz_attr *attr,
                   const ofz_part *in);
void     ofz_apply_many(ofz_build *b, const char *op, int opset, const ofz_attr *attr,
                        const ofz_part *in, int count, ofz_part *out);

/* The node's own attributes, for a row that shares them: all but those named in `without`, a list
 * that ends with NULL. */
const ofz_attr *ofz_part_attrs(ofz_build *b, const char *const *without);
#define OFZ_WITHOUT(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* Output k of the node is p. */
void ofz_part_out(ofz_build *b, int k, ofz_part p);
/* The types cannot be found: output k has this type of element and no known shape. */
void ofz_part_open(ofz_build *b, int k, ofz_dtype dtype);
/* The recipe fails with what was recorded. */
void ofz_part_fail(ofz_build *b, ofz_status st);
/* Record that it fails, unless it did: a code and the text as in ofz_fail. */
#define OFZ_PART_FAIL(b, ...)                                                                      \
    do {                                                                                           \
        if (!(b)->status) ofz_part_fail(b, ofz_fail((b)->ctx, __VA_ARGS__));                       \
    } while (0)

ofz_status ofz_compose_infer(ofz_infer_call *c, ofz_recipe *recipe) OFZ_MUST_USE;
ofz_status ofz_compose_eval(ofz_eval_call *c, ofz_recipe *recipe) OFZ_MUST_USE;
ofz_status ofz_compose_grad(ofz_grad_call *g, ofz_recipe *recipe) OFZ_MUST_USE;

/* NAME_infer and NAME_eval, and with _GRAD NAME_grad, of the recipe called NAME. */
#define OFZ_COMPOSED(name)                                                                         \
    static ofz_status name##_infer(ofz_infer_call *c)                                              \
    {                                                                                              \
        return ofz_compose_infer(c, name);                                                         \
    }                                                                                              \
    static ofz_status name##_eval(ofz_eval_call *c)                                                \
    {                                                                                              \
        return ofz_compose_eval(c, name);                                                          \
    }
#define OFZ_COMPOSED_GRAD(name)                                                                    \
    OFZ_COMPOSED(name)                                                                             \
    static ofz_status name##_grad(ofz_grad_call *g)                                                \
    {                                                                                              \
        return ofz_compose_grad(g, name);                                                          \
    }

#endif

/* schema.h - what the specification says of each version of an operator: formal parameters, the
 * element types that each may have, which of them must agree, attributes. The rows (op.h) say how a
 * version is computed; a schema says what a model may ask of it, and stands beside every version
 * whether a row exists or not.
 *
 * The table lies in schema_*.def, in a notation that is its own documentation:
 *   formals   "X:T W:T B:T? -> Y:T"   in, -> out. T? may be absent, T+ is one or more, T* any number;
 *                                     ~ behind them: each of these may have a type of its own.
 *                                     Behind the colon stands a type variable or an element type.
 *   types     "T = floats int32; Tind = int64"   what each variable may be. floats is float16,
 *                                     float32, float64; float8s, ints, uints and complexes are the
 *                                     others' whole families; seq(...), optional(...),
 *                                     optional(seq(...)), map(K,V) and seq(map(K,V)) are containers
 *   attrs     "axis:int! group:int=1 pads:ints"   ! is required, = gives the default
 * All uses of a variable in one node have one type. */
#ifndef OFZ_OPS_SCHEMA_H
#define OFZ_OPS_SCHEMA_H

#include "ir/graph.h"

enum { OFZ_SCHEMA_FORMALS = 14, OFZ_SCHEMA_VARIABLES = 4, OFZ_SCHEMA_TYPES_TEXT = 1024 };

/* A row of the table. */
typedef struct ofz_schema {
    const char *domain, *name; /* "" is ai.onnx */
    int         since;
    bool        deprecated; /* withdrawn in this version */
    const char *formals, *types, *attrs;
} ofz_schema;

/* A set of types: bit d stands for element type d (an ofz_dtype). Of maps it is only known that
 * some are allowed. */
typedef struct ofz_types {
    uint32_t tensor, seq, optional, optional_seq;
    bool     map, seq_map;
} ofz_types;

typedef struct ofz_formal {
    const char *name;
    int         name_size;
    ofz_types   types;
    int         variable; /* index, -1: a fixed type */
    bool        optional, variadic, each;
    int         least; /* of a variadic one */
} ofz_formal;

/* A schema taken apart. Refers to the table. */
typedef struct ofz_signature {
    const ofz_schema *schema;
    int               in_count, out_count, variable_count;
    ofz_formal        formal[OFZ_SCHEMA_FORMALS]; /* inputs, then outputs */
    struct {
        const char *name;
        int         name_size;
        ofz_types   types;
    } variable[OFZ_SCHEMA_VARIABLES];
} ofz_signature;

typedef struct ofz_schema_attr {
    const char   *name, *value; /* value: the default, as text; NULL without */
    int           name_size, value_size;
    ofz_attr_type type;
    bool          required;
} ofz_schema_attr;

/* What a node's type variables were found to be; zeroed before the first input. */
typedef struct ofz_variable_type {
    ofz_dtype dtype; /* OFZ_UNDEFINED: nothing is known */
    int       input; /* where it was seen first */
} ofz_variable_type;

/* The schema of exactly this version; NULL when there is none. */
const ofz_schema *ofz_schema_find(const char *domain, const char *name, int since);
/* The table by number, sorted by domain, name, since; NULL past the end. */
const ofz_schema *ofz_schema_at(size_t index);

/* false when the text is malformed: our own mistake, which a test looks for. */
bool ofz_signature_read(const ofz_schema *s, ofz_signature *out);

/* The formal parameter that input (output) `index` is one of; NULL when there is none. */
const ofz_formal *ofz_signature_in(const ofz_signature *s, size_t index);
const ofz_formal *ofz_signature_out(const ofz_signature *s, size_t index);

/* The types of a node's inputs against the signature. Inputs that are NULL or of unknown type pass.
 * A container is looked into as far as it has elements.
 *   bound   OFZ_SCHEMA_VARIABLES entries, written
 * Errors: OFZ_E_MODEL, "input 0 (X): int32, want float16, float32 or float64". */
ofz_status ofz_signature_check(ofz_ctx *ctx, const ofz_signature *s, const ofz_tensor *const *in,
                               size_t count, ofz_variable_type *bound) OFZ_MUST_USE;
/* What the signature alone says of output `index`: its variable's type, or the only one that is
 * allowed; OFZ_UNDEFINED when it does not decide. */
ofz_dtype ofz_signature_output(const ofz_signature *s, size_t index,
                               const ofz_variable_type *bound);
/* One output's type, as ofz_signature_check. */
ofz_status ofz_signature_check_output(ofz_ctx *ctx, const ofz_signature *s, size_t index,
                                      const ofz_tensor        *out,
                                      const ofz_variable_type *bound) OFZ_MUST_USE;

/* "float16, float32 or float64" into buf of OFZ_SCHEMA_TYPES_TEXT bytes; returns buf. */
const char *ofz_types_text(char *buf, const ofz_types *types);

/* The next attribute of the list at *cursor (begin with schema->attrs); false at its end. */
bool ofz_schema_attr_next(const char **cursor, ofz_schema_attr *out);

#endif

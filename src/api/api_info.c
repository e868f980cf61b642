/* api_info.c - what this build is and what it knows. */
#include <stdlib.h>
#include <string.h>

#include "ops/op.h"

const char *ofz_version(void)
{
    return OFZ_VERSION;
}

const char *ofz_build_options(void)
{
    static const char parts[] = ""
#ifdef OFZ_HAVE_ONEDNN
                                ", oneDNN"
#else
                                ", reference kernels"
#endif
#ifdef _OPENMP
                                ", OpenMP"
#endif
#ifdef OFZ_HAVE_UTF8PROC
                                ", utf8proc"
#endif
#ifdef OFZ_HAVE_PCRE2
                                ", PCRE2"
#endif
#ifdef OFZ_HAVE_JPEG
                                ", libjpeg"
#endif
#ifdef OFZ_HAVE_PNG
                                ", libpng"
#endif
#ifdef OFZ_HAVE_TIFF
                                ", libtiff"
#endif
#ifdef OFZ_HAVE_WEBP
                                ", libwebp"
#endif
#ifdef OFZ_HAVE_OPENJPEG
                                ", OpenJPEG"
#endif
        ;

    return parts + 2;
}

/* Private rows are an inside matter. */
static bool op_public(const ofz_op *op)
{
    return !op->domain || strcmp(op->domain, "ofz") != 0;
}

size_t ofz_op_count(void)
{
    size_t        count = 0;
    const ofz_op *op;

    for (size_t i = 0; (op = ofz_op_at(i)); i++) count += op_public(op);
    return count;
}

static int op_compare(const void *a, const void *b)
{
    const ofz_op *x = *(const ofz_op *const *)a, *y = *(const ofz_op *const *)b;
    int           c = strcmp(x->domain ? x->domain : "", y->domain ? y->domain : "");

    if (!c) c = strcmp(x->name, y->name);
    return c ? c : x->since - y->since;
}

ofz_op_info ofz_op_get(size_t index)
{
    const ofz_op     *row[4096]; /* ONNX has 642 operator versions */
    const ofz_schema *schema;
    const ofz_op     *op;
    size_t            count = 0;

    for (size_t i = 0; (op = ofz_op_at(i)) && count < sizeof row / sizeof row[0]; i++)
        if (op_public(op)) row[count++] = op;
    if (index >= count) return (ofz_op_info){ .domain = "", .name = "" };
    qsort(row, count, sizeof row[0], op_compare);
    op     = row[index];
    schema = ofz_schema_find(op->domain ? op->domain : "", op->name, op->since);
    return (ofz_op_info){
        .domain      = op->domain ? op->domain : "",
        .name        = op->name,
        .since       = op->since,
        .min_inputs  = op->in.min,
        .max_inputs  = op->in.max == OFZ_VARIADIC ? -1 : op->in.max,
        .min_outputs = op->out.min,
        .max_outputs = op->out.max == OFZ_VARIADIC ? -1 : op->out.max,
        .infer       = op->infer != NULL,
        .eval        = op->eval != NULL,
        .grad        = op->grad != NULL,
        .instead     = op->instead,
        .formals     = schema ? schema->formals : NULL,
        .types       = schema ? schema->types : NULL,
        .attributes  = schema ? schema->attrs : NULL,
        .limit       = ofz_op_limit(op),
    };
}

/* op_coverage.c - see op_coverage.h. */
#include "op_coverage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/container.h"

enum { SCHEMAS_MOST = 1024 };

static struct {
    bool      reached;
    ofz_types seen[OFZ_SCHEMA_VARIABLES];
} table[SCHEMAS_MOST];

const char *const op_shell_name[] = { "", "seq", "optional", "optional(seq" };

uint32_t *op_types_set(ofz_types *types, op_shell shell)
{
    return shell == SHELL_TENSOR     ? &types->tensor
           : shell == SHELL_SEQ      ? &types->seq
           : shell == SHELL_OPTIONAL ? &types->optional
                                     : &types->optional_seq;
}

op_shell op_shell_of(const ofz_tensor *t, uint32_t *types)
{
    const ofz_tensor *item  = t->data && ofz_dtype_is_container(t->dtype) ? t->data : NULL;
    op_shell          shell = t->dtype == OFZ_SEQUENCE   ? SHELL_SEQ
                              : t->dtype == OFZ_OPTIONAL ? SHELL_OPTIONAL
                                                         : SHELL_TENSOR;
    uint32_t          inner;

    *types = shell == SHELL_TENSOR && (int)t->dtype < 32 ? 1u << t->dtype : 0;
    for (int64_t i = 0; item && i < t->count; i++) {
        if (op_shell_of(&item[i], &inner) == SHELL_SEQ) shell = SHELL_OPTIONAL_SEQ;
        *types |= inner;
    }
    return shell;
}

static const char *domain_of(const ofz_op *op)
{
    return op->domain ? op->domain : "";
}

static void write_file(void)
{
    const char       *folder = getenv("OFZ_OP_COVERAGE");
    char              path[4096];
    const ofz_schema *s;
    FILE             *f;

    snprintf(path, sizeof path, "%s/%s.rows", folder, program_invocation_short_name);
    f = fopen(path, "w");
    if (!f) return;
    for (size_t i = 0; (s = ofz_schema_at(i)) && i < SCHEMAS_MOST; i++) {
        if (!table[i].reached) continue;
        fprintf(f, "%zu", i);
        for (int k = 0; k < OFZ_SCHEMA_VARIABLES; k++)
            for (int shell = 0; shell < SHELL_COUNT; shell++)
                fprintf(f, " %x", *op_types_set(&table[i].seen[k], (op_shell)shell));
        fprintf(f, "\n");
    }
    fclose(f);
}

/* The row's place in the table; -1: a private one. */
static int place_of(const ofz_op *op)
{
    static bool       registered;
    const ofz_schema *s = ofz_schema_find(domain_of(op), op->name, op->since);

    if (!s) return -1;
    if (!registered && getenv("OFZ_OP_COVERAGE")) atexit(write_file);
    registered = true;
    return (int)(s - ofz_schema_at(0));
}

void op_coverage_row(const ofz_op *op)
{
    const int at = place_of(op);

    if (at >= 0) table[at].reached = true;
}

void op_coverage_type(const ofz_op *op, int variable, op_shell shell, ofz_dtype dtype)
{
    const int at = place_of(op);

    if (at >= 0) *op_types_set(&table[at].seen[variable], shell) |= 1u << dtype;
}

ofz_types op_coverage_seen(const ofz_op *op, int variable)
{
    const int at = place_of(op);

    return at >= 0 ? table[at].seen[variable] : (ofz_types){ 0 };
}

static void note(int at, const ofz_formal *f, const ofz_tensor *t)
{
    uint32_t types;
    op_shell shell;

    if (!f || !t || !t->dtype || f->variable < 0) return;
    shell = op_shell_of(t, &types);
    *op_types_set(&table[at].seen[f->variable], shell) |= types;
}

void op_coverage_run(const ofz_op *op, const ofz_tensor *const *in, size_t in_count,
                     const ofz_tensor *const *out, size_t out_count)
{
    const int     at = place_of(op);
    ofz_signature s;

    if (at < 0 || !ofz_signature_read(ofz_schema_at((size_t)at), &s)) return;
    table[at].reached = true;
    for (size_t i = 0; i < in_count; i++) note(at, ofz_signature_in(&s, i), in[i]);
    for (size_t i = 0; i < out_count; i++) note(at, ofz_signature_out(&s, i), out[i]);
}

/* dnn_gemm.c - matrix products by oneDNN. */
#include "base/checked.h"
#include "base/threads.h"
#include "kernel/dnn.h"
#include "kernel/dnn_call.h"

static int64_t work_of(const ofz_gemm *g, int64_t count)
{
    int64_t work;

    return ofz_mul(g->m, g->n, &work) && ofz_mul(work, g->k, &work) && ofz_mul(work, count, &work)
               ? work
               : INT64_MAX;
}

bool ofz_dnn_gemm(ofz_ctx *ctx, const ofz_gemm *g, const float *a, const float *b, float *c)
{
    dnnl_status_t st;

    if (g->m < 1 || g->n < 1 || g->k < 1) return false;
#ifdef _OPENMP
    const int before = omp_get_max_threads();

    omp_set_num_threads(ofz_threads_for(ctx, work_of(g, 1) / OFZ_DNN_SPEED));
#else
    (void)ctx;
#endif
    st = dnnl_sgemm(g->trans_a ? 'T' : 'N', g->trans_b ? 'T' : 'N', g->m, g->n, g->k,
                    (float)g->alpha, a, g->lda, b, g->ldb, (float)g->beta, c, g->ldc);
#ifdef _OPENMP
    omp_set_num_threads(before);
#endif
    return st == dnnl_success;
}

static bool stack_desc(dnnl_memory_desc_t *md, int64_t count, int64_t rows, int64_t columns,
                       int64_t step, int64_t ld, bool transposed)
{
    const dnnl_dims_t dim    = { count, rows, columns };
    const dnnl_dims_t stride = { step, transposed ? 1 : ld, transposed ? ld : 1 };

    return dnnl_memory_desc_init_by_strides(md, 3, dim, dnnl_f32, stride) == dnnl_success;
}

bool ofz_dnn_gemm_batch(ofz_ctx *ctx, const ofz_gemm *g, int64_t count, const float *a,
                        int64_t step_a, const float *b, int64_t step_b, float *c, int64_t step_c)
{
    dnnl_memory_desc_t    ma, mb, mc;
    dnnl_matmul_desc_t    desc;
    dnnl_primitive_desc_t pd = NULL;
    ofz_dnn_operand       oa = { 0 }, ob = { 0 }, oc = { 0 };
    ofz_dnn               d;
    bool                  done = false;

    if (g->m < 1 || g->n < 1 || g->k < 1 || g->alpha != 1 || g->beta != 0) return false;
    if (step_a < 1 || step_b < 1) return false; /* one operand for all is not a stack of its own */
    if (!stack_desc(&ma, count, g->m, g->k, step_a, g->lda, g->trans_a) ||
        !stack_desc(&mb, count, g->k, g->n, step_b, g->ldb, g->trans_b) ||
        !stack_desc(&mc, count, g->m, g->n, step_c, g->ldc, false))
        return false;
    if (!ofz_dnn_begin(ctx, work_of(g, count), &d)) return false;
    if (dnnl_matmul_desc_init(&desc, &ma, &mb, NULL, &mc) == dnnl_success &&
        dnnl_primitive_desc_create(&pd, &desc, NULL, d.engine, NULL) == dnnl_success)
        done = ofz_dnn_operand_init(&d, &oa, &ma, &ma, a) &&
               ofz_dnn_operand_init(&d, &ob, &mb, &mb, b) &&
               ofz_dnn_operand_init(&d, &oc, &mc, &mc, c) &&
               ofz_dnn_run(&d, pd, 3,
                           (dnnl_exec_arg_t[]){ { DNNL_ARG_SRC, oa.plain },
                                                { DNNL_ARG_WEIGHTS, ob.plain },
                                                { DNNL_ARG_DST, oc.plain } });
    ofz_dnn_operand_deinit(&oa);
    ofz_dnn_operand_deinit(&ob);
    ofz_dnn_operand_deinit(&oc);
    if (pd) dnnl_primitive_desc_destroy(pd);
    ofz_dnn_end(&d);
    return done;
}

/* dnn_call.c - see dnn_call.h. */
#include "kernel/dnn_call.h"

#include "base/threads.h"

bool ofz_dnn_begin(const ofz_ctx *ctx, int64_t work, ofz_dnn *d)
{
    *d = (ofz_dnn){ 0 };
    if (dnnl_engine_create(&d->engine, dnnl_cpu, 0) != dnnl_success) return false;
    if (dnnl_stream_create(&d->stream, d->engine, dnnl_stream_default_flags) != dnnl_success) {
        dnnl_engine_destroy(d->engine);
        return false;
    }
#ifdef _OPENMP
    d->threads_before = omp_get_max_threads();
    omp_set_num_threads(ofz_threads_for(ctx, work / OFZ_DNN_SPEED));
#else
    (void)ctx;
    (void)work;
#endif
    return true;
}

void ofz_dnn_end(ofz_dnn *d)
{
#ifdef _OPENMP
    omp_set_num_threads(d->threads_before);
#endif
    dnnl_stream_destroy(d->stream);
    dnnl_engine_destroy(d->engine);
}

bool ofz_dnn_operand_init(ofz_dnn *d, ofz_dnn_operand *o, const dnnl_memory_desc_t *plain,
                          const dnnl_memory_desc_t *wanted, const void *data)
{
    /* oneDNN takes void * for inputs as well and does not write to them */
    if (dnnl_memory_create(&o->plain, plain, d->engine, (void *)(uintptr_t)data) != dnnl_success)
        return false;
    if (dnnl_memory_desc_equal(plain, wanted)) {
        o->packed = o->plain;
        return true;
    }
    return dnnl_memory_create(&o->packed, wanted, d->engine, DNNL_MEMORY_ALLOCATE) == dnnl_success;
}

void ofz_dnn_operand_deinit(ofz_dnn_operand *o)
{
    if (o->packed && o->packed != o->plain) dnnl_memory_destroy(o->packed);
    if (o->plain) dnnl_memory_destroy(o->plain);
    *o = (ofz_dnn_operand){ 0 };
}

bool ofz_dnn_run(ofz_dnn *d, const_dnnl_primitive_desc_t pd, int count, const dnnl_exec_arg_t *args)
{
    dnnl_primitive_t p;
    bool             done;

    if (dnnl_primitive_create(&p, pd) != dnnl_success) return false;
    done = dnnl_primitive_execute(p, d->stream, count, args) == dnnl_success &&
           dnnl_stream_wait(d->stream) == dnnl_success;
    dnnl_primitive_destroy(p);
    return done;
}

static bool reorder(ofz_dnn *d, dnnl_memory_t from, dnnl_memory_t to)
{
    const dnnl_memory_desc_t *src, *dst;
    dnnl_primitive_desc_t     pd;
    bool                      done;

    if (from == to) return true;
    if (dnnl_memory_get_memory_desc(from, &src) != dnnl_success ||
        dnnl_memory_get_memory_desc(to, &dst) != dnnl_success ||
        dnnl_reorder_primitive_desc_create(&pd, src, d->engine, dst, d->engine, NULL) !=
            dnnl_success)
        return false;
    done =
        ofz_dnn_run(d, pd, 2, (dnnl_exec_arg_t[]){ { DNNL_ARG_FROM, from }, { DNNL_ARG_TO, to } });
    dnnl_primitive_desc_destroy(pd);
    return done;
}

bool ofz_dnn_operand_pack(ofz_dnn *d, ofz_dnn_operand *o)
{
    return reorder(d, o->plain, o->packed);
}

bool ofz_dnn_operand_unpack(ofz_dnn *d, ofz_dnn_operand *o)
{
    return reorder(d, o->packed, o->plain);
}

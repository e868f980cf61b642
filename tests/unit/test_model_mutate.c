/* test_model_mutate.c - real models with bytes flipped, cut, inserted and moved: they load or they do
 * not, and nothing else happens. OFZ_MUTATIONS sets how many, OFZ_MUTATION_SEED where to begin. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/model_file.h"
#include "model_build.h"

static const char *const sources[] = {
    "mlp.onnx",
    "odd/if_weights.onnx",
    "odd/function.onnx",
    "odd/dtypes_typed.onnx",
    "odd/names.onnx",
    "odd/deep_if.onnx",
    "odd/marked.onnx",
    "odd/unknown_fields.onnx",
    "odd/external.onnx",
    "odd/dtypes_raw.onnx",
    "odd/constant_floats.onnx",
    "odd/ir3.onnx",
    "odd/opaque_domain.onnx",
    "odd/omitted_inputs.onnx",
};

enum { SOURCES = sizeof sources / sizeof sources[0], SMALL = 6000 };

static uint64_t draw(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    return *x ^= *x << 17;
}

/* Large models are mostly weights: aim at the structure, which stands at both ends. */
static size_t place(uint64_t *x, size_t size)
{
    size_t at = size ? draw(x) % size : 0;

    if (size > 2 * SMALL && draw(x) % 4) at = at % 2 ? draw(x) % SMALL : size - 1 - draw(x) % SMALL;
    return at;
}

static size_t mutate(uint64_t *x, uint8_t *data, size_t size, size_t room)
{
    static const uint8_t sharp[] = { 0, 1, 0x7f, 0x80, 0xff, 8, 0x0a, 0x12, 0x3a };

    for (uint64_t n = 1 + draw(x) % 4; n && size; n--) {
        const size_t at = place(x, size);
        size_t       len;

        switch (draw(x) % 6) {
        case 0:
            data[at] ^= (uint8_t)(1u << draw(x) % 8);
            break;
        case 1:
            data[at] = sharp[draw(x) % sizeof sharp];
            break;
        case 2:
            data[at] = (uint8_t)draw(x);
            break;
        case 3:
            if (draw(x) % 4 == 0) size = at;
            break;
        case 4: /* insert */
            len = 1 + draw(x) % 8;
            if (size + len > room) break;
            memmove(data + at + len, data + at, size - at);
            for (size_t i = 0; i < len; i++) data[at + i] = (uint8_t)draw(x);
            size += len;
            break;
        default: /* leave out */
            len = 1 + draw(x) % 8;
            if (len > size - at) len = size - at;
            memmove(data + at, data + at + len, size - at - len);
            size -= len;
            break;
        }
    }
    return size;
}

/* Everything that looks at a model, and a copy that must equal it byte for byte. */
static void exercise(ofz_ctx *ctx, const char *folder, const uint8_t *data, size_t size, bool write)
{
    const char    *in = ofz_test_path(folder, "in.onnx"), *out = ofz_test_path(folder, "out.onnx");
    ofz_model     *m;
    ofz_model_info info;
    char           hash[33];

    if (write) ofz_test_write(in, data, size);
    if (write ? ofz_model_load(ctx, in, &m) : ofz_model_load_memory(ctx, data, size, &m)) {
        assert_true(ofz_error(ctx)[0]);
        return;
    }
    assert_int_equal(ofz_graph_verify(ctx, m->graph), OFZ_OK);
    ofz_model_get_info(m, &info);
    for (size_t i = 0; i < ofz_model_tensor_count(m); i++) {
        (void)ofz_model_tensor(m, i);
        assert_int_equal(ofz_model_hash_tensor(ctx, m, i, hash), OFZ_OK);
    }
    (void)!ofz_model_check(ctx, m, NULL, NULL);
    assert_int_equal(ofz_model_diff(ctx, m, m, 0, NULL, NULL), OFZ_OK);
    if (write) {
        if (ofz_model_save(ctx, m, out)) fail_msg("%s", ofz_error(ctx));
        assert_true(ofz_test_same_file(ctx, in, out));
        for (size_t i = 0; i < m->tensor.count; i++)
            ((ofz_value *)m->tensor.item[i])->mark = i % 2 ? OFZ_MARK_FROZEN : OFZ_MARK_TRAINABLE;
        if (ofz_model_export(ctx, m, out, NULL, NULL)) fail_msg("%s", ofz_error(ctx));
    }
    ofz_model_free(m);
}

static void test_mutations(void **state)
{
    const char *count_text = getenv("OFZ_MUTATIONS"), *seed_text = getenv("OFZ_MUTATION_SEED");
    const int   count = count_text ? atoi(count_text) : 1500;
    uint64_t    x   = 0x9e3779b97f4a7c15ull ^ (seed_text ? strtoull(seed_text, NULL, 10) : 1) << 20;
    ofz_ctx    *ctx = ofz_ctx_new();
    char       *folder = ofz_test_folder();
    ofz_file    file[SOURCES];
    ofz_file    external;

    (void)state;
    external = ofz_test_read(ctx, ofz_test_data("odd/external.bin"));
    ofz_test_write(ofz_test_path(folder, "external.bin"), external.data, external.size);
    ofz_file_close(&external);
    for (int i = 0; i < SOURCES; i++) file[i] = ofz_test_read(ctx, ofz_test_data(sources[i]));
    for (int i = 0; i < count; i++) {
        const ofz_file *f    = &file[draw(&x) % SOURCES];
        const size_t    room = f->size + 64;
        uint8_t        *data = malloc(room);
        size_t          size;

        assert_non_null(data);
        memcpy(data, f->data, f->size);
        size = mutate(&x, data, f->size, room);
        exercise(ctx, folder, data, size, i % 4 == 0);
        free(data);
    }
    for (int i = 0; i < SOURCES; i++) ofz_file_close(&file[i]);
    ofz_test_folder_remove(folder);
    ofz_ctx_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_mutations) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

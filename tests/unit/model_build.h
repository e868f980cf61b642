/* model_build.h - models written byte by byte, and a folder to put them in. */
#ifndef OFZ_TESTS_MODEL_BUILD_H
#define OFZ_TESTS_MODEL_BUILD_H

#include "model/edit.h"

/* A context and a folder of its own for each test. */
typedef struct model_fixture {
    ofz_ctx *ctx;
    char    *folder;
} model_fixture;

int model_setup(void **state);
int model_teardown(void **state);
/* The model of a file; the test fails when it does not load. */
ofz_model *model_load(model_fixture *f, const char *path);

/* A new empty folder; remove it with ofz_test_folder_remove. */
char *ofz_test_folder(void);
void  ofz_test_folder_remove(char *folder);
/* folder/name, in one of four buffers that take turns. */
const char *ofz_test_path(const char *folder, const char *name);
/* A file of testdata/. */
const char *ofz_test_data(const char *name);

/* Call `check` for every .onnx file in the folder and those in it; how many there were. */
int ofz_test_each_model(const char *folder, void (*check)(void *user, const char *path),
                        void       *user);

void     ofz_test_write(const char *path, const void *data, size_t size);
ofz_file ofz_test_read(ofz_ctx *ctx, const char *path);
bool     ofz_test_same_file(ofz_ctx *ctx, const char *a, const char *b);

/* ValueInfoProto: float32 of the dims given. */
void ofz_test_value(ofz_bytes *graph, uint32_t number, const char *name, int rank,
                    const int64_t *dim);
/* TensorProto without data. */
void ofz_test_tensor(ofz_bytes *tensor, const char *name, int dtype, int rank, const int64_t *dim);
/* y = x + w at IR 8, opset 13: x, y [4], the initializer as given (and released). */
ofz_bytes ofz_test_model(ofz_bytes *initializer);

#endif

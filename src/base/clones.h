/* clones.h - loops compiled twice, for every x86-64 and for those with AVX2; the loader chooses.
 * Arithmetic is IEEE's either way and products are not contracted, so both give the same bits. */
#ifndef OFZ_BASE_CLONES_H
#define OFZ_BASE_CLONES_H

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && defined(__linux__) &&       \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define OFZ_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define OFZ_CLONES
#endif

#endif

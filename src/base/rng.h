/* rng.h - random numbers that a seed repeats. xoshiro256** (Blackman & Vigna 2018), seeded by
 * splitmix64; the state is four words, saved with a checkpoint. */
#ifndef OFZ_BASE_RNG_H
#define OFZ_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

typedef struct ofz_rng {
    uint64_t s[4];
} ofz_rng;

void     ofz_rng_seed(ofz_rng *r, uint64_t seed);
uint64_t ofz_rng_next(ofz_rng *r);
/* Uniform in [0, 1), 53 bits. */
double ofz_rng_double(ofz_rng *r);
/* Uniform in [0, n), without bias; n > 0. */
uint64_t ofz_rng_below(ofz_rng *r, uint64_t n);
/* Standard normal (Box-Muller, the cosine half; two draws a number). */
double ofz_rng_normal(ofz_rng *r);
/* Fisher-Yates over order[0..count). */
void ofz_rng_shuffle(ofz_rng *r, int64_t *order, size_t count);

/* MT19937 (Matsumoto & Nishimura 1998), what numpy's legacy generator draws from: operators with a
 * `seed` attribute promise numpy's numbers. */
typedef struct ofz_mt19937 {
    uint32_t s[624];
    int      at;
} ofz_mt19937;

void     ofz_mt19937_seed(ofz_mt19937 *m, uint32_t seed);
uint32_t ofz_mt19937_next(ofz_mt19937 *m);
/* Uniform in [0, 1), 53 bits, as numpy.random.RandomState.random_sample. */
double ofz_mt19937_double(ofz_mt19937 *m);

#endif

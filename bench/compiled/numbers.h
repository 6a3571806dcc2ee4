/* Numbers in two formats, and the functions that gates and softmax are made of.
 *
 * Rows of numbers come as float32 or, where `narrow` is not 0, as bfloat16; sums are float32. All
 * is laid out row by row, without gaps. Each function that is called from outside has its reference
 * in Python, in the module that calls it, and a test that compares the two.
 */

#pragma once

#include <math.h>
#include <stdint.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))
/* Before a loop whose turns may go side by side, and what they add up or compare. */
#define PRAGMA(text) _Pragma(#text)
#define LANES PRAGMA(omp simd)
#define LANES_SUM(sum) PRAGMA(omp simd reduction(+ : sum))
#define LANES_MAX(top) PRAGMA(omp simd reduction(max : top))
#define LANES_MAX_SUM(top, sum) PRAGMA(omp simd reduction(max : top) reduction(+ : sum))

/* Defines what is called from outside: `call`, made for either format. */
#define FOR_BOTH(name, parameters, call) \
    void name parameters {               \
        const int is_narrow = narrow;    \
        if (is_narrow) {                 \
            const int narrow = 1;        \
            call;                        \
        } else {                         \
            const int narrow = 0;        \
            call;                        \
        }                                \
    }

enum { WIDTH = 16 }; /* lanes of the widest vectors; what is left over goes one by one */

/* Part of a row. A row that is no multiple of WIDTH long is done in two, the last numbers twice
 * rather than one by one: only where to do it again changes nothing. */
typedef struct {
    long from, to;
} stretch;

INLINE stretch most_of(long size) {
    return (stretch){0, size < WIDTH ? size : size / WIDTH * WIDTH};
}

INLINE stretch rest_of(long size, stretch done) {
    return (stretch){done.to < size ? size - WIDTH : size, size};
}

typedef union {
    float number;
    uint32_t bits;
} word;

INLINE float widened(uint16_t half) {
    word it = {.bits = (uint32_t)half << 16};
    return it.number;
}

/* To the nearest, halves to even, as torch does; what is not a number stays none. */
INLINE uint16_t narrowed(float number) {
    word it = {.number = number};
    uint32_t rounded = (it.bits + 0x7fff + ((it.bits >> 16) & 1)) >> 16;
    return (it.bits & 0x7fffffff) > 0x7f800000 ? 0x7fc0 : (uint16_t)rounded;
}

INLINE float get(const void *from, long place, int narrow) {
    return narrow ? widened(((const uint16_t *)from)[place]) : ((const float *)from)[place];
}

INLINE void put(void *to, long place, float number, int narrow) {
    if (narrow)
        ((uint16_t *)to)[place] = narrowed(number);
    else
        ((float *)to)[place] = number;
}

INLINE void *at(const void *from, long place, int narrow) {
    return (char *)from + place * (narrow ? 2 : 4);
}

/* e^x to two units in the last place: x = n ln 2 + r, and a polynomial for e^r. Constants are those
 * of Cephes' expf (https://www.netlib.org/cephes/). Ends before float32 does; not a number stays
 * so. */
INLINE float exponential(float x) {
    x = 88.0f < x ? 88.0f : x;
    x = -87.0f > x ? -87.0f : x;
    word whole = {.number = x * 1.44269504f + 12582912.0f}; /* 1.5 · 2^23: rounds to an integer */
    float n = whole.number - 12582912.0f;
    float r = x - n * 0.693359375f; /* ln 2 in two parts */
    r = r + n * 2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r + 1.0f;
    word scale = {.bits = (whole.bits + 127u) << 23};
    return p * scale.number;
}

INLINE float sigmoid(float x) { return 1.0f / (1.0f + exponential(-x)); }

/* Near 0, where 1 − 2 / (e^2x + 1) has no digits left, by a polynomial: that of Cephes' tanhf. */
INLINE float hyperbolic_tangent(float x) {
    float square = x * x;
    float p = -5.70498872745e-3f;
    p = p * square + 2.06390887954e-2f;
    p = p * square - 5.37397155531e-2f;
    p = p * square + 1.33314422036e-1f;
    p = p * square - 3.33332819422e-1f;
    float near = x + x * square * p;
    float far = 1.0f - 2.0f / (exponential(2.0f * x) + 1.0f);
    return square < 0.390625f ? near : far;
}

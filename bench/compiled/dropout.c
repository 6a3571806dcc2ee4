/* Dropout: the bits of torch's generator, 624 words at a time. */

#include "numbers.h"

/* torch's generator of random bits on a CPU, as `torch.Generator.get_state` lays it out: the
 * Mersenne twister MT19937 (Matsumoto and Nishimura 1998, https://doi.org/10.1145/272991.272995).
 */
enum { WORDS = 624, APART = 397 };

typedef struct {
    uint64_t seed;
    int32_t left, seeded;
    uint64_t next, words[WORDS];
} generator;

INLINE uint32_t twisted(uint32_t one, uint32_t after, uint32_t apart) {
    uint32_t mixed = (one & 0x80000000u) | (after & 0x7fffffffu);
    return apart ^ (mixed >> 1) ^ ((after & 1u) ? 0x9908b0dfu : 0u);
}

INLINE void twist(uint32_t *words) {
    LANES
    for (long i = 0; i < WORDS - APART; i++)
        words[i] = twisted(words[i], words[i + 1], words[i + APART]);
    /* No further apart than this: what is read was written one stretch before. */
    for (long from = WORDS - APART; from < WORDS - 1; from += WORDS - APART) {
        long to = from + WORDS - APART < WORDS - 1 ? from + WORDS - APART : WORDS - 1;
        LANES
        for (long i = from; i < to; i++)
            words[i] = twisted(words[i], words[i + 1], words[i + APART - WORDS]);
    }
    words[WORDS - 1] = twisted(words[WORDS - 1], words[0], words[APART - 1]);
}

INLINE uint32_t tempered(uint32_t y) {
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
}

/* Draws n numbers that are 1 with probability limit / 2^53, else 0: those of `Tensor.bernoulli_`,
 * which makes 53 bits of two words. */
void draw(long n, long limit, generator *random, uint8_t *drawn) {
    uint32_t words[WORDS];
    for (long i = 0; i < WORDS; i++) words[i] = (uint32_t)random->words[i];
    long next = (long)random->next, left = random->left - 1; /* what is left of these words */
    for (long done = 0; done < n;) {
        uint32_t high;
        if (left < 2) { /* the last word of these, and the first of the next */
            int one = left == 1;
            high = one ? tempered(words[next]) : 0;
            twist(words);
            next = 0, left = WORDS;
            if (!one) continue;
            uint64_t bits = ((uint64_t)(high & 0x1fffff) << 32) | tempered(words[0]);
            drawn[done++] = bits < (uint64_t)limit;
            next = 1, left = WORDS - 1;
            continue;
        }
        long pairs = left / 2 < n - done ? left / 2 : n - done;
        LANES
        for (long i = 0; i < pairs; i++) {
            uint64_t upper = tempered(words[next + 2 * i]) & 0x1fffff;
            uint64_t bits = (upper << 32) | tempered(words[next + 2 * i + 1]);
            drawn[done + i] = bits < (uint64_t)limit;
        }
        done += pairs, next += 2 * pairs, left -= 2 * pairs;
    }
    for (long i = 0; i < WORDS; i++) random->words[i] = words[i];
    random->next = (uint64_t)next, random->left = (int32_t)left + 1;
}

/* Multiplies what was drawn by a scale, and zeroes what was not. */
INLINE void keep(long n, const void *from, const uint8_t *drawn, float scale, void *to,
                 int narrow) {
    LANES
    for (long i = 0; i < n; i++)
        put(to, i, get(from, i, narrow) * (drawn[i] ? scale : 0.0f), narrow);
}

FOR_BOTH(keep_drawn,
         (long n, const void *from, const uint8_t *drawn, float scale, void *to, int narrow),
         keep(n, from, drawn, scale, to, narrow))

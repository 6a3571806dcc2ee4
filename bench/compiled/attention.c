/* Attention, there and back: each sentence's memory is gone through once a look.
 *
 * Additive: a key k and a query q meet in σ(2k + 2q) = 1 / (1 + e^−2k · e^−2q). Both powers, the
 * odds against, are taken once of each key and each query, so that where they meet there is a
 * product left. Dot: they meet in the sum of their products, to some scale.
 *
 * Shapes: B sentences, Q queries of a sentence, S source positions, A features of a key, I features
 * of a value.
 */

#include "numbers.h"

typedef struct {
    long sentences, queries, positions, key_size, value_size;
} looking;

/* A query's look: its sentence's keys, or what is compared of them, and values; mask is true where
 * one may look, NULL: everywhere. */
typedef struct {
    const void *keys, *values;
    const uint8_t *mask;
} seen;

INLINE seen sentence_of(looking of, long query, const void *keys, int narrow_keys,
                        const void *values, int narrow, const uint8_t *mask) {
    long first = query / of.queries * of.positions;
    return (seen){at(keys, first * of.key_size, narrow_keys),
                  at(values, first * of.value_size, narrow), mask ? mask + first : 0};
}

INLINE int is_hidden(seen it, long position) { return it.mask && !it.mask[position]; }

/* Scores (S) of one query to weights in their place, and values to a context (I), added to what is
 * there. */
INLINE void weigh(looking of, seen it, float *weight, void *context, float *sum, int narrow) {
    float top = -INFINITY, all = 0.0f;
    for (long s = 0; s < of.positions; s++) {
        if (is_hidden(it, s)) continue;
        top = weight[s] > top || weight[s] != weight[s] ? weight[s] : top;
    }
    for (long s = 0; s < of.positions; s++) {
        weight[s] = is_hidden(it, s) ? 0.0f : exponential(weight[s] - top);
        all += weight[s];
    }
    LANES
    for (long i = 0; i < of.value_size; i++) sum[i] = get(context, i, narrow);
    for (long s = 0; s < of.positions; s++) {
        weight[s] /= all;
        if (is_hidden(it, s)) continue;
        const void *value = at(it.values, s * of.value_size, narrow);
        LANES
        for (long i = 0; i < of.value_size; i++) sum[i] += weight[s] * get(value, i, narrow);
    }
    LANES
    for (long i = 0; i < of.value_size; i++) put(context, i, sum[i], narrow);
}

/* The gradient by a context (I) to those by the scores (S) that it was weighed by. */
INLINE void weigh_back(looking of, seen it, const float *weight, const void *to_context,
                       float *to_score, int narrow) {
    float mean = 0.0f;
    for (long s = 0; s < of.positions; s++) {
        const void *value = at(it.values, s * of.value_size, narrow);
        float by_weight = 0.0f;
        if (weight[s] != 0.0f) LANES_SUM(by_weight)
        for (long i = 0; i < of.value_size; i++)
            by_weight += get(value, i, narrow) * get(to_context, i, narrow);
        to_score[s] = by_weight;
        mean += weight[s] * by_weight;
    }
    for (long s = 0; s < of.positions; s++) to_score[s] = weight[s] * (to_score[s] - mean);
}

/* The odds of queries (A). Beyond ±87 they are those of ±87, which with keys no farther out than
 * `bench.model.attention.FARTHEST` makes σ 0 or 1 as well: what overflows is infinite, and 1/∞ 0. */
INLINE void ask(const void *query, float *odds, long size, int narrow) {
    LANES
    for (long a = 0; a < size; a++) odds[a] = exponential(-2.0f * get(query, a, narrow));
}

/* The score of a key; the query's odds and the score go on with zeros, for WIDTH numbers. */
INLINE float similarity(const float *key, const float *asked, const float *score, long size) {
    long whole = size / WIDTH * WIDTH;
    float said = 0.0f, rest[WIDTH] = {0};
    LANES_SUM(said)
    for (long a = 0; a < whole; a++) said += score[a] / (1.0f + key[a] * asked[a]);
    if (whole == size) return said;
    for (long a = whole; a < size; a++) rest[a - whole] = key[a];
    LANES_SUM(said)
    for (long a = 0; a < WIDTH; a++) said += score[whole + a] / (1.0f + rest[a] * asked[whole + a]);
    return said;
}

/* Keys' odds (B, S, A), values (B, S, I), queries (B·Q, A) and score (A) to weights
 * (B·Q, S) and contexts (B·Q, I), added to what is there. mask (B, S). */
INLINE void additive(looking of, const float *keys, const void *values, const uint8_t *mask,
                     const void *query, const float *score, float *weights, void *context,
                     float *sum, int narrow) {
    float asked[of.key_size + WIDTH], scores[of.key_size + WIDTH];
    for (long a = 0; a < of.key_size + WIDTH; a++) {
        asked[a] = 0.0f;
        scores[a] = a < of.key_size ? score[a] : 0.0f;
    }
    for (long q = 0; q < of.sentences * of.queries; q++) {
        seen it = sentence_of(of, q, keys, 0, values, narrow, mask);
        float *weight = weights + q * of.positions;
        ask(at(query, q * of.key_size, narrow), asked, of.key_size, narrow);
        for (long s = 0; s < of.positions; s++) {
            if (is_hidden(it, s)) continue;
            const float *key = (const float *)it.keys + s * of.key_size;
            weight[s] = 2.0f * similarity(key, asked, scores, of.key_size);
        }
        weigh(of, it, weight, at(context, q * of.value_size, narrow), sum, narrow);
    }
}

/* Gradients by queries (B·Q, A); those by keys, score and the queries' bias are added up, in
 * float32. */
INLINE void additive_back(looking of, const float *keys, const void *values, const void *query,
                          const float *score, const float *weights, const void *to_context,
                          void *to_query, float *to_keys, float *to_score, float *to_bias,
                          float *sum, int narrow) {
    float asked[of.key_size], by_scores[of.positions];
    for (long q = 0; q < of.sentences * of.queries; q++) {
        seen it = sentence_of(of, q, keys, 0, values, narrow, 0);
        ask(at(query, q * of.key_size, narrow), asked, of.key_size, narrow);
        weigh_back(of, it, weights + q * of.positions, at(to_context, q * of.value_size, narrow),
                   by_scores, narrow);
        LANES
        for (long a = 0; a < of.key_size; a++) sum[a] = 0.0f;
        for (long s = 0; s < of.positions; s++) {
            float by_score = 2.0f * by_scores[s];
            if (by_score == 0.0f) continue;
            const float *key = (const float *)it.keys + s * of.key_size;
            float *to_key = to_keys + (q / of.queries * of.positions + s) * of.key_size;
            LANES
            for (long a = 0; a < of.key_size; a++) {
                float open = 1.0f / (1.0f + key[a] * asked[a]);
                float slope = by_score * score[a] * open * (1.0f - open);
                to_score[a] += by_score * open;
                to_key[a] += slope;
                sum[a] += slope;
            }
        }
        LANES
        for (long a = 0; a < of.key_size; a++) {
            put(to_query, q * of.key_size + a, 2.0f * sum[a], narrow);
            to_bias[a] += 2.0f * sum[a];
        }
    }
}

/* The same of keys (B, S, A) that queries, to scale, are multiplied by. */
INLINE void dot(looking of, const void *keys, const void *values, const uint8_t *mask,
                const void *query, float scale, float *weights, void *context, float *sum,
                int narrow) {
    float asked[of.key_size];
    for (long q = 0; q < of.sentences * of.queries; q++) {
        seen it = sentence_of(of, q, keys, narrow, values, narrow, mask);
        float *weight = weights + q * of.positions;
        LANES
        for (long a = 0; a < of.key_size; a++)
            asked[a] = scale * get(query, q * of.key_size + a, narrow);
        for (long s = 0; s < of.positions; s++) {
            if (is_hidden(it, s)) continue;
            const void *key = at(it.keys, s * of.key_size, narrow);
            float said = 0.0f;
            LANES_SUM(said)
            for (long a = 0; a < of.key_size; a++) said += get(key, a, narrow) * asked[a];
            weight[s] = said;
        }
        weigh(of, it, weight, at(context, q * of.value_size, narrow), sum, narrow);
    }
}

/* Gradients by queries (B·Q, A); those by keys are added up, in float32. */
INLINE void dot_back(looking of, const void *keys, const void *values, const void *query,
                     float scale, const float *weights, const void *to_context, void *to_query,
                     float *to_keys, float *sum, int narrow) {
    float asked[of.key_size], by_scores[of.positions];
    for (long q = 0; q < of.sentences * of.queries; q++) {
        seen it = sentence_of(of, q, keys, narrow, values, narrow, 0);
        weigh_back(of, it, weights + q * of.positions, at(to_context, q * of.value_size, narrow),
                   by_scores, narrow);
        LANES
        for (long a = 0; a < of.key_size; a++) {
            asked[a] = scale * get(query, q * of.key_size + a, narrow);
            sum[a] = 0.0f;
        }
        for (long s = 0; s < of.positions; s++) {
            float by_score = by_scores[s];
            if (by_score == 0.0f) continue;
            const void *key = at(it.keys, s * of.key_size, narrow);
            float *to_key = to_keys + (q / of.queries * of.positions + s) * of.key_size;
            LANES
            for (long a = 0; a < of.key_size; a++) {
                to_key[a] += by_score * asked[a];
                sum[a] += by_score * get(key, a, narrow);
            }
        }
        LANES
        for (long a = 0; a < of.key_size; a++)
            put(to_query, q * of.key_size + a, scale * sum[a], narrow);
    }
}

FOR_BOTH(additive_forward,
         (long sentences, long queries, long positions, long key_size, long value_size,
          const float *keys, const void *values, const uint8_t *mask, const void *query,
          const float *score, float *weights, void *context, float *sum, int narrow),
         additive((looking){sentences, queries, positions, key_size, value_size}, keys, values,
                  mask, query, score, weights, context, sum, narrow))

FOR_BOTH(additive_backward,
         (long sentences, long queries, long positions, long key_size, long value_size,
          const float *keys, const void *values, const void *query, const float *score,
          const float *weights, const void *to_context, void *to_query, float *to_keys,
          float *to_score, float *to_bias, float *sum, int narrow),
         additive_back((looking){sentences, queries, positions, key_size, value_size}, keys, values,
                       query, score, weights, to_context, to_query, to_keys, to_score, to_bias, sum,
                       narrow))

FOR_BOTH(dot_forward,
         (long sentences, long queries, long positions, long key_size, long value_size,
          const void *keys, const void *values, const uint8_t *mask, const void *query, float scale,
          float *weights, void *context, float *sum, int narrow),
         dot((looking){sentences, queries, positions, key_size, value_size}, keys, values,
             mask, query, scale, weights, context, sum, narrow))

FOR_BOTH(dot_backward,
         (long sentences, long queries, long positions, long key_size, long value_size,
          const void *keys, const void *values, const void *query, float scale,
          const float *weights, const void *to_context, void *to_query, float *to_keys, float *sum,
          int narrow),
         dot_back((looking){sentences, queries, positions, key_size, value_size}, keys, values,
                  query, scale, weights, to_context, to_query, to_keys, sum, narrow))

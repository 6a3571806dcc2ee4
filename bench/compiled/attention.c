/* Additive attention, there and back: each sentence's memory is gone through once a look.
 *
 * A key k and a query q meet in σ(2k + 2q) = 1 / (1 + e^−2k · e^−2q). Both powers, the odds
 * against, are taken once of each key and each query, so that where they meet there is a product
 * left.
 *
 * Shapes: B sentences, Q queries of a sentence, S source positions, A features of a key, I features
 * of a value.
 */

#include "numbers.h"

typedef struct {
    long sentences, queries, positions, key_size, value_size;
} looking;

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
 * (B·Q, S) and contexts (B·Q, I), added to what is there. mask (B, S) is true where one may look;
 * NULL: everywhere. */
INLINE void attend(looking of, const float *keys, const void *values, const uint8_t *mask,
                   const void *query, const float *score, float *weights, void *context, float *sum,
                   int narrow) {
    float asked[of.key_size + WIDTH], scores[of.key_size + WIDTH];
    for (long a = 0; a < of.key_size + WIDTH; a++) {
        asked[a] = 0.0f;
        scores[a] = a < of.key_size ? score[a] : 0.0f;
    }
    for (long q = 0; q < of.sentences * of.queries; q++) {
        long b = q / of.queries;
        ask(at(query, q * of.key_size, narrow), asked, of.key_size, narrow);
        const uint8_t *open = mask ? mask + b * of.positions : 0;
        float *weight = weights + q * of.positions, top = -INFINITY, all = 0.0f;
        for (long s = 0; s < of.positions; s++) {
            if (open && !open[s]) continue;
            const float *key = keys + (b * of.positions + s) * of.key_size;
            weight[s] = 2.0f * similarity(key, asked, scores, of.key_size);
            top = weight[s] > top || weight[s] != weight[s] ? weight[s] : top;
        }
        for (long s = 0; s < of.positions; s++) {
            weight[s] = open && !open[s] ? 0.0f : exponential(weight[s] - top);
            all += weight[s];
        }
        LANES
        for (long i = 0; i < of.value_size; i++)
            sum[i] = get(context, q * of.value_size + i, narrow);
        for (long s = 0; s < of.positions; s++) {
            weight[s] /= all;
            if (open && !open[s]) continue;
            const void *value = at(values, (b * of.positions + s) * of.value_size, narrow);
            LANES
            for (long i = 0; i < of.value_size; i++) sum[i] += weight[s] * get(value, i, narrow);
        }
        LANES
        for (long i = 0; i < of.value_size; i++)
            put(context, q * of.value_size + i, sum[i], narrow);
    }
}

/* Gradients by queries (B·Q, A); those by keys, score and the queries' bias are added up, in
 * float32. */
INLINE void attend_back(looking of, const float *keys, const void *values, const void *query,
                        const float *score, const float *weights, const void *to_context,
                        void *to_query, float *to_keys, float *to_score, float *to_bias, float *sum,
                        int narrow) {
    float asked[of.key_size];
    for (long q = 0; q < of.sentences * of.queries; q++) {
        long b = q / of.queries;
        ask(at(query, q * of.key_size, narrow), asked, of.key_size, narrow);
        const void *owed = at(to_context, q * of.value_size, narrow);
        const float *weight = weights + q * of.positions;
        float mean = 0.0f, by_weight[of.positions];
        for (long s = 0; s < of.positions; s++) {
            const void *value = at(values, (b * of.positions + s) * of.value_size, narrow);
            float it = 0.0f;
            if (weight[s] != 0.0f) LANES_SUM(it)
            for (long i = 0; i < of.value_size; i++)
                it += get(value, i, narrow) * get(owed, i, narrow);
            by_weight[s] = it;
            mean += weight[s] * it;
        }
        LANES
        for (long a = 0; a < of.key_size; a++) sum[a] = 0.0f;
        for (long s = 0; s < of.positions; s++) {
            float by_score = 2.0f * weight[s] * (by_weight[s] - mean);
            if (by_score == 0.0f) continue;
            const float *key = keys + (b * of.positions + s) * of.key_size;
            float *to_key = to_keys + (b * of.positions + s) * of.key_size;
            LANES
            for (long a = 0; a < of.key_size; a++) {
                float it = 1.0f / (1.0f + key[a] * asked[a]);
                float slope = by_score * score[a] * it * (1.0f - it);
                to_score[a] += by_score * it;
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

FOR_BOTH(additive_forward,
         (long sentences, long queries, long positions, long key_size, long value_size,
          const float *keys, const void *values, const uint8_t *mask, const void *query,
          const float *score, float *weights, void *context, float *sum, int narrow),
         attend((looking){sentences, queries, positions, key_size, value_size}, keys, values, mask,
                query, score, weights, context, sum, narrow))

FOR_BOTH(additive_backward,
         (long sentences, long queries, long positions, long key_size, long value_size,
          const float *keys, const void *values, const void *query, const float *score,
          const float *weights, const void *to_context, void *to_query, float *to_keys,
          float *to_score, float *to_bias, float *sum, int narrow),
         attend_back((looking){sentences, queries, positions, key_size, value_size}, keys, values,
                     query, score, weights, to_context, to_query, to_keys, to_score, to_bias, sum,
                     narrow))

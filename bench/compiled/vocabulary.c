/* What becomes of logits while they are in the cache: a loss and its gradient, or a choice.
 *
 * Shapes: N positions, V vocabulary.
 */

#include "numbers.h"

/* Softmax with bias, its loss, and in the place of logits (N, V) the gradient of their sum of
 * losses; the bias's gradient is added up. `row` holds V numbers. Returns the losses' sum. */
INLINE double judge_back(long rows, long size, void *logits, const float *bias,
                         const int64_t *targets, float smoothing, float *to_bias, float *row,
                         int narrow) {
    double total = 0.0;
    for (long n = 0; n < rows; n++) {
        void *logit = at(logits, n * size, narrow);
        float top = -INFINITY, sum = 0.0f, all = 0.0f;
        LANES_MAX_SUM(top, all)
        for (long v = 0; v < size; v++) {
            float it = get(logit, v, narrow) + bias[v];
            row[v] = it;
            all += it;
            top = it > top ? it : top;
        }
        float wanted = row[targets[n]];
        LANES_SUM(sum)
        for (long v = 0; v < size; v++) {
            float it = exponential(row[v] - top);
            row[v] = it;
            sum += it;
        }
        double norm = (double)top + log((double)sum);
        total += (norm - wanted) * (1.0 - smoothing) + (norm - (double)all / size) * smoothing;
        float share = 1.0f / sum, spread = smoothing / size;
        row[targets[n]] -= (1.0f - smoothing) * sum;
        LANES
        for (long v = 0; v < size; v++) {
            float owed = row[v] * share - spread;
            to_bias[v] += owed;
            put(logit, v, owed, narrow);
        }
    }
    return total;
}

/* The `ways` likeliest tokens of rows of logits (rows, V) with a bias, best first and of equals the
 * first, and, unless that is NULL, their log-probabilities; both (rows, ways). `row` holds V
 * numbers. */
INLINE void choose(long rows, long size, long ways, const void *logits, const float *bias,
                   int64_t *tokens, float *log_probabilities, float *row, int narrow) {
    const long stretch = 64; /* most of them hold none that is wanted */
    for (long n = 0; n < rows; n++) {
        const void *logit = at(logits, n * size, narrow);
        int64_t *token = tokens + n * ways;
        float best[ways];
        for (long way = 0; way < ways; way++) best[way] = -INFINITY, token[way] = 0;
        for (long from = 0; from < size; from += stretch) {
            long to = from + stretch < size ? from + stretch : size;
            float top = -INFINITY;
            LANES_MAX(top)
            for (long v = from; v < to; v++) {
                float it = get(logit, v, narrow) + bias[v];
                row[v] = it;
                top = it > top ? it : top;
            }
            if (!(top > best[ways - 1])) continue;
            for (long v = from; v < to; v++) {
                float it = row[v];
                if (!(it > best[ways - 1])) continue;
                long way = ways - 1;
                for (; way > 0 && it > best[way - 1]; way--)
                    best[way] = best[way - 1], token[way] = token[way - 1];
                best[way] = it, token[way] = v;
            }
        }
        float sum = 1.0f;
        if (log_probabilities) {
            sum = 0.0f;
            LANES_SUM(sum)
            for (long v = 0; v < size; v++) sum += exponential(row[v] - best[0]);
        }
        for (long way = 0; log_probabilities && way < ways; way++)
            log_probabilities[n * ways + way] = best[way] - best[0] - logf(sum);
    }
}

FOR_BOTH(softmax_backward,
         (long rows, long size, void *logits, const float *bias, const int64_t *targets,
          float smoothing, float *to_bias, float *row, double *loss, int narrow),
         *loss = judge_back(rows, size, logits, bias, targets, smoothing, to_bias, row, narrow))

FOR_BOTH(likeliest,
         (long rows, long size, long ways, const void *logits, const float *bias, int64_t *tokens,
          float *log_probabilities, float *row, int narrow),
         choose(rows, size, ways, logits, bias, tokens, log_probabilities, row, narrow))

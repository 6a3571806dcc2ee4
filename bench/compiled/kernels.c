/* Passes over rows of numbers, each in one go: what lies between a model's matrix products.
 *
 * Every function has its reference in Python, in the module that calls it, and a test that compares
 * the two. Numbers come as float32 or, where `narrow` is not 0, as bfloat16; sums are float32.
 *
 * Shapes: B sentences, H hidden features, Q queries of a sentence, S source positions, A features of
 * a key, I features of a value, N target positions, V target vocabulary. Row by row, without gaps.
 */

#include <math.h>
#include <stdint.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))
#define LANES _Pragma("omp simd")

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
 * of Cephes' expf (https://www.netlib.org/cephes/). Ends before float32 does; not a number stays so. */
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

/* One step of a recurrent layer, of as many sentences as are read just then: the first `onward` rows
 * go on to the next step, the others end here. A row's new state goes where it is read next. */
typedef struct {
    long rows, size, onward;
} step;

/* input and hidden (rows, 3H), their bias (4H: the gates', then new's of the input and of the state),
 * before (rows, H); to output (rows, H), next (onward, H), its narrow copy, ended (B, H), and gates
 * (rows, 4H): reset, update, new, and what it got of the state. */
INLINE void gru(step of, const void *input, const void *hidden, const float *bias,
                const float *before, void *output, float *next, uint16_t *next_narrow, float *ended,
                float *gates, int narrow) {
    long size = of.size;
    for (long b = 0; b < of.rows; b++) {
        const void *x = at(input, b * 3 * size, narrow), *u = at(hidden, b * 3 * size, narrow);
        const float *old = before + b * size;
        float *new = (b < of.onward ? next : ended) + b * size, *gate = gates + b * 4 * size;
        void *said = at(output, b * size, narrow);
        LANES for (long h = 0; h < size; h++) {
            float reset = sigmoid(get(x, h, narrow) + get(u, h, narrow) + bias[h]);
            float update =
                sigmoid(get(x, size + h, narrow) + get(u, size + h, narrow) + bias[size + h]);
            float recalled = get(u, 2 * size + h, narrow) + bias[3 * size + h];
            float fresh = hyperbolic_tangent(get(x, 2 * size + h, narrow) + bias[2 * size + h] +
                                             reset * recalled);
            float after = fresh + update * (old[h] - fresh);
            gate[h] = reset;
            gate[size + h] = update;
            gate[2 * size + h] = fresh;
            gate[3 * size + h] = recalled;
            new[h] = after;
            put(said, h, after, narrow);
        }
        if (narrow && b < of.onward)
            memcpy(next_narrow + b * size, said, 2 * size);
    }
}

/* to_output (rows, H); of those that went on, what the next step owes: direct (float32) and fed
 * (through the product); of the others to_ended (B, H). Leaves to_input and to_hidden (rows, 3H), adds
 * their sums to to_bias (4H: three of to_input, the last of to_hidden), and leaves in direct what this
 * step owes the one before. */
INLINE void gru_back(step of, const float *before, const float *gates, const void *to_output,
                     const void *fed, const float *to_ended, void *to_input, void *to_hidden,
                     float *to_bias, float *direct, int narrow) {
    long size = of.size;
    for (long b = 0; b < of.rows; b++) {
        const float *old = before + b * size, *gate = gates + b * 4 * size;
        const void *output = at(to_output, b * size, narrow), *product = at(fed, b * size, narrow);
        const float *end = to_ended + b * size;
        void *x = at(to_input, b * 3 * size, narrow), *u = at(to_hidden, b * 3 * size, narrow);
        float *back = direct + b * size;
        int onward = b < of.onward;
        LANES for (long h = 0; h < size; h++) {
            float reset = gate[h], update = gate[size + h], fresh = gate[2 * size + h];
            float owed = get(output, h, narrow) +
                         (onward ? back[h] + get(product, h, narrow) : end[h]);
            float new = owed * (1.0f - update) * (1.0f - fresh * fresh);
            float of_update = owed * (old[h] - fresh) * update * (1.0f - update);
            float of_reset = new *gate[3 * size + h] * reset * (1.0f - reset);
            put(x, h, of_reset, narrow);
            put(x, size + h, of_update, narrow);
            put(x, 2 * size + h, new, narrow);
            put(u, h, of_reset, narrow);
            put(u, size + h, of_update, narrow);
            put(u, 2 * size + h, new *reset, narrow);
            to_bias[h] += of_reset;
            to_bias[size + h] += of_update;
            to_bias[2 * size + h] += new;
            to_bias[3 * size + h] += new *reset;
            back[h] = owed * update;
        }
    }
}

/* As gru, with input and hidden (rows, 4H), one bias for both (4H), a memory beside the state, and
 * gates (rows, 5H): write, forget, new, read, and the new memory's tanh. */
INLINE void lstm(step of, const void *input, const void *hidden, const float *bias,
                 const float *before, void *output, float *next, uint16_t *next_narrow,
                 float *ended, float *next_memory, float *ended_memory, float *gates, int narrow) {
    long size = of.size;
    for (long b = 0; b < of.rows; b++) {
        const void *x = at(input, b * 4 * size, narrow), *u = at(hidden, b * 4 * size, narrow);
        const float *old = before + b * size;
        float *new = (b < of.onward ? next : ended) + b * size;
        float *kept = (b < of.onward ? next_memory : ended_memory) + b * size;
        float *gate = gates + b * 5 * size;
        void *said = at(output, b * size, narrow);
        LANES for (long h = 0; h < size; h++) {
            float got[4];
            for (long g = 0; g < 4; g++)
                got[g] = get(x, g * size + h, narrow) + get(u, g * size + h, narrow) +
                         bias[g * size + h];
            float write = sigmoid(got[0]), forget = sigmoid(got[1]);
            float fresh = hyperbolic_tangent(got[2]), read = sigmoid(got[3]);
            float held = forget * old[h] + write * fresh;
            float shown = hyperbolic_tangent(held);
            gate[h] = write;
            gate[size + h] = forget;
            gate[2 * size + h] = fresh;
            gate[3 * size + h] = read;
            gate[4 * size + h] = shown;
            kept[h] = held;
            new[h] = read * shown;
            put(said, h, read * shown, narrow);
        }
        if (narrow && b < of.onward)
            memcpy(next_narrow + b * size, said, 2 * size);
    }
}

/* As gru_back, with to_bias (4H); before and direct are the memory's: the state owes through the
 * product alone. */
INLINE void lstm_back(step of, const float *before, const float *gates, const void *to_output,
                      const void *fed, const float *to_ended, const float *to_ended_memory,
                      void *to_gates, float *to_bias, float *direct, int narrow) {
    long size = of.size;
    for (long b = 0; b < of.rows; b++) {
        const float *old = before + b * size, *gate = gates + b * 5 * size;
        const void *output = at(to_output, b * size, narrow), *product = at(fed, b * size, narrow);
        const float *end = to_ended + b * size, *end_memory = to_ended_memory + b * size;
        void *x = at(to_gates, b * 4 * size, narrow);
        float *back = direct + b * size;
        int onward = b < of.onward;
        LANES for (long h = 0; h < size; h++) {
            float write = gate[h], forget = gate[size + h], fresh = gate[2 * size + h];
            float read = gate[3 * size + h], shown = gate[4 * size + h];
            float owed = get(output, h, narrow) + (onward ? get(product, h, narrow) : end[h]);
            float held = (onward ? back[h] : end_memory[h]) + owed * read * (1.0f - shown * shown);
            float of_write = held * fresh * write * (1.0f - write);
            float of_forget = held * old[h] * forget * (1.0f - forget);
            float of_new = held * write * (1.0f - fresh * fresh);
            float of_read = owed * shown * read * (1.0f - read);
            put(x, h, of_write, narrow);
            put(x, size + h, of_forget, narrow);
            put(x, 2 * size + h, of_new, narrow);
            put(x, 3 * size + h, of_read, narrow);
            to_bias[h] += of_write;
            to_bias[size + h] += of_forget;
            to_bias[2 * size + h] += of_new;
            to_bias[3 * size + h] += of_read;
            back[h] = held * forget;
        }
    }
}

/* Additive attention: keys (B, S, A), values (B, S, I), queries (B·Q, A) and score (A) to weights
 * (B·Q, S) and contexts (B·Q, I), added to what is there. mask (B, S) is true where one may look;
 * NULL: everywhere. */
typedef struct {
    long sentences, queries, positions, key_size, value_size;
} looking;

INLINE void attend(looking of, const void *keys, const void *values, const uint8_t *mask,
                   const void *query, const float *score, float *weights, void *context,
                   float *sum, int narrow) {
    for (long q = 0; q < of.sentences * of.queries; q++) {
        long b = q / of.queries;
        const void *asked = at(query, q * of.key_size, narrow);
        const uint8_t *open = mask ? mask + b * of.positions : 0;
        float *weight = weights + q * of.positions, top = -INFINITY, all = 0.0f;
        for (long s = 0; s < of.positions; s++) {
            if (open && !open[s])
                continue;
            const void *key = at(keys, (b * of.positions + s) * of.key_size, narrow);
            float said = 0.0f;
            _Pragma("omp simd reduction(+ : said)") for (long a = 0; a < of.key_size; a++)
                said += score[a] * sigmoid(get(key, a, narrow) + 2.0f * get(asked, a, narrow));
            weight[s] = 2.0f * said;
            top = weight[s] > top || weight[s] != weight[s] ? weight[s] : top;
        }
        for (long s = 0; s < of.positions; s++) {
            weight[s] = open && !open[s] ? 0.0f : exponential(weight[s] - top);
            all += weight[s];
        }
        LANES for (long i = 0; i < of.value_size; i++) sum[i] =
            get(context, q * of.value_size + i, narrow);
        for (long s = 0; s < of.positions; s++) {
            weight[s] /= all;
            if (open && !open[s])
                continue;
            const void *value = at(values, (b * of.positions + s) * of.value_size, narrow);
            LANES for (long i = 0; i < of.value_size; i++) sum[i] += weight[s] * get(value, i, narrow);
        }
        LANES for (long i = 0; i < of.value_size; i++)
            put(context, q * of.value_size + i, sum[i], narrow);
    }
}

/* Gradients by queries (B·Q, A); those by keys, score and the queries' bias are added up, in float32. */
INLINE void attend_back(looking of, const void *keys, const void *values, const void *query,
                        const float *score, const float *weights, const void *to_context,
                        void *to_query, float *to_keys, float *to_score, float *to_bias, float *sum,
                        int narrow) {
    for (long q = 0; q < of.sentences * of.queries; q++) {
        long b = q / of.queries;
        const void *asked = at(query, q * of.key_size, narrow);
        const void *owed = at(to_context, q * of.value_size, narrow);
        const float *weight = weights + q * of.positions;
        float mean = 0.0f, by_weight[of.positions];
        for (long s = 0; s < of.positions; s++) {
            const void *value = at(values, (b * of.positions + s) * of.value_size, narrow);
            float it = 0.0f;
            if (weight[s] != 0.0f)
                _Pragma("omp simd reduction(+ : it)") for (long i = 0; i < of.value_size; i++)
                    it += get(value, i, narrow) * get(owed, i, narrow);
            by_weight[s] = it;
            mean += weight[s] * it;
        }
        LANES for (long a = 0; a < of.key_size; a++) sum[a] = 0.0f;
        for (long s = 0; s < of.positions; s++) {
            float by_score = 2.0f * weight[s] * (by_weight[s] - mean);
            if (by_score == 0.0f)
                continue;
            const void *key = at(keys, (b * of.positions + s) * of.key_size, narrow);
            float *to_key = to_keys + (b * of.positions + s) * of.key_size;
            LANES for (long a = 0; a < of.key_size; a++) {
                float it = sigmoid(get(key, a, narrow) + 2.0f * get(asked, a, narrow));
                float slope = by_score * score[a] * it * (1.0f - it);
                to_score[a] += by_score * it;
                to_key[a] += slope;
                sum[a] += slope;
            }
        }
        LANES for (long a = 0; a < of.key_size; a++) {
            put(to_query, q * of.key_size + a, 2.0f * sum[a], narrow);
            to_bias[a] += 2.0f * sum[a];
        }
    }
}

/* Softmax with bias, its loss, and in the place of logits (N, V) the gradient of their sum of
 * losses; the bias's gradient is added up. `row` holds V numbers. Returns the losses' sum. */
INLINE double judge_back(long rows, long size, void *logits, const float *bias,
                         const int64_t *targets, float smoothing, float *to_bias, float *row,
                         int narrow) {
    double total = 0.0;
    for (long n = 0; n < rows; n++) {
        void *logit = at(logits, n * size, narrow);
        float top = -INFINITY, sum = 0.0f, all = 0.0f;
        _Pragma("omp simd reduction(max : top) reduction(+ : all)") for (long v = 0; v < size; v++) {
            float it = get(logit, v, narrow) + bias[v];
            row[v] = it;
            all += it;
            top = it > top ? it : top;
        }
        float wanted = row[targets[n]];
        _Pragma("omp simd reduction(+ : sum)") for (long v = 0; v < size; v++) {
            float it = exponential(row[v] - top);
            row[v] = it;
            sum += it;
        }
        double norm = (double)top + log((double)sum);
        total += (norm - wanted) * (1.0 - smoothing) + (norm - (double)all / size) * smoothing;
        float share = 1.0f / sum, spread = smoothing / size;
        row[targets[n]] -= (1.0f - smoothing) * sum;
        LANES for (long v = 0; v < size; v++) {
            float owed = row[v] * share - spread;
            to_bias[v] += owed;
            put(logit, v, owed, narrow);
        }
    }
    return total;
}

/* The `ways` likeliest tokens of rows of logits (rows, V) with a bias, best first and of equals the
 * first, and, unless that is NULL, their log-probabilities; both (rows, ways). `row` holds V numbers. */
INLINE void choose(long rows, long size, long ways, const void *logits, const float *bias,
                   int64_t *tokens, float *log_probabilities, float *row, int narrow) {
    const long stretch = 64; /* most of them hold none that is wanted */
    for (long n = 0; n < rows; n++) {
        const void *logit = at(logits, n * size, narrow);
        int64_t *token = tokens + n * ways;
        float best[ways];
        for (long way = 0; way < ways; way++)
            best[way] = -INFINITY, token[way] = 0;
        for (long from = 0; from < size; from += stretch) {
            long to = from + stretch < size ? from + stretch : size;
            float top = -INFINITY;
            _Pragma("omp simd reduction(max : top)") for (long v = from; v < to; v++) {
                float it = get(logit, v, narrow) + bias[v];
                row[v] = it;
                top = it > top ? it : top;
            }
            if (!(top > best[ways - 1]))
                continue;
            for (long v = from; v < to; v++) {
                float it = row[v];
                if (!(it > best[ways - 1]))
                    continue;
                long way = ways - 1;
                for (; way > 0 && it > best[way - 1]; way--)
                    best[way] = best[way - 1], token[way] = token[way - 1];
                best[way] = it, token[way] = v;
            }
        }
        float sum = 1.0f;
        if (log_probabilities) {
            sum = 0.0f;
            _Pragma("omp simd reduction(+ : sum)") for (long v = 0; v < size; v++)
                sum += exponential(row[v] - best[0]);
        }
        for (long way = 0; log_probabilities && way < ways; way++)
            log_probabilities[n * ways + way] = best[way] - best[0] - logf(sum);
    }
}

/* torch's generator of random bits on a CPU, as `torch.Generator.get_state` lays it out: the Mersenne
 * twister MT19937 (Matsumoto and Nishimura 1998, https://doi.org/10.1145/272991.272995). */
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
    LANES for (long i = 0; i < WORDS - APART; i++)
        words[i] = twisted(words[i], words[i + 1], words[i + APART]);
    /* No further apart than this: what is read was written one stretch before. */
    for (long from = WORDS - APART; from < WORDS - 1; from += WORDS - APART) {
        long to = from + WORDS - APART < WORDS - 1 ? from + WORDS - APART : WORDS - 1;
        LANES for (long i = from; i < to; i++)
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

/* Draws n numbers that are 1 with probability limit / 2^53, else 0: those of `Tensor.bernoulli_`, which
 * makes 53 bits of two words. */
void draw(long n, long limit, generator *random, uint8_t *drawn) {
    uint32_t words[WORDS];
    for (long i = 0; i < WORDS; i++)
        words[i] = (uint32_t)random->words[i];
    long next = (long)random->next, left = random->left - 1; /* what is left of these words */
    for (long done = 0; done < n;) {
        uint32_t high;
        if (left < 2) { /* the last word of these, and the first of the next */
            int one = left == 1;
            high = one ? tempered(words[next]) : 0;
            twist(words);
            next = 0, left = WORDS;
            if (!one)
                continue;
            uint64_t bits = ((uint64_t)(high & 0x1fffff) << 32) | tempered(words[0]);
            drawn[done++] = bits < (uint64_t)limit;
            next = 1, left = WORDS - 1;
            continue;
        }
        long pairs = left / 2 < n - done ? left / 2 : n - done;
        LANES for (long i = 0; i < pairs; i++) {
            uint64_t upper = tempered(words[next + 2 * i]) & 0x1fffff;
            uint64_t bits = (upper << 32) | tempered(words[next + 2 * i + 1]);
            drawn[done + i] = bits < (uint64_t)limit;
        }
        done += pairs, next += 2 * pairs, left -= 2 * pairs;
    }
    for (long i = 0; i < WORDS; i++)
        random->words[i] = words[i];
    random->next = (uint64_t)next, random->left = (int32_t)left + 1;
}

/* Multiplies what was drawn by a scale, and zeroes what was not. */
INLINE void keep(long n, const void *from, const uint8_t *drawn, float scale, void *to, int narrow) {
    LANES for (long i = 0; i < n; i++) put(to, i, get(from, i, narrow) * (drawn[i] ? scale : 0.0f), narrow);
}

/* What is called from outside: each for both formats. */
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

FOR_BOTH(gru_forward,
         (long rows, long size, long onward, const void *input, const void *hidden,
          const float *bias, const float *before, void *output, float *next,
          uint16_t *next_narrow, float *ended, float *gates, int narrow),
         gru((step){rows, size, onward}, input, hidden, bias, before, output, next, next_narrow,
             ended, gates, narrow))

FOR_BOTH(gru_backward,
         (long rows, long size, long onward, const float *before, const float *gates,
          const void *to_output, const void *fed, const float *to_ended, void *to_input,
          void *to_hidden, float *to_bias, float *direct, int narrow),
         gru_back((step){rows, size, onward}, before, gates, to_output, fed, to_ended, to_input,
                  to_hidden, to_bias, direct, narrow))

FOR_BOTH(lstm_forward,
         (long rows, long size, long onward, const void *input, const void *hidden,
          const float *bias, const float *before, void *output, float *next,
          uint16_t *next_narrow, float *ended, float *next_memory, float *ended_memory,
          float *gates, int narrow),
         lstm((step){rows, size, onward}, input, hidden, bias, before, output, next, next_narrow,
              ended, next_memory, ended_memory, gates, narrow))

FOR_BOTH(lstm_backward,
         (long rows, long size, long onward, const float *before, const float *gates,
          const void *to_output, const void *fed, const float *to_ended,
          const float *to_ended_memory, void *to_gates, float *to_bias, float *direct, int narrow),
         lstm_back((step){rows, size, onward}, before, gates, to_output, fed, to_ended,
                   to_ended_memory, to_gates, to_bias, direct, narrow))

FOR_BOTH(additive_forward,
         (long sentences, long queries, long positions, long key_size, long value_size,
          const void *keys, const void *values, const uint8_t *mask, const void *query,
          const float *score, float *weights, void *context, float *sum, int narrow),
         attend((looking){sentences, queries, positions, key_size, value_size}, keys, values, mask, query, score, weights, context, sum, narrow))

FOR_BOTH(additive_backward,
         (long sentences, long queries, long positions, long key_size, long value_size,
          const void *keys, const void *values, const void *query, const float *score,
          const float *weights, const void *to_context, void *to_query, float *to_keys,
          float *to_score, float *to_bias, float *sum, int narrow),
         attend_back((looking){sentences, queries, positions, key_size, value_size}, keys, values, query, score, weights, to_context, to_query, to_keys,
                     to_score, to_bias, sum, narrow))

FOR_BOTH(softmax_backward,
         (long rows, long size, void *logits, const float *bias, const int64_t *targets,
          float smoothing, float *to_bias, float *row, double *loss, int narrow),
         *loss = judge_back(rows, size, logits, bias, targets, smoothing, to_bias, row, narrow))

FOR_BOTH(likeliest,
         (long rows, long size, long ways, const void *logits, const float *bias, int64_t *tokens,
          float *log_probabilities, float *row, int narrow),
         choose(rows, size, ways, logits, bias, tokens, log_probabilities, row, narrow))

FOR_BOTH(keep_drawn,
         (long n, const void *from, const uint8_t *drawn, float scale, void *to, int narrow),
         keep(n, from, drawn, scale, to, narrow))

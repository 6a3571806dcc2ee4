/* The gates of each cell, there and back: one step of a few sentences in one pass.
 *
 * The first `onward` rows go on to the next step, the others end here; a row's new state goes where
 * it is read next. On the way back gradients take the place of what was kept in float32, which
 * would be read from far away and written far away otherwise. Shapes: B sentences, H hidden
 * features. Outputs and their gradients are `across` numbers apart from row to row: another
 * direction's lie between them.
 */

#include "numbers.h"

typedef struct {
    long rows, size, onward, across;
} step;

/* input and hidden (rows, H), one bias for both (H); to output (rows, H), next (onward, H), its
 * narrow copy, ended (B, H), and gates (rows, H): the new state once more. */
INLINE void rnn(step of, const void *input, const void *hidden, const float *bias, void *output,
                float *next, uint16_t *next_narrow, float *ended, float *gates, int narrow) {
    long size = of.size;
    for (long b = 0; b < of.rows; b++) {
        const void *x = at(input, b * size, narrow), *u = at(hidden, b * size, narrow);
        float *new = (b < of.onward ? next : ended) + b * size, *gate = gates + b * size;
        void *said = at(output, b * of.across, narrow);
        for (stretch it = most_of(size); it.from < size; it = rest_of(size, it)) {
            LANES
            for (long h = it.from; h < it.to; h++) {
                float after = hyperbolic_tangent(get(x, h, narrow) + get(u, h, narrow) + bias[h]);
                gate[h] = after;
                new[h] = after;
                put(said, h, after, narrow);
            }
        }
        if (narrow && b < of.onward) memcpy(next_narrow + b * size, said, 2 * size);
    }
}

/* to_output (rows, H); of those that went on, what the next step owes through the product, fed; of
 * the others to_ended (B, H). Leaves to_gates (rows, H), in float32 where gates are, and adds their
 * sum to to_bias (H). */
INLINE void rnn_back(step of, const float *gates, const void *to_output, const void *fed,
                     const float *to_ended, void *to_gates, float *to_bias, int narrow) {
    long size = of.size;
    for (long b = 0; b < of.rows; b++) {
        const float *gate = gates + b * size, *end = to_ended + b * size;
        const void *output = at(to_output, b * of.across, narrow),
                   *product = at(fed, b * size, narrow);
        void *x = at(to_gates, b * size, narrow);
        int onward = b < of.onward;
        LANES
        for (long h = 0; h < size; h++) {
            float owed = get(output, h, narrow) + (onward ? get(product, h, narrow) : end[h]);
            float new = owed * (1.0f - gate[h] * gate[h]);
            put(x, h, new, narrow);
            to_bias[h] += new;
        }
    }
}

/* input and hidden (rows, 3H), their bias (4H: the gates', then new's of the input and of the
 * state), before (rows, H); to output (rows, H), next (onward, H), its narrow copy, ended (B, H),
 * and gates (rows, 4H): reset, update, new, and what it got of the state. */
INLINE void gru(step of, const void *input, const void *hidden, const float *bias,
                const float *before, void *output, float *next, uint16_t *next_narrow, float *ended,
                float *gates, int narrow) {
    long size = of.size;
    for (long b = 0; b < of.rows; b++) {
        const void *x = at(input, b * 3 * size, narrow), *u = at(hidden, b * 3 * size, narrow);
        const float *old = before + b * size;
        float *new = (b < of.onward ? next : ended) + b * size, *gate = gates + b * 4 * size;
        void *said = at(output, b * of.across, narrow);
        for (stretch it = most_of(size); it.from < size; it = rest_of(size, it)) {
            LANES
            for (long h = it.from; h < it.to; h++) {
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
        }
        if (narrow && b < of.onward) memcpy(next_narrow + b * size, said, 2 * size);
    }
}

/* to_output (rows, H); of those that went on, what the next step owes: direct (float32) and fed
 * (through the product); of the others to_ended (B, H). Leaves to_input (3H) and to_hidden (3H,
 * new's first), rows of 3H or, in float32, within those of gates: new's to_hidden, reset's and
 * update's, new's to_input. Adds their sums to to_bias (4H: three of to_input, the last of
 * to_hidden), and leaves in direct what this step owes the one before. */
INLINE void gru_back(step of, const float *before, const float *gates, const void *to_output,
                     const void *fed, const float *to_ended, void *to_input, void *to_hidden,
                     float *to_bias, float *direct, int narrow) {
    long size = of.size, width = (narrow ? 3 : 4) * size;
    for (long b = 0; b < of.rows; b++) {
        const float *old = before + b * size, *gate = gates + b * 4 * size;
        const void *output = at(to_output, b * of.across, narrow),
                   *product = at(fed, b * size, narrow);
        const float *end = to_ended + b * size;
        void *x = at(to_input, b * width, narrow), *u = at(to_hidden, b * width, narrow);
        float *back = direct + b * size;
        int onward = b < of.onward;
        LANES
        for (long h = 0; h < size; h++) {
            float reset = gate[h], update = gate[size + h], fresh = gate[2 * size + h];
            float owed =
                get(output, h, narrow) + (onward ? back[h] + get(product, h, narrow) : end[h]);
            float new = owed * (1.0f - update) * (1.0f - fresh * fresh);
            float of_update = owed * (old[h] - fresh) * update * (1.0f - update);
            float of_reset = new * gate[3 * size + h] * reset * (1.0f - reset);
            put(x, 2 * size + h, new, narrow);
            put(u, h, new * reset, narrow);
            put(u, size + h, of_reset, narrow);
            put(u, 2 * size + h, of_update, narrow);
            if (narrow) { /* in float32 it is the same place */
                put(x, h, of_reset, narrow);
                put(x, size + h, of_update, narrow);
            }
            to_bias[h] += of_reset;
            to_bias[size + h] += of_update;
            to_bias[2 * size + h] += new;
            to_bias[3 * size + h] += new * reset;
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
        void *said = at(output, b * of.across, narrow);
        for (stretch it = most_of(size); it.from < size; it = rest_of(size, it)) {
            LANES
            for (long h = it.from; h < it.to; h++) {
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
        }
        if (narrow && b < of.onward) memcpy(next_narrow + b * size, said, 2 * size);
    }
}

/* As gru_back, with to_gates (4H) and to_bias (4H); before and direct are the memory's: the state
 * owes through the product alone. */
INLINE void lstm_back(step of, const float *before, const float *gates, const void *to_output,
                      const void *fed, const float *to_ended, const float *to_ended_memory,
                      void *to_gates, float *to_bias, float *direct, int narrow) {
    long size = of.size, width = (narrow ? 4 : 5) * size;
    for (long b = 0; b < of.rows; b++) {
        const float *old = before + b * size, *gate = gates + b * 5 * size;
        const void *output = at(to_output, b * of.across, narrow),
                   *product = at(fed, b * size, narrow);
        const float *end = to_ended + b * size, *end_memory = to_ended_memory + b * size;
        void *x = at(to_gates, b * width, narrow);
        float *back = direct + b * size;
        int onward = b < of.onward;
        LANES
        for (long h = 0; h < size; h++) {
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

/* As the others are called, though a plain cell needs neither before nor direct. */
FOR_BOTH(rnn_forward,
         (long rows, long size, long onward, long across, const void *input, const void *hidden,
          const float *bias, const float *before, void *output, float *next, uint16_t *next_narrow,
          float *ended, float *gates, int narrow),
         rnn((step){rows, size, onward, across}, input, hidden, bias, output, next, next_narrow,
             ended, gates, narrow))

FOR_BOTH(rnn_backward,
         (long rows, long size, long onward, long across, const float *before, const float *gates,
          const void *to_output, const void *fed, const float *to_ended, void *to_gates,
          float *to_bias, float *direct, int narrow),
         rnn_back((step){rows, size, onward, across}, gates, to_output, fed, to_ended, to_gates,
                  to_bias, narrow))

FOR_BOTH(gru_forward,
         (long rows, long size, long onward, long across, const void *input, const void *hidden,
          const float *bias, const float *before, void *output, float *next, uint16_t *next_narrow,
          float *ended, float *gates, int narrow),
         gru((step){rows, size, onward, across}, input, hidden, bias, before, output, next,
             next_narrow, ended, gates, narrow))

FOR_BOTH(gru_backward,
         (long rows, long size, long onward, long across, const float *before, const float *gates,
          const void *to_output, const void *fed, const float *to_ended, void *to_input,
          void *to_hidden, float *to_bias, float *direct, int narrow),
         gru_back((step){rows, size, onward, across}, before, gates, to_output, fed, to_ended,
                  to_input, to_hidden, to_bias, direct, narrow))

FOR_BOTH(lstm_forward,
         (long rows, long size, long onward, long across, const void *input, const void *hidden,
          const float *bias, const float *before, void *output, float *next, uint16_t *next_narrow,
          float *ended, float *next_memory, float *ended_memory, float *gates, int narrow),
         lstm((step){rows, size, onward, across}, input, hidden, bias, before, output, next,
              next_narrow, ended, next_memory, ended_memory, gates, narrow))

FOR_BOTH(lstm_backward,
         (long rows, long size, long onward, long across, const float *before, const float *gates,
          const void *to_output, const void *fed, const float *to_ended,
          const float *to_ended_memory, void *to_gates, float *to_bias, float *direct, int narrow),
         lstm_back((step){rows, size, onward, across}, before, gates, to_output, fed, to_ended,
                   to_ended_memory, to_gates, to_bias, direct, narrow))

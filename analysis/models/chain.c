/* Dense AOL layers with MaxMin between them, of many small networks: forward and backward.
 *
 * Networks are taken one after another, each with all of its layers, so that what one pass leaves is still in the cache
 * when the next one wants it: a library's products, and their passes over all networks at once, wait for memory longer
 * than they calculate. Matrices are rows of REAL, which is float or double. The formulas are those of rescaling.py.
 */
#include <stdlib.h>
#include <string.h>
#include <tgmath.h>

#if defined(__AVX512F__)
enum { BYTES = 64, ROWS = 8 };
#elif defined(__AVX__)
enum { BYTES = 32, ROWS = 6 };
#else
enum { BYTES = 16, ROWS = 6 };
#endif
enum { LANES = BYTES / sizeof(REAL) };
typedef REAL Vector __attribute__((vector_size(BYTES), aligned(sizeof(REAL)), may_alias));

/* One layer of one network, and where its values lie. */
typedef struct {
    long outputs, inputs;
    const REAL *parameter;    /* outputs x inputs */
    REAL *gradient;           /* of the parameter */
    signed char *signs;       /* of the entries of P^T P, 0 for rounding noise; inputs x inputs, P being the parameter */
    REAL *scale;              /* of the columns */
    REAL *values;             /* what the layer is applied to, batch x inputs */
    unsigned char *exchanged; /* which pairs of its outputs were out of order, batch x outputs / 2 */
} Layer;

static long least(long a, long b) { return a < b ? a : b; }
static long most(long a, long b) { return a > b ? a : b; }

/* A block of C = A B, `rows` by `vectors` of LANES, kept in registers. A's entry (i, k) is a[i * down + k * right]. */
static inline __attribute__((always_inline)) void block(
    const int rows, const int vectors, long depth, const REAL *a, long down, long right, const REAL *b, long b_columns,
    REAL *c, long c_columns) {
    Vector sums[ROWS][2];
    for (int i = 0; i < rows; i++)
        for (int v = 0; v < vectors; v++) sums[i][v] = (Vector){0};
    for (long k = 0; k < depth; k++) {
        Vector row[2];
        for (int v = 0; v < vectors; v++) row[v] = *(const Vector *)(b + k * b_columns + v * LANES);
        for (int i = 0; i < rows; i++)
            for (int v = 0; v < vectors; v++) sums[i][v] += a[i * down + k * right] * row[v];
    }
    for (int i = 0; i < rows; i++)
        for (int v = 0; v < vectors; v++) *(Vector *)(c + i * c_columns + v * LANES) = sums[i][v];
}

/* Some columns of C, blocks of rows. Where their number is no multiple, the last block begins earlier. */
static inline __attribute__((always_inline)) void panel(
    const int vectors, long m, long depth, const REAL *a, long down, long right, const REAL *b, long b_columns,
    REAL *c, long c_columns) {
    if (m < ROWS)
        for (long i = 0; i < m; i++)
            block(1, vectors, depth, a + i * down, down, right, b, b_columns, c + i * c_columns, c_columns);
    else
        for (long i = 0; i < m; i += ROWS) {
            const long first = least(i, m - ROWS);
            block(ROWS, vectors, depth, a + first * down, down, right, b, b_columns, c + first * c_columns, c_columns);
        }
}

/* C = A B of shapes m x n, m x depth and depth x n; C lies apart from both. */
static void product(long m, long n, long depth, const REAL *a, long down, long right, const REAL *b, long b_columns,
                    REAL *c, long c_columns) {
    long j = 0;
    for (; j + 2 * LANES <= n; j += 2 * LANES)
        panel(2, m, depth, a, down, right, b + j, b_columns, c + j, c_columns);
    for (; j < n && n >= LANES; j += LANES) {
        const long first = least(j, n - LANES);
        panel(1, m, depth, a, down, right, b + first, b_columns, c + first, c_columns);
    }
    for (; j < n; j++) /* fewer columns than a vector has */
        for (long i = 0; i < m; i++) {
            REAL sum = 0;
            for (long k = 0; k < depth; k++) sum += a[i * down + k * right] * b[k * b_columns + j];
            c[i * c_columns + j] = sum;
        }
}

/* Columns of a matrix, each times its scale, as rows of another, which has `rows` columns. */
static void transpose(long rows, long columns, const REAL *restrict from, const REAL *restrict scale,
                      REAL *restrict to) {
    enum { SIDE = 8 };
    REAL tile[SIDE][SIDE];
    for (long i = 0; i < rows; i += SIDE)
        for (long j = 0; j < columns; j += SIDE) {
            const long height = least(SIDE, rows - i), width = least(SIDE, columns - j);
            if (height < SIDE || width < SIDE) {
                for (long k = 0; k < width; k++)
                    for (long h = 0; h < height; h++) to[(j + k) * rows + i + h] = from[(i + h) * columns + j + k] * scale[j + k];
                continue;
            }
            for (int h = 0; h < SIDE; h++)
                for (int k = 0; k < SIDE; k++) tile[h][k] = from[(i + h) * columns + j + k] * scale[j + k];
            for (int k = 0; k < SIDE; k++)
                for (int h = 0; h < SIDE; h++) to[(j + k) * rows + i + h] = tile[h][k];
        }
}

/* Find the scale of each column, and the signs; 0 where sums cannot be formed without dividing first. */
static int rescale(const Layer *layer, double limit, double noise, REAL *restrict gram, REAL *restrict norms) {
    const long n = layer->inputs;
    REAL *restrict scale = layer->scale;
    signed char *restrict signs = layer->signs;
    product(n, n, layer->outputs, layer->parameter, 1, n, layer->parameter, n, gram, n);
    memset(scale, 0, n * sizeof(REAL));
    for (long j = 0; j < n; j++) norms[j] = sqrt((REAL)noise * gram[j * n + j]);
    for (long i = 0; i < n; i++)
        for (long j = 0; j < n; j++) {
            const REAL entry = gram[i * n + j], below = norms[i] * norms[j];
            scale[j] += fabs(entry);
            signs[i * n + j] = (entry > below) - (entry < -below);
        }
    int fit = 1;
    for (long j = 0; j < n; j++) {
        fit &= scale[j] > 1 / limit && scale[j] < limit; /* nor nan */
        scale[j] = 1 / sqrt(scale[j]);
    }
    return fit;
}

/* Sort pairs; the first of each are in the first half of a row. */
static void sort(long batch, long half, const REAL *restrict from, REAL *restrict to,
                 unsigned char *restrict exchanged) {
    for (long i = 0; i < batch; i++, from += 2 * half, to += 2 * half, exchanged += half)
        for (long j = 0; j < half; j++) {
            const REAL first = from[j], second = from[half + j];
            exchanged[j] = second > first;
            to[j] = second > first ? second : first;
            to[half + j] = second > first ? first : second;
        }
}

/* Send gradients of sorted values, times the scale, to where the values came from. */
static void unsort(long batch, long half, const REAL *restrict from, const REAL *restrict scale,
                   const unsigned char *restrict exchanged, REAL *restrict to) {
    for (long i = 0; i < batch; i++, from += 2 * half, to += 2 * half, exchanged += half)
        for (long j = 0; j < half; j++) {
            const REAL larger = from[j] * scale[j], smaller = from[half + j] * scale[half + j];
            to[j] = exchanged[j] ? smaller : larger;
            to[half + j] = exchanged[j] ? larger : smaller;
        }
}

/* Turn the gradient of the scaled parameter, of which the first `used` rows are not 0, into that of the parameter. */
static void descale(const Layer *layer, long used, REAL *restrict room) {
    const long m = layer->outputs, n = layer->inputs;
    const REAL *restrict scale = layer->scale, *restrict parameter = layer->parameter;
    const signed char *restrict signs = layer->signs;
    REAL *restrict gradient = layer->gradient;
    REAL *restrict slopes = room, *restrict square = slopes + n, *part = square + n * n;
    memset(slopes, 0, n * sizeof(REAL));
    for (long i = 0; i < used; i++)
        for (long j = 0; j < n; j++) slopes[j] += gradient[i * n + j] * parameter[i * n + j];
    for (long j = 0; j < n; j++) slopes[j] *= (REAL)-0.5 * scale[j] * scale[j] * scale[j];
    for (long i = 0; i < n; i++)
        for (long j = 0; j < n; j++) square[i * n + j] = (slopes[i] + slopes[j]) * signs[i * n + j];
    product(m, n, n, parameter, n, 1, square, n, part, n);
    for (long i = 0; i < m; i++)
        for (long j = 0; j < n; j++) gradient[i * n + j] = gradient[i * n + j] * scale[j] + part[i * n + j];
}

static void widths(const Layer *layers, long count, long *widest, long *largest) {
    *widest = LANES, *largest = 1;
    for (long l = 0; l < count; l++) {
        *widest = most(*widest, most(layers[l].outputs, layers[l].inputs));
        *largest = most(*largest, layers[l].inputs * most(layers[l].outputs, layers[l].inputs));
    }
}

/* Rows of the last weight that make scores, and some more that fill a vector. */
static long filled(const Layer *last, long classes) {
    return least(last->outputs, (classes + LANES - 1) / LANES * LANES);
}

/* Scores, networks x batch x classes, of the values of each network's first layer.
 *
 * Returns 1; 0 where sums are not between 1 / limit and limit, with nothing of use in the scores; -1 for want of memory.
 */
int forward(const Layer *layers, long networks, long count, long batch, long classes, double limit, double noise,
            REAL *scores) {
    long widest, largest;
    widths(layers, count, &widest, &largest);
    REAL *weight = malloc((largest + batch * widest) * sizeof(REAL)), *outputs = weight + largest;
    if (!weight) return -1;
    int fit = 1;
    for (; networks && fit; networks--, layers += count)
        for (long l = 0; l < count && fit; l++) {
            const Layer *layer = layers + l;
            const long used = l + 1 < count ? layer->outputs : filled(layer, classes), n = layer->inputs;
            fit = rescale(layer, limit, noise, weight, outputs);
            transpose(used, n, layer->parameter, layer->scale, weight);
            product(batch, used, n, layer->values, n, 1, weight, used, outputs, used);
            if (l + 1 < count)
                sort(batch, used / 2, outputs, layer[1].values, layer->exchanged);
            else
                for (long i = 0; i < batch; i++, scores += classes)
                    memcpy(scores, outputs + i * used, classes * sizeof(REAL));
        }
    free(weight);
    return fit;
}

/* Gradients of all parameters from that of the scores; the squares of `noise` and of norms bound products of noise. */
int backward(const Layer *layers, long networks, long count, long batch, long classes, const REAL *change) {
    long widest, largest;
    widths(layers, count, &widest, &largest);
    REAL *room = malloc((2 * batch * widest + widest + 2 * largest) * sizeof(REAL));
    if (!room) return -1;
    REAL *here = room, *before = here + batch * widest, *rest = before + batch * widest;
    for (; networks; networks--, layers += count) {
        long used = filled(layers + count - 1, classes);
        memset(here, 0, batch * used * sizeof(REAL));
        for (long i = 0; i < batch; i++, change += classes) memcpy(here + i * used, change, classes * sizeof(REAL));
        for (long l = count - 1; l >= 0; l--) {
            const Layer *layer = layers + l;
            const long n = layer->inputs;
            product(used, n, batch, here, 1, used, layer->values, n, layer->gradient, n);
            memset(layer->gradient + used * n, 0, (layer->outputs - used) * n * sizeof(REAL));
            if (l) {
                product(batch, n, used, here, used, 1, layer->parameter, n, before, n);
                unsort(batch, n / 2, before, layer->scale, layer[-1].exchanged, here);
            }
            descale(layer, used, rest);
            used = n;
        }
    }
    free(room);
    return 1;
}

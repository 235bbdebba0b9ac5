#include "pooled_convolution.h"

#include <stddef.h>
#include <string.h>

/// Fewer windows than these in a plane don't pay for loading the weights.
#define FEWEST_WINDOWS 16
/// What the planes worked on at a time should take, so that they stay in the first-level cache.
#define CACHE_BYTES (24 * 1024)

#if defined(__x86_64__)

#include <immintrin.h>

#define VECTOR __attribute__((target("avx2,fma")))
#define KERNEL static inline __attribute__((always_inline, target("avx2,fma")))

/// One gradient that isn't zero: where its window begins in the padded plane, in vectors of 8.
typedef struct {
  int32_t corner;
  float value;
} entry;

/// Extents that follow from a shape. Input channels are worked on in groups of 8, whatever the
/// lanes of the tensors are.
typedef struct {
  int64_t padded_columns, plane, pooled_rows, pooled_columns, windows, taps, groups, chunk;
} extents;

static extents measure(const neural_pooled_convolution *shape) {
  extents e;
  const int64_t padded_rows = shape->rows + 2 * shape->padding;
  e.padded_columns = shape->columns + 2 * shape->padding;
  e.plane = padded_rows * e.padded_columns;
  e.pooled_rows = (padded_rows - shape->window + 1) / shape->pool;
  e.pooled_columns = (e.padded_columns - shape->window + 1) / shape->pool;
  e.windows = e.pooled_rows * e.pooled_columns;
  e.taps = shape->window * shape->window;
  e.groups = shape->input_blocks * (shape->lanes / 8);
  e.chunk = CACHE_BYTES / (e.plane * 8 * (int64_t)sizeof(float));
  if (e.chunk < 1) e.chunk = 1;
  if (e.chunk > shape->samples) e.chunk = shape->samples;
  return e;
}

bool neural_sparse_backward_supports(const neural_pooled_convolution *shape) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         (shape->lanes == 8 || shape->lanes == 16) && shape->outputs % shape->lanes == 0 &&
         (shape->window == 3 || shape->window == 5) && shape->pool * shape->pool <= 256 &&
         measure(shape).windows >= FEWEST_WINDOWS;
}

/// The parts of the scratch memory, each a multiple of 64 bytes.
typedef struct {
  entry *entries;
  int32_t *counts;
  float *planes, *weights, *weights_gradient;
  int64_t bytes;
} parts;

static parts divide(const neural_pooled_convolution *shape, extents e, void *scratch) {
  parts p;
  int64_t next = 0;
  char *base = scratch;
#define TAKE(type, count) \
  (type *)(base + next);  \
  next += ((int64_t)sizeof(type) * (count) + 63) / 64 * 64
  p.entries = TAKE(entry, e.chunk * shape->outputs * (e.windows + 1));
  p.counts = TAKE(int32_t, e.chunk * shape->outputs);
  p.planes = TAKE(float, e.chunk *e.plane * 8);
  p.weights = TAKE(float, shape->outputs *e.groups *e.taps * 8);
  p.weights_gradient = TAKE(float, shape->outputs *e.groups *e.taps * 8);
#undef TAKE
  p.bytes = next;
  return p;
}

int64_t neural_sparse_backward_scratch(const neural_pooled_convolution *shape) {
  return divide(shape, measure(shape), NULL).bytes;
}

/// Lists the gradients that aren't zero, for each sample of a chunk and each output channel.
static void list(const neural_pooled_convolution *shape, extents e, bool relu, int64_t first,
                 int64_t count, const neural_sparse_tensors *t, parts p) {
  const int64_t lanes = shape->lanes, blocks = shape->outputs / lanes, pool = shape->pool;
  int32_t places[256];
  for (int64_t place = 0; place < pool * pool; place++)
    places[place] = (int32_t)(place / pool * e.padded_columns + place % pool);
  for (int64_t n = 0; n < count; n++)
    for (int64_t block = 0; block < blocks; block++) {
      const int64_t start = ((first + n) * blocks + block) * e.windows * lanes;
      const float *gradient = t->pooled_gradient + start, *pooled = t->pooled + start;
      const uint8_t *codes = t->codes + start;
      // One more than there are windows, since each candidate is written before it is judged.
      entry *lists = p.entries + (n * shape->outputs + block * lanes) * (e.windows + 1);
      int32_t filled[16] = {0};
      for (int64_t row = 0; row < e.pooled_rows; row++)
        for (int64_t column = 0; column < e.pooled_columns; column++) {
          const int32_t corner = (int32_t)(row * pool * e.padded_columns + column * pool);
          for (int64_t k = 0; k < lanes; k++) {
            entry *slot = lists + k * (e.windows + 1) + filled[k];
            slot->corner = corner + places[codes[k]];
            slot->value = gradient[k];
            filled[k] += (gradient[k] != 0) & (!relu | (pooled[k] > 0));
          }
          gradient += lanes, pooled += lanes, codes += lanes;
        }
      memcpy(p.counts + n * shape->outputs + block * lanes, filled,
             (size_t)lanes * sizeof filled[0]);
    }
}

/// Adds to `rows` rows of one weight's gradient, 8 input channels at a time.
KERNEL void gather(int window, int rows, int64_t width, const entry *entries, int32_t count,
                   const float *plane, float *gradient) {
  __m256 sums[15];
  for (int tap = 0; tap < rows * window; tap++) sums[tap] = _mm256_loadu_ps(gradient + tap * 8);
  for (int32_t i = 0; i < count; i++) {
    const __m256 value = _mm256_set1_ps(entries[i].value);
    const float *corner = plane + (int64_t)entries[i].corner * 8;
    for (int y = 0; y < rows; y++)
      for (int x = 0; x < window; x++)
        sums[y * window + x] = _mm256_fmadd_ps(value, _mm256_loadu_ps(corner + (y * width + x) * 8),
                                               sums[y * window + x]);
  }
  for (int tap = 0; tap < rows * window; tap++) _mm256_storeu_ps(gradient + tap * 8, sums[tap]);
}

/// Adds what `rows` rows of one weight pass down to 8 input channels.
KERNEL void scatter(int window, int rows, int64_t width, const entry *entries, int32_t count,
                    const float *weights, float *plane) {
  __m256 taps[15];
  for (int tap = 0; tap < rows * window; tap++) taps[tap] = _mm256_loadu_ps(weights + tap * 8);
  for (int32_t i = 0; i < count; i++) {
    const __m256 value = _mm256_set1_ps(entries[i].value);
    float *corner = plane + (int64_t)entries[i].corner * 8;
    for (int y = 0; y < rows; y++)
      for (int x = 0; x < window; x++) {
        float *target = corner + (y * width + x) * 8;
        _mm256_storeu_ps(target,
                         _mm256_fmadd_ps(value, taps[y * window + x], _mm256_loadu_ps(target)));
      }
  }
}

/// Where 8 channels of one sample begin in a tensor of the input's layout.
static int64_t place(const neural_pooled_convolution *shape, int64_t sample, int64_t group) {
  const int64_t per_block = shape->lanes / 8;
  const int64_t block = sample * shape->input_blocks + group / per_block;
  return block * shape->rows * shape->columns * shape->lanes + group % per_block * 8;
}

/// Copies 8 channels of a tensor into a plane with a frame of zeros.
static void frame(const neural_pooled_convolution *shape, extents e, const float *from,
                  float *plane) {
  const int64_t lanes = shape->lanes;
  memset(plane, 0, (size_t)(e.plane * 8) * sizeof(float));
  for (int64_t row = 0; row < shape->rows; row++) {
    float *to = plane + ((row + shape->padding) * e.padded_columns + shape->padding) * 8;
    for (int64_t column = 0; column < shape->columns; column++, from += lanes, to += 8)
      memcpy(to, from, 8 * sizeof(float));
  }
}

/// Copies the inside of a plane to 8 channels of a tensor.
static void unframe(const neural_pooled_convolution *shape, extents e, const float *plane,
                    float *to) {
  const int64_t lanes = shape->lanes;
  for (int64_t row = 0; row < shape->rows; row++) {
    const float *from = plane + ((row + shape->padding) * e.padded_columns + shape->padding) * 8;
    for (int64_t column = 0; column < shape->columns; column++, from += 8, to += lanes)
      memcpy(to, from, 8 * sizeof(float));
  }
}

/// The weights' gradient from a chunk's samples and 8 input channels.
VECTOR static void learn(const neural_pooled_convolution *shape, extents e, int64_t first,
                         int64_t count, int64_t group, const neural_sparse_tensors *t, parts p) {
  const int64_t width = e.padded_columns, step = e.plane * 8;
  const float *planes = p.planes;
  for (int64_t n = 0; n < count; n++)
    frame(shape, e, t->input + place(shape, first + n, group), p.planes + n * step);
  for (int64_t o = 0; o < shape->outputs; o++) {
    float *gradient = p.weights_gradient + (o * e.groups + group) * e.taps * 8;
    for (int64_t n = 0; n < count; n++) {
      const int64_t index = n * shape->outputs + o;
      const entry *entries = p.entries + index * (e.windows + 1);
      const float *plane = planes + n * step;
      const int32_t filled = p.counts[index];
      if (shape->window == 3) {
        gather(3, 3, width, entries, filled, plane, gradient);
      } else {
        gather(5, 2, width, entries, filled, plane, gradient);
        gather(5, 2, width, entries, filled, plane + 2 * width * 8, gradient + 80);
        gather(5, 1, width, entries, filled, plane + 4 * width * 8, gradient + 160);
      }
    }
  }
}

/// The input's gradient for a chunk's samples and 8 input channels.
VECTOR static void pass_down(const neural_pooled_convolution *shape, extents e, int64_t first,
                             int64_t count, int64_t group, const neural_sparse_tensors *t,
                             parts p) {
  const int64_t width = e.padded_columns;
  memset(p.planes, 0, (size_t)(count * e.plane * 8) * sizeof(float));
  for (int64_t o = 0; o < shape->outputs; o++) {
    const float *weights = p.weights + (o * e.groups + group) * e.taps * 8;
    for (int64_t n = 0; n < count; n++) {
      const int64_t index = n * shape->outputs + o;
      const entry *entries = p.entries + index * (e.windows + 1);
      float *plane = p.planes + n * e.plane * 8;
      const int32_t filled = p.counts[index];
      if (shape->window == 3) {
        scatter(3, 3, width, entries, filled, weights, plane);
      } else {
        scatter(5, 2, width, entries, filled, weights, plane);
        scatter(5, 2, width, entries, filled, weights + 80, plane + 2 * width * 8);
        scatter(5, 1, width, entries, filled, weights + 160, plane + 4 * width * 8);
      }
    }
  }
  for (int64_t n = 0; n < count; n++)
    unframe(shape, e, p.planes + n * e.plane * 8,
            t->input_gradient + place(shape, first + n, group));
}

/// Where weight (o, 8 · group + i, tap) lies in [O/l][I/l][taps][l i][l o], l lanes.
static inline int64_t blocked_index(const neural_pooled_convolution *shape, extents e, int64_t o,
                                    int64_t group, int64_t tap, int64_t i) {
  const int64_t lanes = shape->lanes, input = group * 8 + i;
  const int64_t block = o / lanes * shape->input_blocks + input / lanes;
  return ((block * e.taps + tap) * lanes + input % lanes) * lanes + o % lanes;
}

/// From the layout of the weights to [O][I/8][taps][8 i].
static void turn(const neural_pooled_convolution *shape, extents e, const float *blocked,
                 float *turned) {
  for (int64_t o = 0; o < shape->outputs; o++)
    for (int64_t group = 0; group < e.groups; group++)
      for (int64_t tap = 0; tap < e.taps; tap++)
        for (int64_t i = 0; i < 8; i++)
          *turned++ = blocked[blocked_index(shape, e, o, group, tap, i)];
}

/// From [O][I/8][taps][8 i] to the layout of the weights.
static void turn_back(const neural_pooled_convolution *shape, extents e, const float *turned,
                      float *blocked) {
  for (int64_t o = 0; o < shape->outputs; o++)
    for (int64_t group = 0; group < e.groups; group++)
      for (int64_t tap = 0; tap < e.taps; tap++)
        for (int64_t i = 0; i < 8; i++)
          blocked[blocked_index(shape, e, o, group, tap, i)] = *turned++;
}

void neural_sparse_backward(const neural_pooled_convolution *shape, bool relu,
                            const neural_sparse_tensors *tensors) {
  const extents e = measure(shape);
  const parts p = divide(shape, e, tensors->scratch);
  const int64_t count = shape->outputs * e.groups * e.taps * 8;
  if (tensors->input_gradient != NULL) turn(shape, e, tensors->weights, p.weights);
  memset(p.weights_gradient, 0, (size_t)count * sizeof(float));
  if (tensors->bias_gradient != NULL)
    memset(tensors->bias_gradient, 0, (size_t)shape->outputs * sizeof(float));
  for (int64_t first = 0; first < shape->samples; first += e.chunk) {
    const int64_t samples = shape->samples - first < e.chunk ? shape->samples - first : e.chunk;
    list(shape, e, relu, first, samples, tensors, p);
    for (int64_t group = 0; group < e.groups; group++) {
      if (tensors->weights_gradient != NULL) learn(shape, e, first, samples, group, tensors, p);
      if (tensors->input_gradient != NULL) pass_down(shape, e, first, samples, group, tensors, p);
    }
    if (tensors->bias_gradient == NULL) continue;
    for (int64_t index = 0; index < samples * shape->outputs; index++) {
      const entry *entries = p.entries + index * (e.windows + 1);
      float sum = 0;
      for (int32_t i = 0; i < p.counts[index]; i++) sum += entries[i].value;
      tensors->bias_gradient[index % shape->outputs] += sum;
    }
  }
  if (tensors->weights_gradient != NULL)
    turn_back(shape, e, p.weights_gradient, tensors->weights_gradient);
}

#else

bool neural_sparse_backward_supports(const neural_pooled_convolution *shape) { return false; }
int64_t neural_sparse_backward_scratch(const neural_pooled_convolution *shape) { return 0; }
void neural_sparse_backward(const neural_pooled_convolution *shape, bool relu,
                            const neural_sparse_tensors *tensors) {}

#endif

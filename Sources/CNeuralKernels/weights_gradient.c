#include "weights_gradient.h"

#include <stddef.h>

/// With more positions than these oneDNN's own code is as fast: samples lie too far apart in
/// memory.
#define MOST_POSITIONS 12

#if defined(__x86_64__)

#include <immintrin.h>

/// The outputs along one axis whose input for one tap lies inside the image.
typedef struct {
  int64_t from, to;
} extent;

static int64_t size_after(const neural_weights_gradient *shape, int64_t size) {
  return (size + 2 * shape->padding - shape->window) / shape->stride + 1;
}

static extent reach(const neural_weights_gradient *shape, int64_t size, int64_t tap) {
  extent e = {0, size_after(shape, size)};
  while (e.from < e.to && e.from * shape->stride + tap < shape->padding) e.from++;
  while (e.to > e.from && (e.to - 1) * shape->stride + tap - shape->padding >= size) e.to--;
  return e;
}

bool neural_small_weights_gradient_supports(const neural_weights_gradient *shape) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512f") && shape->inputs % 16 == 0 && shape->outputs % 16 == 0 &&
         shape->padding < shape->window &&
         size_after(shape, shape->rows) * size_after(shape, shape->columns) <= MOST_POSITIONS;
}

/// One tap of one pair of blocks: 16 × 16 sums over all samples and positions.
static inline __attribute__((always_inline, target("avx512f"))) void
add_tap(const neural_weights_gradient *shape, int64_t i, int64_t j, const float *input,
        int64_t input_step, const float *gradient, int64_t gradient_step, float *weights) {
  const extent rows = reach(shape, shape->rows, i), columns = reach(shape, shape->columns, j);
  const int64_t width = size_after(shape, shape->columns), stride = shape->stride;
  __m512 sums[16];
  for (int k = 0; k < 16; k++) sums[k] = _mm512_setzero_ps();
  for (int64_t n = 0; n < shape->samples; n++)
    for (int64_t y = rows.from; y < rows.to; y++) {
      const int64_t row = y * stride + i - shape->padding;
      const int64_t first = columns.from * stride + j - shape->padding;
      const float *pixels = input + n * input_step + (row * shape->columns + first) * 16;
      const float *above = gradient + n * gradient_step + (y * width + columns.from) * 16;
      for (int64_t x = columns.from; x < columns.to; x++) {
        const __m512 value = _mm512_loadu_ps(above);
        for (int k = 0; k < 16; k++)
          sums[k] = _mm512_fmadd_ps(_mm512_set1_ps(pixels[k]), value, sums[k]);
        pixels += stride * 16;
        above += 16;
      }
    }
  for (int k = 0; k < 16; k++) _mm512_storeu_ps(weights + k * 16, sums[k]);
}

__attribute__((target("avx512f"))) void
neural_small_weights_gradient_run(const neural_weights_gradient *shape, const float *input,
                                  const float *output_gradient, float *weights, float *bias) {
  const int64_t in_blocks = shape->inputs / 16, out_blocks = shape->outputs / 16;
  const int64_t in_size = shape->rows * shape->columns * 16;
  const int64_t out_size = size_after(shape, shape->rows) * size_after(shape, shape->columns) * 16;
  const int64_t taps = shape->window * shape->window;
  for (int64_t o = 0; o < out_blocks; o++)
    for (int64_t c = 0; c < in_blocks; c++)
      for (int64_t tap = 0; tap < taps; tap++)
        add_tap(shape, tap / shape->window, tap % shape->window, input + c * in_size,
                in_blocks * in_size, output_gradient + o * out_size, out_blocks * out_size,
                weights + ((o * in_blocks + c) * taps + tap) * 256);
  for (int64_t o = 0; o < out_blocks && bias != NULL; o++) {
    __m512 sum = _mm512_setzero_ps();
    for (int64_t n = 0; n < shape->samples; n++)
      for (int64_t s = 0; s < out_size; s += 16)
        sum = _mm512_add_ps(sum,
                            _mm512_loadu_ps(output_gradient + (n * out_blocks + o) * out_size + s));
    _mm512_storeu_ps(bias + o * 16, sum);
  }
}

#else

bool neural_small_weights_gradient_supports(const neural_weights_gradient *shape) { return false; }
void neural_small_weights_gradient_run(const neural_weights_gradient *shape, const float *input,
                                       const float *output_gradient, float *weights, float *bias) {}

#endif

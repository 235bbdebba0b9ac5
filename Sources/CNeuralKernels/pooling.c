#include "pooled_convolution.h"

#include <stddef.h>
#include <string.h>

#define CLONES __attribute__((target_clones("avx2", "default")))

/// One plane with the lanes known to the compiler.
static inline __attribute__((always_inline)) void pool_plane(int lanes, int64_t width, int64_t rows,
                                                             int64_t columns, int64_t pool,
                                                             const float *input, float *output,
                                                             uint8_t *codes) {
  for (int64_t row = 0; row < rows; row++)
    for (int64_t column = 0; column < columns; column++) {
      const float *corner = input + (row * pool * width + column * pool) * lanes;
      float best[16];
      int32_t code[16];
      for (int k = 0; k < lanes; k++) {
        best[k] = corner[k];
        code[k] = 0;
      }
      for (int64_t place = 1; place < pool * pool; place++) {
        const float *values = corner + (place / pool * width + place % pool) * lanes;
        for (int k = 0; k < lanes; k++) {
          const float value = values[k];
          const int wins = (value > best[k]) | (value != value);
          best[k] = wins ? value : best[k];
          code[k] = wins ? (int32_t)place : code[k];
        }
      }
      for (int k = 0; k < lanes; k++) *output++ = best[k];
      if (codes == NULL) continue;
      for (int k = 0; k < lanes; k++) *codes++ = (uint8_t)code[k];
    }
}

CLONES void neural_pool(const neural_pooled_convolution *shape, const float *convolved,
                        float *pooled, uint8_t *codes) {
  const int64_t height = shape->rows + 2 * shape->padding - shape->window + 1;
  const int64_t width = shape->columns + 2 * shape->padding - shape->window + 1;
  const int64_t rows = height / shape->pool, columns = width / shape->pool;
  const int64_t lanes = shape->lanes;
  const int64_t planes = shape->samples * ((shape->outputs + lanes - 1) / lanes);
  for (int64_t plane = 0; plane < planes; plane++) {
    const float *input = convolved + plane * height * width * lanes;
    float *output = pooled + plane * rows * columns * lanes;
    uint8_t *places = codes == NULL ? NULL : codes + plane * rows * columns * lanes;
    if (lanes == 8 && shape->pool == 2)
      pool_plane(8, width, rows, columns, 2, input, output, places);
    else if (lanes == 16 && shape->pool == 2)
      pool_plane(16, width, rows, columns, 2, input, output, places);
    else if (lanes == 8)
      pool_plane(8, width, rows, columns, shape->pool, input, output, places);
    else if (lanes == 16)
      pool_plane(16, width, rows, columns, shape->pool, input, output, places);
    else
      pool_plane(1, width, rows, columns, shape->pool, input, output, places);
  }
}

/// One plane of the gradient with the lanes known to the compiler; each window is written whole.
static inline __attribute__((always_inline)) void
spread_plane(int lanes, bool relu, int64_t height, int64_t width, int64_t pool,
             const float *gradient, const float *pooled, const uint8_t *codes, float *target) {
  const int64_t rows = height / pool, columns = width / pool;
  for (int64_t row = 0; row < rows; row++) {
    for (int64_t column = 0; column < columns; column++) {
      float passed[16];
      int32_t code[16];
      for (int k = 0; k < lanes; k++) {
        passed[k] = !relu || pooled[k] > 0 ? gradient[k] : 0;
        code[k] = codes[k];
      }
      float *corner = target + (row * pool * width + column * pool) * lanes;
      for (int64_t place = 0; place < pool * pool; place++) {
        float *values = corner + (place / pool * width + place % pool) * lanes;
        for (int k = 0; k < lanes; k++) values[k] = code[k] == (int32_t)place ? passed[k] : 0;
      }
      gradient += lanes, pooled += lanes, codes += lanes;
    }
    // Columns that no window covers.
    for (int64_t y = row * pool; y < (row + 1) * pool; y++)
      for (int64_t x = columns * pool * lanes; x < width * lanes; x++)
        target[y * width * lanes + x] = 0;
  }
  memset(target + rows * pool * width * lanes, 0,
         (size_t)((height - rows * pool) * width * lanes) * sizeof(float));
}

CLONES void neural_pool_backward(const neural_pooled_convolution *shape, bool relu,
                                 const float *pooled_gradient, const float *pooled,
                                 const uint8_t *codes, float *convolved_gradient) {
  const int64_t height = shape->rows + 2 * shape->padding - shape->window + 1;
  const int64_t width = shape->columns + 2 * shape->padding - shape->window + 1;
  const int64_t lanes = shape->lanes, pool = shape->pool;
  const int64_t planes = shape->samples * ((shape->outputs + lanes - 1) / lanes);
  for (int64_t plane = 0; plane < planes; plane++) {
    const int64_t start = plane * (height / pool) * (width / pool) * lanes;
    float *target = convolved_gradient + plane * height * width * lanes;
    const float *gradient = pooled_gradient + start, *values = pooled + start;
    if (lanes == 8 && pool == 2)
      spread_plane(8, relu, height, width, 2, gradient, values, codes + start, target);
    else if (lanes == 16 && pool == 2)
      spread_plane(16, relu, height, width, 2, gradient, values, codes + start, target);
    else if (lanes == 8)
      spread_plane(8, relu, height, width, pool, gradient, values, codes + start, target);
    else if (lanes == 16)
      spread_plane(16, relu, height, width, pool, gradient, values, codes + start, target);
    else
      spread_plane(1, relu, height, width, pool, gradient, values, codes + start, target);
  }
}

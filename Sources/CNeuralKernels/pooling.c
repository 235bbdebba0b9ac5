#include "pooled_convolution.h"

#include <stddef.h>
#include <string.h>

#define CLONES __attribute__((target_clones("avx2", "default")))

/// One plane with the lanes known to the compiler.
static inline __attribute__((always_inline)) void pool_plane(
    int lanes, int64_t width, int64_t rows, int64_t columns, int64_t pool, const float *input,
    float *output, uint8_t *codes) {
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
    else if (lanes == 8)
      pool_plane(8, width, rows, columns, shape->pool, input, output, places);
    else if (lanes == 16)
      pool_plane(16, width, rows, columns, shape->pool, input, output, places);
    else
      pool_plane(1, width, rows, columns, shape->pool, input, output, places);
  }
}

void neural_pool_backward(const neural_pooled_convolution *shape, bool relu,
                          const float *pooled_gradient, const float *pooled,
                          const uint8_t *codes, float *convolved_gradient) {
  const int64_t height = shape->rows + 2 * shape->padding - shape->window + 1;
  const int64_t width = shape->columns + 2 * shape->padding - shape->window + 1;
  const int64_t pool = shape->pool, rows = height / pool, columns = width / pool;
  const int64_t lanes = shape->lanes;
  const int64_t planes = shape->samples * ((shape->outputs + lanes - 1) / lanes);
  memset(convolved_gradient, 0, (size_t)(planes * height * width * lanes) * sizeof(float));
  int64_t index = 0;
  for (int64_t plane = 0; plane < planes; plane++) {
    float *target = convolved_gradient + plane * height * width * lanes;
    for (int64_t row = 0; row < rows; row++)
      for (int64_t column = 0; column < columns; column++)
        for (int64_t k = 0; k < lanes; k++, index++) {
          if (relu && !(pooled[index] > 0)) continue;
          const int64_t r = row * pool + codes[index] / pool;
          const int64_t c = column * pool + codes[index] % pool;
          target[(r * width + c) * lanes + k] = pooled_gradient[index];
        }
  }
}

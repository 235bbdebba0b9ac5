#include "first_layer.h"

#include <stddef.h>
#include <string.h>

#pragma STDC FP_CONTRACT OFF

#define CLONES __attribute__((target_clones("avx2", "default")))

/// Adds one row of one tap: Σ over the columns of a pixel times 8 gradients.
static inline __attribute__((always_inline)) void add_row(int64_t columns,
                                                          const float *restrict pixels,
                                                          const float *restrict gradients,
                                                          float *restrict sums) {
  // Two strands, so that an addition needn't wait for the one before.
  float even[8] = {0}, odd[8] = {0};
  int64_t x = 0;
  for (; x + 2 <= columns; x += 2) {
    for (int k = 0; k < 8; k++) even[k] += pixels[x] * gradients[x * 8 + k];
    for (int k = 0; k < 8; k++) odd[k] += pixels[x + 1] * gradients[(x + 1) * 8 + k];
  }
  for (; x < columns; x++)
    for (int k = 0; k < 8; k++) even[k] += pixels[x] * gradients[x * 8 + k];
  for (int k = 0; k < 8; k++) sums[k] += even[k] + odd[k];
}

CLONES void neural_first_layer_weights(const neural_first_layer *shape, const float *input,
                                       const float *output_gradient, float *weights, float *bias) {
  const int64_t window = shape->window, padding = shape->padding;
  const int64_t height = shape->rows + 2 * padding - window + 1;
  const int64_t width = shape->columns + 2 * padding - window + 1;
  const int64_t blocks = (shape->outputs + 7) / 8, channels = shape->channels;
  memset(weights, 0, (size_t)(blocks * window * window * channels * 8) * sizeof(float));
  if (bias != NULL) memset(bias, 0, (size_t)shape->outputs * sizeof(float));
  for (int64_t n = 0; n < shape->samples; n++)
    for (int64_t block = 0; block < blocks; block++)
      for (int64_t y = 0; y < height; y++) {
        const float *gradients = output_gradient + ((n * blocks + block) * height + y) * width * 8;
        for (int64_t i = 0; i < window; i++) {
          const int64_t row = y + i - padding;
          if (row < 0 || row >= shape->rows) continue;
          for (int64_t j = 0; j < window; j++) {
            // Output columns whose pixel is inside the input.
            const int64_t from = padding > j ? padding - j : 0;
            const int64_t beyond = shape->columns + padding - j;
            const int64_t to = beyond < width ? beyond : width;
            for (int64_t c = 0; c < channels; c++)
              add_row(to - from,
                      input + ((n * channels + c) * shape->rows + row) * shape->columns + from + j -
                          padding,
                      gradients + from * 8,
                      weights + (((block * window + i) * window + j) * channels + c) * 8);
          }
        }
        if (bias == NULL) continue;
        for (int64_t k = 0; k < 8 && block * 8 + k < shape->outputs; k++) {
          float sum = 0;
          for (int64_t x = 0; x < width; x++) sum += gradients[x * 8 + k];
          bias[block * 8 + k] += sum;
        }
      }
}

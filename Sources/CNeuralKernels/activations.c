#include "neural_kernels.h"

#pragma STDC FP_CONTRACT OFF

#define CLONES __attribute__((target_clones("avx2", "default")))

CLONES void neural_relu_backward(int64_t count, float *restrict gradient,
                                 const float *restrict output) {
  for (int64_t i = 0; i < count; i++) gradient[i] = output[i] > 0 ? gradient[i] : 0;
}

CLONES void neural_relu(int64_t count, const float *restrict input, float *restrict output) {
  for (int64_t i = 0; i < count; i++) output[i] = input[i] > 0 ? input[i] : 0;
}

/// SplitMix64's finalizer, as in Measures.RandomStream.
static inline uint64_t mixed(uint64_t key, uint64_t index) {
  uint64_t z = key + (index + 1) * UINT64_C(0x9E3779B97F4A7C15);
  z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
  return z ^ (z >> 31);
}

/// Writes the mask of one sample: a walk in row-major order, scattered to the lanes.
static void draw(neural_layout layout, uint64_t key, uint64_t first, uint32_t threshold,
                 uint8_t *mask) {
  const int64_t lanes = layout.lanes;
  uint64_t word = 0;
  int64_t element = 0;
  for (int64_t c = 0; c < layout.channels; c++) {
    uint8_t *target = mask + (c / lanes) * layout.spatial * lanes + c % lanes;
    for (int64_t s = 0; s < layout.spatial; s++, element++) {
      if ((element & 3) == 0) word = mixed(key, first + (uint64_t)(element >> 2));
      target[s * lanes] = (uint32_t)(word & 0xFFFF) >= threshold;
      word >>= 16;
    }
  }
}

CLONES static void apply(int64_t count, float scale, const float *restrict input,
                         const uint8_t *restrict mask, float *restrict output) {
  for (int64_t i = 0; i < count; i++) output[i] = input[i] * ((float)mask[i] * scale);
}

void neural_dropout(neural_layout layout, uint64_t key, uint64_t first_sample, uint32_t threshold,
                    float scale, const float *input, float *output, uint8_t *mask) {
  const int64_t elements = layout.channels * layout.spatial;
  const int64_t stored = layout.blocks * layout.spatial * layout.lanes;
  const uint64_t words = (uint64_t)((elements + 3) / 4);
  for (int64_t n = 0; n < layout.samples; n++)
    draw(layout, key, (first_sample + (uint64_t)n) * words, threshold, mask + n * stored);
  apply(layout.samples * stored, scale, input, mask, output);
}

void neural_dropout_backward(int64_t count, float scale, const float *output_gradient,
                             const uint8_t *mask, float *input_gradient) {
  apply(count, scale, output_gradient, mask, input_gradient);
}

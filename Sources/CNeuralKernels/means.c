#include "neural_kernels.h"

#pragma STDC FP_CONTRACT OFF

#define CLONES __attribute__((target_clones("avx2", "default")))

CLONES void neural_global_mean(neural_layout layout, const float *restrict input,
                               float *restrict output) {
  const int64_t lanes = layout.lanes, spatial = layout.spatial;
  const float share = 1.0f / (float)spatial;
  for (int64_t n = 0; n < layout.samples; n++)
    for (int64_t b = 0; b < layout.blocks; b++) {
      const float *block = input + (n * layout.blocks + b) * spatial * lanes;
      // A row-major tensor has one lane; sum it in sixteen strands, in a fixed order.
      float sums[16] = {0};
      if (lanes == 1) {
        int64_t s = 0;
        for (; s + 16 <= spatial; s += 16)
          for (int k = 0; k < 16; k++) sums[k] += block[s + k];
        float total = 0;
        for (; s < spatial; s++) total += block[s];
        for (int k = 0; k < 16; k++) total += sums[k];
        output[n * layout.channels + b] = total * share;
        continue;
      }
      if (lanes == 8) {
        for (int64_t s = 0; s < spatial; s++)
          for (int k = 0; k < 8; k++) sums[k] += block[s * 8 + k];
      } else {
        for (int64_t s = 0; s < spatial; s++)
          for (int64_t k = 0; k < lanes; k++) sums[k] += block[s * lanes + k];
      }
      for (int64_t k = 0; k < lanes && b * lanes + k < layout.channels; k++)
        output[n * layout.channels + b * lanes + k] = sums[k] * share;
    }
}

CLONES void neural_global_mean_backward(neural_layout layout, const float *restrict output_gradient,
                                        float *restrict input_gradient) {
  const int64_t lanes = layout.lanes, spatial = layout.spatial;
  const float share = 1.0f / (float)spatial;
  for (int64_t n = 0; n < layout.samples; n++)
    for (int64_t b = 0; b < layout.blocks; b++) {
      float *block = input_gradient + (n * layout.blocks + b) * spatial * lanes;
      float values[16] = {0};
      for (int64_t k = 0; k < lanes && b * lanes + k < layout.channels; k++)
        values[k] = output_gradient[n * layout.channels + b * lanes + k] * share;
      if (lanes == 8) {
        for (int64_t s = 0; s < spatial; s++)
          for (int k = 0; k < 8; k++) block[s * 8 + k] = values[k];
      } else {
        for (int64_t s = 0; s < spatial; s++)
          for (int64_t k = 0; k < lanes; k++) block[s * lanes + k] = values[k];
      }
    }
}

#include "neural_kernels.h"

#pragma STDC FP_CONTRACT OFF

#define CLONES __attribute__((target_clones("avx512f", "avx2", "default")))

// Windows begin and end where PyTorch's do: rounded outwards, so that neighbours may overlap.

static inline int64_t window_begin(int64_t index, int64_t extent, int64_t count) {
  return index * extent / count;
}

static inline int64_t window_end(int64_t index, int64_t extent, int64_t count) {
  return ((index + 1) * extent + count - 1) / count;
}

CLONES void neural_adaptive_mean(neural_layout layout, neural_adaptive_windows size,
                                 const float *restrict input, float *restrict output) {
  const int64_t lanes = layout.lanes;
  for (int64_t plane = 0; plane < layout.samples * layout.blocks; plane++)
    for (int64_t i = 0; i < size.window_rows; i++)
      for (int64_t j = 0; j < size.window_columns; j++) {
        const int64_t top = window_begin(i, size.rows, size.window_rows);
        const int64_t bottom = window_end(i, size.rows, size.window_rows);
        const int64_t left = window_begin(j, size.columns, size.window_columns);
        const int64_t right = window_end(j, size.columns, size.window_columns);
        float sums[16] = {0};
        for (int64_t y = top; y < bottom; y++)
          for (int64_t x = left; x < right; x++) {
            const float *values = input + (plane * layout.spatial + y * size.columns + x) * lanes;
            for (int64_t k = 0; k < lanes; k++) sums[k] += values[k];
          }
        const float share = 1.0f / (float)((bottom - top) * (right - left));
        float *target = output + ((plane * size.window_rows + i) * size.window_columns + j) * lanes;
        for (int64_t k = 0; k < lanes; k++) target[k] = sums[k] * share;
      }
}

CLONES void neural_adaptive_mean_backward(neural_layout layout, neural_adaptive_windows size,
                                          const float *restrict output_gradient,
                                          float *restrict input_gradient) {
  const int64_t lanes = layout.lanes;
  const int64_t count = layout.samples * layout.blocks * layout.spatial * lanes;
  for (int64_t i = 0; i < count; i++) input_gradient[i] = 0;
  for (int64_t plane = 0; plane < layout.samples * layout.blocks; plane++)
    for (int64_t i = 0; i < size.window_rows; i++)
      for (int64_t j = 0; j < size.window_columns; j++) {
        const int64_t top = window_begin(i, size.rows, size.window_rows);
        const int64_t bottom = window_end(i, size.rows, size.window_rows);
        const int64_t left = window_begin(j, size.columns, size.window_columns);
        const int64_t right = window_end(j, size.columns, size.window_columns);
        const float share = 1.0f / (float)((bottom - top) * (right - left));
        const float *values =
            output_gradient + ((plane * size.window_rows + i) * size.window_columns + j) * lanes;
        for (int64_t y = top; y < bottom; y++)
          for (int64_t x = left; x < right; x++) {
            float *target =
                input_gradient + (plane * layout.spatial + y * size.columns + x) * lanes;
            for (int64_t k = 0; k < lanes; k++) target[k] += values[k] * share;
          }
      }
}

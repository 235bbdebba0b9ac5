#include "channels.h"

#include <stddef.h>

#include "normalization.h"

#pragma STDC FP_CONTRACT OFF

#define CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#define KERNEL static inline __attribute__((always_inline)) void

/// Positions that are summed in 32 bits before they are added to sums in 64 bits.
#define CHUNK 64
/// Independent sums, so that an addition needn't wait for the one before.
#define STRANDS 4

/// Calls `kernel` with the lanes known to the compiler where they are usual.
#define WITH_LANES(lanes, kernel, ...)   \
  do {                                   \
    if ((lanes) == 16)                   \
      kernel(16, __VA_ARGS__);           \
    else if ((lanes) == 8)               \
      kernel(8, __VA_ARGS__);            \
    else if ((lanes) == 1)               \
      kernel(1, __VA_ARGS__);            \
    else                                 \
      kernel((int)(lanes), __VA_ARGS__); \
  } while (0)

/// The sum of the strands of each lane, in a fixed order.
KERNEL join(int lanes, float strands[STRANDS][16], float *sums) {
  for (int k = 0; k < lanes; k++)
    sums[k] = (strands[0][k] + strands[1][k]) + (strands[2][k] + strands[3][k]);
}

KERNEL block_moments(int lanes, int64_t spatial, const float *restrict block,
                     double *restrict means, double *restrict squares) {
  double mean[16] = {0}, square[16] = {0};
  for (int64_t start = 0; start < spatial; start += CHUNK) {
    const int64_t count = spatial - start < CHUNK ? spatial - start : CHUNK;
    const float *chunk = block + start * lanes;
    float strands[STRANDS][16] = {{0}}, center[16], spread[16];
    int64_t s = 0;
    for (; s + STRANDS <= count; s += STRANDS)
      for (int j = 0; j < STRANDS; j++)
        for (int k = 0; k < lanes; k++) strands[j][k] += chunk[(s + j) * lanes + k];
    for (; s < count; s++)
      for (int k = 0; k < lanes; k++) strands[0][k] += chunk[s * lanes + k];
    join(lanes, strands, center);
    const float share = 1.0f / (float)count;
    for (int k = 0; k < lanes; k++) center[k] *= share;
    for (int j = 0; j < STRANDS; j++)
      for (int k = 0; k < lanes; k++) strands[j][k] = 0;
    for (s = 0; s + STRANDS <= count; s += STRANDS)
      for (int j = 0; j < STRANDS; j++)
        for (int k = 0; k < lanes; k++) {
          const float distance = chunk[(s + j) * lanes + k] - center[k];
          strands[j][k] += distance * distance;
        }
    for (; s < count; s++)
      for (int k = 0; k < lanes; k++) {
        const float distance = chunk[s * lanes + k] - center[k];
        strands[0][k] += distance * distance;
      }
    join(lanes, strands, spread);
    // Chan, Golub, LeVeque: the moments of two sets from those of each.
    const double whole = (double)(start + count), part = (double)count / whole;
    for (int k = 0; k < lanes; k++) {
      const double difference = (double)center[k] - mean[k];
      square[k] += (double)spread[k] + difference * difference * ((double)start * part);
      mean[k] += difference * part;
    }
  }
  for (int k = 0; k < lanes; k++) {
    means[k] = mean[k];
    squares[k] = square[k];
  }
}

CLONES void neural_channel_moments(neural_layout layout, const float *sample, double *means,
                                   double *squares) {
  for (int64_t b = 0; b < layout.blocks; b++)
    WITH_LANES(layout.lanes, block_moments, layout.spatial,
               sample + b * layout.spatial * layout.lanes, means + b * layout.lanes,
               squares + b * layout.lanes);
}

KERNEL map_block(int lanes, int64_t spatial, bool relu, const float *a, const float *b,
                 const float *restrict block, const float *restrict addend,
                 float *restrict output) {
  float scale[16], shift[16];
  for (int k = 0; k < lanes; k++) {
    scale[k] = a[k];
    shift[k] = b[k];
  }
  for (int64_t s = 0; s < spatial; s++)
    for (int k = 0; k < lanes; k++) {
      float value = block[s * lanes + k] * scale[k] + shift[k];
      if (addend != NULL) value += addend[s * lanes + k];
      // A value that is no number stays one.
      output[s * lanes + k] = relu && value < 0 ? 0 : value;
    }
}

KERNEL map_blocks(int lanes, neural_layout layout, bool relu, const float *a, const float *b,
                  const float *sample, const float *addend, float *output) {
  const int64_t step = layout.spatial * lanes;
  for (int64_t i = 0; i < layout.blocks; i++) {
    const float *block = sample + i * step;
    float *target = output + i * step;
    if (addend == NULL && relu)
      map_block(lanes, layout.spatial, true, a + i * lanes, b + i * lanes, block, NULL, target);
    else if (addend == NULL)
      map_block(lanes, layout.spatial, false, a + i * lanes, b + i * lanes, block, NULL, target);
    else
      map_block(lanes, layout.spatial, relu, a + i * lanes, b + i * lanes, block, addend + i * step,
                target);
  }
}

CLONES void neural_channel_map(neural_layout layout, bool relu, const float *a, const float *b,
                               const float *sample, const float *addend, float *output) {
  WITH_LANES(layout.lanes, map_blocks, layout, relu, a, b, sample, addend, output);
}

KERNEL sum_block(int lanes, int64_t spatial, const float *means, const float *restrict block,
                 const float *restrict output, float *restrict gradient, double *restrict sums,
                 double *restrict products) {
  double sum[16] = {0}, product[16] = {0};
  float mean[16];
  for (int k = 0; k < lanes; k++) mean[k] = means[k];
  for (int64_t start = 0; start < spatial; start += CHUNK) {
    const int64_t count = spatial - start < CHUNK ? spatial - start : CHUNK;
    float plain[STRANDS][16] = {{0}}, weighted[STRANDS][16] = {{0}};
    for (int64_t s = 0; s < count; s++) {
      const int j = (int)(s & (STRANDS - 1));
      const int64_t place = (start + s) * lanes;
      for (int k = 0; k < lanes; k++) {
        float value = gradient[place + k];
        if (output != NULL) {
          value = output[place + k] > 0 ? value : 0;
          gradient[place + k] = value;
        }
        plain[j][k] += value;
        weighted[j][k] += value * (block[place + k] - mean[k]);
      }
    }
    float joined[16];
    join(lanes, plain, joined);
    for (int k = 0; k < lanes; k++) sum[k] += (double)joined[k];
    join(lanes, weighted, joined);
    for (int k = 0; k < lanes; k++) product[k] += (double)joined[k];
  }
  for (int k = 0; k < lanes; k++) {
    sums[k] = sum[k];
    products[k] = product[k];
  }
}

KERNEL sum_blocks(int lanes, neural_layout layout, const float *means, const float *sample,
                  const float *output, float *gradient, double *sums, double *products) {
  const int64_t step = layout.spatial * lanes;
  for (int64_t i = 0; i < layout.blocks; i++) {
    if (output == NULL)
      sum_block(lanes, layout.spatial, means + i * lanes, sample + i * step, NULL,
                gradient + i * step, sums + i * lanes, products + i * lanes);
    else
      sum_block(lanes, layout.spatial, means + i * lanes, sample + i * step, output + i * step,
                gradient + i * step, sums + i * lanes, products + i * lanes);
  }
}

CLONES void neural_channel_sums(neural_layout layout, const float *means, const float *sample,
                                const float *output, float *gradient, double *sums,
                                double *products) {
  WITH_LANES(layout.lanes, sum_blocks, layout, means, sample, output, gradient, sums, products);
}

KERNEL map_blocks_backward(int lanes, neural_layout layout, const float *a, const float *b,
                           const float *d, const float *gradient, const float *sample,
                           float *input_gradient) {
  for (int64_t i = 0; i < layout.blocks; i++) {
    const float *restrict above = gradient + i * layout.spatial * lanes;
    const float *restrict block = sample + i * layout.spatial * lanes;
    float *restrict target = input_gradient + i * layout.spatial * lanes;
    float first[16], second[16], third[16];
    for (int k = 0; k < lanes; k++) {
      first[k] = a[i * lanes + k];
      second[k] = b[i * lanes + k];
      third[k] = d[i * lanes + k];
    }
    for (int64_t s = 0; s < layout.spatial; s++)
      for (int k = 0; k < lanes; k++)
        target[s * lanes + k] =
            (above[s * lanes + k] * first[k] + block[s * lanes + k] * second[k]) + third[k];
  }
}

CLONES void neural_channel_map_backward(neural_layout layout, const float *a, const float *b,
                                        const float *d, const float *gradient, const float *sample,
                                        float *input_gradient) {
  WITH_LANES(layout.lanes, map_blocks_backward, layout, a, b, d, gradient, sample, input_gradient);
}

CLONES void neural_add(int64_t count, bool relu, const float *restrict first,
                       const float *restrict second, float *restrict output) {
  if (relu) {
    for (int64_t i = 0; i < count; i++) {
      const float value = first[i] + second[i];
      output[i] = value < 0 ? 0 : value;
    }
  } else {
    for (int64_t i = 0; i < count; i++) output[i] = first[i] + second[i];
  }
}

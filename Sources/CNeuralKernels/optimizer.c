#include "neural_kernels.h"

#include <math.h>
#include <stddef.h>

#pragma STDC FP_CONTRACT OFF

#define CLONES __attribute__((target_clones("avx512f", "avx2", "default")))

CLONES void neural_sgd(neural_sgd_step step, int64_t count, float *restrict weights,
                       const float *restrict gradients, float *restrict momenta,
                       const float *restrict anchor, const float *restrict correction) {
  const float scale = step.gradient_scale, rate = step.rate, momentum = step.momentum;
  const float decay = step.decay, proximal = step.proximal;
  if (anchor != NULL || correction != NULL) {
    for (int64_t i = 0; i < count; i++) {
      float d = scale * gradients[i] + decay * weights[i];
      if (anchor != NULL) d += proximal * (weights[i] - anchor[i]);
      if (correction != NULL) d += correction[i];
      const float v = momentum * momenta[i] + d;
      momenta[i] = v;
      weights[i] -= rate * (step.nesterov ? d + momentum * v : v);
    }
  } else if (step.nesterov) {
    for (int64_t i = 0; i < count; i++) {
      const float d = scale * gradients[i] + decay * weights[i];
      const float v = momentum * momenta[i] + d;
      momenta[i] = v;
      weights[i] -= rate * (d + momentum * v);
    }
  } else if (momentum != 0) {
    for (int64_t i = 0; i < count; i++) {
      const float v = momentum * momenta[i] + (scale * gradients[i] + decay * weights[i]);
      momenta[i] = v;
      weights[i] -= rate * v;
    }
  } else {
    for (int64_t i = 0; i < count; i++)
      weights[i] -= rate * (scale * gradients[i] + decay * weights[i]);
  }
}

CLONES void neural_adam(neural_adam_step step, int64_t count, float *restrict weights,
                        const float *restrict gradients, float *restrict momenta,
                        float *restrict squares, const float *restrict anchor,
                        const float *restrict correction) {
  const float fresh = 1 - step.momentum, fresh_square = 1 - step.beta2;
  for (int64_t i = 0; i < count; i++) {
    float d = step.gradient_scale * gradients[i] + step.decay * weights[i];
    if (anchor != NULL) d += step.proximal * (weights[i] - anchor[i]);
    if (correction != NULL) d += correction[i];
    const float m = step.momentum * momenta[i] + fresh * d;
    const float v = step.beta2 * squares[i] + fresh_square * (d * d);
    momenta[i] = m;
    squares[i] = v;
    weights[i] -= step.rate * (m / (sqrtf(v) * step.spread + step.epsilon));
  }
}

CLONES double neural_squared_norm(int64_t count, const float *restrict values) {
  // Sixteen partial sums in a fixed order, so that the result is the same at any vector width.
  double sums[16] = {0};
  int64_t i = 0;
  for (; i + 16 <= count; i += 16)
    for (int k = 0; k < 16; k++) sums[k] += (double)values[i + k] * (double)values[i + k];
  double total = 0;
  for (; i < count; i++) total += (double)values[i] * (double)values[i];
  for (int k = 0; k < 16; k++) total += sums[k];
  return total;
}

CLONES void neural_accumulate(int64_t count, float *restrict target, const float *restrict addend) {
  for (int64_t i = 0; i < count; i++) target[i] += addend[i];
}

CLONES void neural_scale(int64_t count, float *values, float factor) {
  for (int64_t i = 0; i < count; i++) values[i] *= factor;
}

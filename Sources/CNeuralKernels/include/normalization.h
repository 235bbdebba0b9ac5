/// Group normalization over activations in blocks of channels, with what stands around it in a
/// residual network: an addition and a ReLU.
#pragma once

#include "neural_kernels.h"

/// The extents of a normalization: C/G neighbouring channels of one sample share mean and variance.
typedef struct {
  neural_layout layout;
  int64_t groups;
  float epsilon;
  /// Whether a ReLU follows.
  bool relu;
} neural_group_norm;

/// The scratch memory that a pass takes, in bytes.
int64_t neural_group_norm_scratch(const neural_group_norm *shape);

/// What a forward pass reads and writes. Tensors of activations are all of the same layout.
typedef struct {
  const float *input;
  /// Added before the ReLU; may be null.
  const float *addend;
  const float *scale, *shift;
  float *output;
  /// Mean and 1 / σ of each group, [samples][groups][2]: what the backward pass needs.
  float *statistics;
  /// Aligned to 64 bytes.
  void *scratch;
} neural_group_norm_tensors;

/// y ← (x − mean) / √(variance + ε) · scale + shift (+ addend), then the ReLU.
void neural_group_norm_forward(const neural_group_norm *shape,
                               const neural_group_norm_tensors *tensors);

/// What a backward pass reads and writes.
typedef struct {
  const float *input, *output, *scale, *statistics;
  /// Where a ReLU follows, zeroed in place where the output is 0: then also the addend's gradient.
  float *output_gradient;
  /// Null where no gradient has to flow further down.
  float *input_gradient;
  /// Both null where scale and shift aren't trained.
  float *scale_gradient, *shift_gradient;
  /// Aligned to 64 bytes.
  void *scratch;
} neural_group_norm_gradients;

/// The gradients of input, scale and shift.
void neural_group_norm_backward(const neural_group_norm *shape,
                                const neural_group_norm_gradients *tensors);

/// y ← a + b, then, if `relu`, max(y, 0).
void neural_add(int64_t count, bool relu, const float *first, const float *second, float *output);

/// Group and batch normalization over activations in blocks of channels, with what stands around
/// them in a residual network: an addition and a ReLU.
#pragma once

#include "neural_kernels.h"

/// What a forward pass reads and writes. Tensors of activations are all of the same layout.
typedef struct {
  const float *input;
  /// Added before the ReLU; may be null.
  const float *addend;
  const float *scale, *shift;
  /// A batch norm's statistics of former batches, [C]; null for a group norm.
  const float *running_mean, *running_variance;
  float *output;
  /// What the backward pass needs: mean and 1 / σ of each group, [samples][groups][2]; or mean, 1 /
  /// σ and variance without bias of each channel, [C][3].
  float *statistics;
  /// Aligned to 64 bytes.
  void *scratch;
} neural_norm_tensors;

/// What a backward pass reads and writes.
typedef struct {
  const float *input, *output, *scale, *statistics;
  /// Where a ReLU follows, zeroed in place where the output is 0: then also the addend's gradient.
  float *output_gradient;
  /// Null where no gradient has to flow further down.
  float *input_gradient;
  /// Both null where scale and shift aren't trained.
  float *scale_gradient, *shift_gradient;
  /// A batch norm's statistics, to which the batch's are added; null where they stay as they are.
  float *running_mean, *running_variance;
  /// Aligned to 64 bytes.
  void *scratch;
} neural_norm_gradients;

/// The scratch memory that a pass takes, in bytes.
int64_t neural_norm_scratch(neural_layout layout);

/// A group norm: C/G neighbouring channels of one sample share mean and variance.
typedef struct {
  neural_layout layout;
  int64_t groups;
  float epsilon;
  /// Whether a ReLU follows.
  bool relu;
} neural_group_norm;

/// y ← (x − mean) / √(variance + ε) · scale + shift (+ addend), then the ReLU.
void neural_group_norm_forward(const neural_group_norm *shape, const neural_norm_tensors *tensors);

/// The gradients of input, scale and shift.
void neural_group_norm_backward(const neural_group_norm *shape,
                                const neural_norm_gradients *tensors);

/// A batch norm: all values of a channel share mean and variance.
typedef struct {
  neural_layout layout;
  float epsilon;
  /// The share of the batch's statistics that is taken into the running ones.
  float momentum;
  /// Whether the batch's own statistics are used, and not the running ones.
  bool learns;
  /// Whether a ReLU follows.
  bool relu;
} neural_batch_norm;

/// y ← (x − mean) / √(variance + ε) · scale + shift (+ addend), then the ReLU.
void neural_batch_norm_forward(const neural_batch_norm *shape, const neural_norm_tensors *tensors);

/// The gradients of input, scale and shift; moves the running statistics towards the batch's.
void neural_batch_norm_backward(const neural_batch_norm *shape,
                                const neural_norm_gradients *tensors);

/// y ← a + b, then, if `relu`, max(y, 0).
void neural_add(int64_t count, bool relu, const float *first, const float *second, float *output);

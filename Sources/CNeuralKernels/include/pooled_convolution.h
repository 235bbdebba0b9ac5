/// The pieces of convolution → ReLU → max-pooling over windows side by side.
///
/// Below such a pooling at most one in pool² gradients of the convolution's output isn't zero, and
/// fewer where a ReLU or a dropout has cut. The backward passes here visit only those.
#pragma once

#include <stdbool.h>
#include <stdint.h>

/// The extents of one such stack; the input lies as
/// [samples][input_blocks][rows · columns][lanes], the pooled output as [samples][outputs /
/// lanes][pooled_rows · pooled_columns][lanes].
typedef struct {
  int64_t samples, input_blocks, outputs, lanes;
  /// The convolution's input, its square window and the zeros on each side; its stride is 1.
  int64_t rows, columns, window, padding;
  /// The pooling's square window, which is also its stride.
  int64_t pool;
} neural_pooled_convolution;

/// pooled ← the largest value of each window, codes ← its place in the window, row by row; `codes`
/// may be null. Of equal values the first counts; a NaN counts as the largest.
void neural_pool(const neural_pooled_convolution *shape, const float *convolved, float *pooled,
                 uint8_t *codes);

/// The gradient of the convolution's output, before the ReLU if `relu`: zero but where codes point.
void neural_pool_backward(const neural_pooled_convolution *shape, bool relu,
                          const float *pooled_gradient, const float *pooled, const uint8_t *codes,
                          float *convolved_gradient);

/// Whether the processor can run `neural_sparse_backward`, for this shape.
bool neural_sparse_backward_supports(const neural_pooled_convolution *shape);

/// The scratch memory that `neural_sparse_backward` takes, in bytes.
int64_t neural_sparse_backward_scratch(const neural_pooled_convolution *shape);

/// Where the backward pass reads and writes; weights lie as
/// [O/l][I/l][k · k][l i][l o], l lanes.
typedef struct {
  const float *input, *pooled_gradient, *pooled, *weights;
  const uint8_t *codes;
  /// Null where the weights aren't trained.
  float *weights_gradient;
  /// Null where there is no bias.
  float *bias_gradient;
  /// Null where no gradient has to flow further down.
  float *input_gradient;
  /// Aligned to 64 bytes.
  void *scratch;
} neural_sparse_tensors;

/// The gradients of a convolution's weights, bias and input, through a max-pooling and, if `relu`,
/// a ReLU.
void neural_sparse_backward(const neural_pooled_convolution *shape, bool relu,
                            const neural_sparse_tensors *tensors);

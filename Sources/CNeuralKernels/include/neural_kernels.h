/// Inner loops of training that oneDNN 2.6 doesn't have. All buffers are dense 32-bit floats.
///
/// An activation lies as [samples][blocks][spatial][lanes]: `lanes` neighbouring channels side by
/// side, 1 for row-major tensors; `blocks` = ceil(channels / lanes). Results don't depend on the
/// width of the vectors that the processor has.
#pragma once

#include <stdbool.h>
#include <stdint.h>

/// The layout of an activation.
typedef struct {
  int64_t samples, channels, blocks, spatial, lanes;
} neural_layout;

/// What one step of stochastic gradient descent does to a range of scalars.
typedef struct {
  float gradient_scale, rate, momentum, decay, proximal;
  bool nesterov;
} neural_sgd_step;

/// w ← w − rate · d, with d the momentum-averaged, decayed, scaled gradient, as PyTorch defines it;
/// `anchor`, where not null, adds proximal · (w − anchor), `correction` is added as it is.
void neural_sgd(neural_sgd_step step, int64_t count, float *weights, const float *gradients,
                float *momenta, const float *anchor, const float *correction);

/// What one step of Adam does to a range of scalars; `rate` holds the correction of the first
/// moment's bias, `spread` is 1 / √(1 − β₂ᵗ), that of the second's.
typedef struct {
  float gradient_scale, rate, momentum, beta2, epsilon, spread, decay, proximal;
} neural_adam_step;

/// w ← w − rate · m / (√v · spread + epsilon), as PyTorch defines it; `momenta` is m and `squares`
/// v; `anchor` and `correction` as above.
void neural_adam(neural_adam_step step, int64_t count, float *weights, const float *gradients,
                 float *momenta, float *squares, const float *anchor, const float *correction);

/// The sum of squares.
double neural_squared_norm(int64_t count, const float *values);

/// target ← target + addend.
void neural_accumulate(int64_t count, float *target, const float *addend);

/// values ← factor · values.
void neural_scale(int64_t count, float *values, float factor);

/// Zeroes the gradient where the output of a ReLU is 0.
void neural_relu_backward(int64_t count, float *gradient, const float *output);

/// y ← max(x, 0).
void neural_relu(int64_t count, const float *input, float *output);

/// y ← x · mask / (1 − p); a mask bit is 0 where 16 random bits are below `threshold`.
///
/// The bits of element e (row-major within its sample) of sample n are the quarter e mod 4 of the
/// stream's value number (first_sample + n) · ceil(E / 4) + floor(e / 4), E elements a sample.
void neural_dropout(neural_layout layout, uint64_t key, uint64_t first_sample, uint32_t threshold,
                    float scale, const float *input, float *output, uint8_t *mask);

/// dx ← dy · mask · scale.
void neural_dropout_backward(int64_t count, float scale, const float *output_gradient,
                             const uint8_t *mask, float *input_gradient);

/// y[n, c] ← mean over the spatial positions of x[n, c]; y is row-major.
void neural_global_mean(neural_layout layout, const float *input, float *output);

/// dx[n, c, s] ← dy[n, c] / spatial; dy is row-major.
void neural_global_mean_backward(neural_layout layout, const float *output_gradient,
                                 float *input_gradient);

/// The extents of an adaptive average pooling: windows of about equal size that cover the image.
typedef struct {
  int64_t rows, columns, window_rows, window_columns;
} neural_adaptive_windows;

/// y ← the mean of each window; y lies like x.
void neural_adaptive_mean(neural_layout layout, neural_adaptive_windows size, const float *input,
                          float *output);

/// dx ← the sum over the windows that hold a position of dy / the window's extent.
void neural_adaptive_mean_backward(neural_layout layout, neural_adaptive_windows size,
                                   const float *output_gradient, float *input_gradient);

/// What a batch of predictions is worth.
typedef struct {
  double loss_sum;
  int64_t correct;
} neural_score;

/// Softmax cross-entropy from row-major logits [samples, classes]; labels are below `classes`.
/// `gradient`, where not null, gets the gradient of the mean loss.
neural_score neural_cross_entropy(int64_t samples, int64_t classes, const float *logits,
                                  const int32_t *labels, float *gradient);

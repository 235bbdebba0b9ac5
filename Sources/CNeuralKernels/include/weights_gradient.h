/// The gradient of a convolution's weights on small images, where oneDNN 2.6 multiplies much
/// padding.
#pragma once

#include <stdbool.h>
#include <stdint.h>

/// The extents of a convolution whose tensors lie in blocks of 16 channels, all of them filled.
typedef struct {
  int64_t samples, inputs, outputs, rows, columns, window, stride, padding;
} neural_weights_gradient;

/// Whether the processor can run `neural_small_weights_gradient`, for this shape.
bool neural_small_weights_gradient_supports(const neural_weights_gradient *shape);

/// From the input [samples][I/16][rows][columns][16] and the output's gradient
/// [samples][O/16][H'][W'][16], the gradient of the weights [O/16][I/16][k][k][16 i][16 o] and, if
/// `bias` isn't null, that of the bias.
void neural_small_weights_gradient_run(const neural_weights_gradient *shape, const float *input,
                                       const float *output_gradient, float *weights, float *bias);

/// The gradient of a first layer's weights, for which oneDNN 2.6 has no fast code with AVX2.
#pragma once

#include <stdint.h>

/// The extents of a convolution of stride 1 whose input is row-major, with few channels.
typedef struct {
  int64_t samples, channels, rows, columns, outputs, window, padding;
} neural_first_layer;

/// From the input [samples][channels][rows][columns] and the output's gradient
/// [samples][O/8][H' · W'][8], the gradient of the weights [O/8][k · k][channels][8 o] and, if
/// `bias` isn't null, that of the bias.
void neural_first_layer_weights(const neural_first_layer *shape, const float *input,
                                const float *output_gradient, float *weights, float *bias);

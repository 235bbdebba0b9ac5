/// Passes over the channels of one sample, from which normalizations are made.
#pragma once

#include "neural_kernels.h"

/// The stored channels of a sample: those of the last block that aren't filled included.
static inline int64_t neural_stored_channels(neural_layout layout) {
  return layout.blocks * layout.lanes;
}

/// Mean and sum of squared distances from it of each stored channel of one sample.
void neural_channel_moments(neural_layout layout, const float *sample, double *means,
                            double *squares);

/// y ← a[c] · x + b[c] (+ addend), then, if `relu`, max(y, 0); `addend` may be null.
void neural_channel_map(neural_layout layout, bool relu, const float *a, const float *b,
                        const float *sample, const float *addend, float *output);

/// Σ dy and Σ dy · (x − mean[c]) of each stored channel of one sample; where `output` isn't null dy
/// is first zeroed in place where the output is 0.
void neural_channel_sums(neural_layout layout, const float *means, const float *sample,
                         const float *output, float *gradient, double *sums, double *products);

/// dx ← a[c] · dy + b[c] · x + d[c].
void neural_channel_map_backward(neural_layout layout, const float *a, const float *b,
                                 const float *d, const float *gradient, const float *sample,
                                 float *input_gradient);

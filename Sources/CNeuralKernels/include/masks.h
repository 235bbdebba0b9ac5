/// What segmentation takes besides convolutions: the loss of a mask and the bias of an upsampling.
#pragma once

#include "neural_kernels.h"

/// What the two losses of a mask are multiplied with.
typedef struct {
  double cross_entropy, dice;
} neural_pixel_terms;

/// The losses of masks of logits that lie as `layout` says, its channels being the classes; the
/// labels are [samples][spatial], below the number of classes; class 0 is the background.
///
/// A sample's loss is cross_entropy · (the mean over its pixels of the softmax cross-entropy) +
/// dice · (1 − the mean over the foreground classes of (2 Σ p y + 1) / (Σ p + Σ y + 1)).
/// `gradient`, where not null, lies like the logits and gets the gradient of the mean loss;
/// `confusion`, where not null, has a count added for each pixel at [label][guess]. The score
/// counts pixels.
neural_score neural_pixel_loss(neural_layout layout, neural_pixel_terms terms, const float *logits,
                               const int32_t *labels, float *gradient, int64_t *confusion);

/// y[n, c, s] ← y[n, c, s] + bias[c].
void neural_add_bias(neural_layout layout, const float *bias, float *values);

/// bias[c] ← the sum of dy[n, c, s] over samples and positions.
void neural_bias_gradient(neural_layout layout, const float *output_gradient, float *bias);

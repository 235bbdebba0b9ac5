#include <math.h>
#include <stddef.h>

#include "norm_scratch.h"
#include "normalization.h"

#pragma STDC FP_CONTRACT OFF

/// The batch's statistics of each channel: mean, 1 / σ, variance without bias.
static void measure(const neural_batch_norm *shape, const neural_norm_tensors *t, norm_scratch p) {
  const neural_layout layout = shape->layout;
  const int64_t stored = neural_stored_channels(layout), size = stored * layout.spatial;
  double *means = p.scale_sums, *squares = p.shift_sums;
  for (int64_t c = 0; c < stored; c++) means[c] = squares[c] = 0;
  for (int64_t n = 0; n < layout.samples; n++) {
    neural_channel_moments(layout, t->input + n * size, p.first, p.second);
    const double part = 1 / (double)(n + 1);
    for (int64_t c = 0; c < stored; c++) {
      const double difference = p.first[c] - means[c];
      squares[c] += p.second[c] + difference * difference * ((double)(layout.spatial * n) * part);
      means[c] += difference * part;
    }
  }
  const double count = (double)(layout.samples * layout.spatial);
  for (int64_t c = 0; c < layout.channels; c++) {
    t->statistics[c * 3] = (float)means[c];
    t->statistics[c * 3 + 1] = (float)(1 / sqrt(squares[c] / count + (double)shape->epsilon));
    t->statistics[c * 3 + 2] = (float)(squares[c] / (count > 1 ? count - 1 : 1));
  }
}

void neural_batch_norm_forward(const neural_batch_norm *shape, const neural_norm_tensors *t) {
  const neural_layout layout = shape->layout;
  const int64_t stored = neural_stored_channels(layout), size = stored * layout.spatial;
  const norm_scratch p = norm_scratch_at(stored, t->scratch);
  if (shape->learns) {
    measure(shape, t, p);
  } else {
    for (int64_t c = 0; c < layout.channels; c++) {
      // A compressed update may have pushed a variance below 0.
      const float variance = t->running_variance[c] < 0 ? 0 : t->running_variance[c];
      t->statistics[c * 3] = t->running_mean[c];
      t->statistics[c * 3 + 1] = (float)(1 / sqrt((double)variance + (double)shape->epsilon));
    }
  }
  for (int64_t c = 0; c < layout.channels; c++) {
    const double a = (double)t->scale[c] * (double)t->statistics[c * 3 + 1];
    p.a[c] = (float)a;
    p.b[c] = (float)((double)t->shift[c] - (double)t->statistics[c * 3] * a);
  }
  for (int64_t c = layout.channels; c < stored; c++) p.a[c] = p.b[c] = 0;
  for (int64_t n = 0; n < layout.samples; n++)
    neural_channel_map(layout, shape->relu, p.a, p.b, t->input + n * size,
                       t->addend == NULL ? NULL : t->addend + n * size, t->output + n * size);
}

void neural_batch_norm_backward(const neural_batch_norm *shape, const neural_norm_gradients *t) {
  const neural_layout layout = shape->layout;
  const int64_t stored = neural_stored_channels(layout), size = stored * layout.spatial;
  const double count = (double)(layout.samples * layout.spatial);
  const norm_scratch p = norm_scratch_at(stored, t->scratch);
  for (int64_t c = 0; c < stored; c++) {
    p.d[c] = c < layout.channels ? t->statistics[c * 3] : 0;
    p.scale_sums[c] = p.shift_sums[c] = 0;
  }
  for (int64_t n = 0; n < layout.samples; n++) {
    neural_channel_sums(layout, p.d, t->input + n * size, shape->relu ? t->output + n * size : NULL,
                        t->output_gradient + n * size, p.first, p.second);
    for (int64_t c = 0; c < stored; c++) {
      p.shift_sums[c] += p.first[c];
      p.scale_sums[c] += p.second[c];
    }
  }
  for (int64_t c = layout.channels; c < stored; c++) p.a[c] = p.b[c] = p.d[c] = 0;
  for (int64_t c = 0; c < layout.channels; c++) {
    const double mean = (double)t->statistics[c * 3], inverse = (double)t->statistics[c * 3 + 1];
    const double scale = (double)t->scale[c] * inverse;
    p.scale_sums[c] *= inverse;
    // dx = scale / σ · (dy − (Σ dy + x̂ · Σ dy x̂) / count), with x̂ = (x − mean) / σ.
    const double slope = shape->learns ? -scale * inverse * p.scale_sums[c] / count : 0;
    const double offset = shape->learns ? -slope * mean - scale * p.shift_sums[c] / count : 0;
    p.a[c] = (float)scale;
    p.b[c] = (float)slope;
    p.d[c] = (float)offset;
  }
  for (int64_t n = 0; n < layout.samples && t->input_gradient != NULL; n++)
    neural_channel_map_backward(layout, p.a, p.b, p.d, t->output_gradient + n * size,
                                t->input + n * size, t->input_gradient + n * size);
  for (int64_t c = 0; c < layout.channels && t->scale_gradient != NULL; c++) {
    t->scale_gradient[c] = (float)p.scale_sums[c];
    t->shift_gradient[c] = (float)p.shift_sums[c];
  }
  if (t->running_mean == NULL) return;
  const float share = shape->momentum;
  for (int64_t c = 0; c < layout.channels; c++) {
    t->running_mean[c] = (1 - share) * t->running_mean[c] + share * t->statistics[c * 3];
    t->running_variance[c] =
        (1 - share) * t->running_variance[c] + share * t->statistics[c * 3 + 2];
  }
}

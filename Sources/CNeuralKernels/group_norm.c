#include "normalization.h"

#include <math.h>
#include <stddef.h>

#include "norm_scratch.h"

#pragma STDC FP_CONTRACT OFF

int64_t neural_norm_scratch(neural_layout layout) {
  return neural_stored_channels(layout) * (int64_t)(4 * sizeof(double) + 3 * sizeof(float));
}

void neural_group_norm_forward(const neural_group_norm *shape, const neural_norm_tensors *t) {
  const neural_layout layout = shape->layout;
  const int64_t stored = neural_stored_channels(layout), size = stored * layout.spatial;
  const int64_t width = layout.channels / shape->groups;
  const norm_scratch p = norm_scratch_at(stored, t->scratch);
  for (int64_t c = layout.channels; c < stored; c++) p.a[c] = p.b[c] = 0;
  for (int64_t n = 0; n < layout.samples; n++) {
    neural_channel_moments(layout, t->input + n * size, p.first, p.second);
    for (int64_t g = 0; g < shape->groups; g++) {
      const int64_t begin = g * width, end = begin + width;
      double mean = 0, squares = 0;
      for (int64_t c = begin; c < end; c++) mean += p.first[c];
      mean /= (double)width;
      for (int64_t c = begin; c < end; c++) {
        const double distance = p.first[c] - mean;
        squares += p.second[c] + (double)layout.spatial * distance * distance;
      }
      const double variance = squares / (double)(width * layout.spatial);
      const double inverse = 1 / sqrt(variance + (double)shape->epsilon);
      float *statistics = t->statistics + (n * shape->groups + g) * 2;
      statistics[0] = (float)mean;
      statistics[1] = (float)inverse;
      for (int64_t c = begin; c < end; c++) {
        const double a = (double)t->scale[c] * inverse;
        p.a[c] = (float)a;
        p.b[c] = (float)((double)t->shift[c] - mean * a);
      }
    }
    neural_channel_map(layout, shape->relu, p.a, p.b, t->input + n * size,
                       t->addend == NULL ? NULL : t->addend + n * size, t->output + n * size);
  }
}

void neural_group_norm_backward(const neural_group_norm *shape, const neural_norm_gradients *t) {
  const neural_layout layout = shape->layout;
  const int64_t stored = neural_stored_channels(layout), size = stored * layout.spatial;
  const int64_t width = layout.channels / shape->groups;
  const double count = (double)(width * layout.spatial);
  const norm_scratch p = norm_scratch_at(stored, t->scratch);
  for (int64_t c = 0; c < stored; c++) p.scale_sums[c] = p.shift_sums[c] = 0;
  for (int64_t n = 0; n < layout.samples; n++) {
    const float *statistics = t->statistics + n * shape->groups * 2;
    for (int64_t c = 0; c < stored; c++)
      p.d[c] = c < layout.channels ? statistics[c / width * 2] : 0;
    neural_channel_sums(layout, p.d, t->input + n * size, shape->relu ? t->output + n * size : NULL,
                        t->output_gradient + n * size, p.first, p.second);
    for (int64_t c = layout.channels; c < stored; c++) p.a[c] = p.b[c] = p.d[c] = 0;
    for (int64_t g = 0; g < shape->groups; g++) {
      const int64_t begin = g * width, end = begin + width;
      const double mean = (double)statistics[g * 2], inverse = (double)statistics[g * 2 + 1];
      double sum = 0, product = 0;
      for (int64_t c = begin; c < end; c++) {
        sum += (double)t->scale[c] * p.first[c];
        product += (double)t->scale[c] * p.second[c] * inverse;
        p.scale_sums[c] += p.second[c] * inverse;
        p.shift_sums[c] += p.first[c];
      }
      // dx = (scale · dy − (sum + x̂ · product) / count) / σ, with x̂ = (x − mean) / σ.
      const double slope = -inverse * inverse * product / count;
      const double offset = -slope * mean - inverse * sum / count;
      for (int64_t c = begin; c < end; c++) {
        p.a[c] = (float)((double)t->scale[c] * inverse);
        p.b[c] = (float)slope;
        p.d[c] = (float)offset;
      }
    }
    if (t->input_gradient != NULL)
      neural_channel_map_backward(layout, p.a, p.b, p.d, t->output_gradient + n * size,
                                  t->input + n * size, t->input_gradient + n * size);
  }
  if (t->scale_gradient == NULL) return;
  for (int64_t c = 0; c < layout.channels; c++) {
    t->scale_gradient[c] = (float)p.scale_sums[c];
    t->shift_gradient[c] = (float)p.shift_sums[c];
  }
}

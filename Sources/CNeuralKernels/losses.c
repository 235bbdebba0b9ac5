#include "neural_kernels.h"

#include <math.h>
#include <stddef.h>

#pragma STDC FP_CONTRACT OFF

neural_score neural_cross_entropy(int64_t samples, int64_t classes, const float *logits,
                                  const int32_t *labels, float *gradient) {
  neural_score score = {0, 0};
  for (int64_t n = 0; n < samples; n++) {
    const float *row = logits + n * classes;
    int64_t best = 0;
    for (int64_t c = 1; c < classes; c++)
      if (row[c] > row[best]) best = c;
    const float peak = row[best];
    double sum = 0;
    for (int64_t c = 0; c < classes; c++) sum += (double)expf(row[c] - peak);
    const int32_t label = labels[n];
    score.loss_sum += log(sum) - (double)(row[label] - peak);
    score.correct += best == label;
    if (gradient == NULL) continue;
    float *target = gradient + n * classes;
    const float share = 1.0f / (float)samples;
    for (int64_t c = 0; c < classes; c++) {
      const float probability = (float)((double)expf(row[c] - peak) / sum);
      target[c] = (probability - (c == label ? 1.0f : 0.0f)) * share;
    }
  }
  return score;
}

#include "masks.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#pragma STDC FP_CONTRACT OFF

#define CLONES __attribute__((target_clones("avx2", "default")))

/// The most classes whose sums lie on the stack.
#define FEW 64

/// Where the scalar of class c of pixel s of sample n lies.
static inline int64_t place(const neural_layout *layout, int64_t n, int64_t c, int64_t s) {
  return ((n * layout->blocks + c / layout->lanes) * layout->spatial + s) * layout->lanes +
         c % layout->lanes;
}

/// What a class' pixels of one sample sum up to: Σ p y, Σ p, Σ y.
typedef struct {
  double both, guessed, truth;
} overlap;

/// The softmax of one pixel, to `probabilities`; returns the most likely class.
static int64_t softmax(const neural_layout *layout, const float *logits, int64_t n, int64_t s,
                       double *probabilities, double *log_sum) {
  int64_t best = 0;
  float peak = logits[place(layout, n, 0, s)];
  for (int64_t c = 1; c < layout->channels; c++) {
    const float value = logits[place(layout, n, c, s)];
    if (value > peak) {
      peak = value;
      best = c;
    }
  }
  double sum = 0;
  for (int64_t c = 0; c < layout->channels; c++) {
    probabilities[c] = (double)expf(logits[place(layout, n, c, s)] - peak);
    sum += probabilities[c];
  }
  for (int64_t c = 0; c < layout->channels; c++) probabilities[c] /= sum;
  *log_sum = log(sum) + (double)peak;
  return best;
}

/// One sample's loss; its gradient, where wanted, is multiplied with `share`.
static neural_score sample_loss(const neural_layout *layout, neural_pixel_terms terms,
                                const float *logits, const int32_t *labels, float *gradient,
                                int64_t *confusion, int64_t n, float share, overlap *overlaps,
                                double *probabilities, double *slopes) {
  const int64_t classes = layout->channels, spatial = layout->spatial;
  neural_score score = {0, 0};
  double entropy = 0;
  memset(overlaps, 0, (size_t)classes * sizeof(overlap));
  for (int64_t s = 0; s < spatial; s++) {
    const int32_t label = labels[n * spatial + s];
    double log_sum;
    const int64_t best = softmax(layout, logits, n, s, probabilities, &log_sum);
    entropy += log_sum - (double)logits[place(layout, n, label, s)];
    score.correct += best == label;
    if (confusion != NULL) confusion[label * classes + best]++;
    for (int64_t c = 0; c < classes; c++) overlaps[c].guessed += probabilities[c];
    overlaps[label].both += probabilities[label];
    overlaps[label].truth += 1;
    if (gradient != NULL)
      for (int64_t c = 0; c < classes; c++)
        gradient[place(layout, n, c, s)] = (float)probabilities[c];
  }
  const double foreground = classes > 1 ? (double)(classes - 1) : 1;
  double dice = 0;
  for (int64_t c = 1; c < classes; c++) {
    const double above = 2 * overlaps[c].both + 1;
    dice += above / (overlaps[c].guessed + overlaps[c].truth + 1) / foreground;
  }
  score.loss_sum = terms.cross_entropy * entropy / (double)spatial + terms.dice * (1 - dice);
  if (gradient == NULL) return score;
  const double each = terms.cross_entropy / (double)spatial;
  for (int64_t s = 0; s < spatial; s++) {
    const int32_t label = labels[n * spatial + s];
    // The slope of the Dice loss along each probability, then through the softmax.
    double mean = 0;
    slopes[0] = 0;
    for (int64_t c = 1; c < classes; c++) {
      const double below = overlaps[c].guessed + overlaps[c].truth + 1;
      const double above = 2 * overlaps[c].both + 1;
      slopes[c] =
          -terms.dice / foreground * ((c == label ? 2 * below : 0) - above) / (below * below);
      mean += slopes[c] * (double)gradient[place(layout, n, c, s)];
    }
    for (int64_t c = 0; c < classes; c++) {
      float *const target = gradient + place(layout, n, c, s);
      const double p = (double)*target;
      *target = (float)(each * (p - (c == label ? 1 : 0)) + p * (slopes[c] - mean)) * share;
    }
  }
  return score;
}

neural_score neural_pixel_loss(neural_layout layout, neural_pixel_terms terms, const float *logits,
                               const int32_t *labels, float *gradient, int64_t *confusion) {
  const size_t classes = (size_t)layout.channels;
  overlap few_overlaps[FEW];
  double few_numbers[2 * FEW];
  const bool many = classes > FEW;
  overlap *const overlaps = many ? malloc(classes * sizeof(overlap)) : few_overlaps;
  double *const numbers = many ? malloc(2 * classes * sizeof(double)) : few_numbers;
  if (overlaps == NULL || numbers == NULL) abort();
  neural_score score = {0, 0};
  if (gradient != NULL && layout.blocks * layout.lanes != layout.channels)
    memset(gradient, 0,
           (size_t)(layout.samples * layout.blocks * layout.spatial * layout.lanes) *
               sizeof(float));
  for (int64_t n = 0; n < layout.samples; n++) {
    const neural_score own =
        sample_loss(&layout, terms, logits, labels, gradient, confusion, n,
                    1.0f / (float)layout.samples, overlaps, numbers, numbers + classes);
    score.loss_sum += own.loss_sum;
    score.correct += own.correct;
  }
  if (many) {
    free(overlaps);
    free(numbers);
  }
  return score;
}

CLONES void neural_add_bias(neural_layout layout, const float *restrict bias,
                            float *restrict values) {
  const int64_t lanes = layout.lanes, spatial = layout.spatial;
  for (int64_t n = 0; n < layout.samples; n++)
    for (int64_t b = 0; b < layout.blocks; b++) {
      float *block = values + (n * layout.blocks + b) * spatial * lanes;
      float own[16] = {0};
      for (int64_t k = 0; k < lanes && b * lanes + k < layout.channels; k++)
        own[k] = bias[b * lanes + k];
      if (lanes == 1) {
        for (int64_t s = 0; s < spatial; s++) block[s] += own[0];
      } else if (lanes == 8) {
        for (int64_t s = 0; s < spatial; s++)
          for (int k = 0; k < 8; k++) block[s * 8 + k] += own[k];
      } else {
        for (int64_t s = 0; s < spatial; s++)
          for (int64_t k = 0; k < lanes; k++) block[s * lanes + k] += own[k];
      }
    }
}

CLONES void neural_bias_gradient(neural_layout layout, const float *restrict output_gradient,
                                 float *restrict bias) {
  const int64_t lanes = layout.lanes, spatial = layout.spatial;
  for (int64_t b = 0; b < layout.blocks; b++) {
    double totals[16] = {0};
    for (int64_t n = 0; n < layout.samples; n++) {
      const float *block = output_gradient + (n * layout.blocks + b) * spatial * lanes;
      // Sums of 32 bits over one plane, in sixteen strands where there is one lane.
      float sums[16] = {0};
      if (lanes == 1) {
        int64_t s = 0;
        for (; s + 16 <= spatial; s += 16)
          for (int k = 0; k < 16; k++) sums[k] += block[s + k];
        for (; s < spatial; s++) sums[0] += block[s];
        for (int k = 0; k < 16; k++) totals[0] += (double)sums[k];
        continue;
      }
      for (int64_t s = 0; s < spatial; s++)
        for (int64_t k = 0; k < lanes; k++) sums[k] += block[s * lanes + k];
      for (int64_t k = 0; k < lanes; k++) totals[k] += (double)sums[k];
    }
    for (int64_t k = 0; k < lanes && b * lanes + k < layout.channels; k++)
      bias[b * lanes + k] = (float)totals[k];
  }
}

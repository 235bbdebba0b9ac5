/// The scratch memory of a normalization.
#pragma once

#include "channels.h"

/// For each stored channel two sums of one sample, two sums over the samples and three
/// coefficients.
typedef struct {
  double *first, *second, *scale_sums, *shift_sums;
  float *a, *b, *d;
} norm_scratch;

static inline norm_scratch norm_scratch_at(int64_t channels, void *scratch) {
  double *doubles = scratch;
  float *floats = (float *)(doubles + 4 * channels);
  return (norm_scratch){doubles, doubles + channels, doubles + 2 * channels, doubles + 3 * channels,
                        floats,  floats + channels,  floats + 2 * channels};
}

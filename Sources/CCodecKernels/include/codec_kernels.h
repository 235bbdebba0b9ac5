#ifndef PROGFED_CODEC_KERNELS_H
#define PROGFED_CODEC_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The loops of the codecs over whole tensors. Each exists twice with equal results, bit for bit:
// `progfed_codec_x` takes the widest vectors the processor has (`_wide`, defined on x86-64 only),
// else those of the baseline (`_portable`, also there to check the first). Multi-byte numbers are
// little-endian.
//
// Codes of 1 to 8 bits are packed without gaps, the first in the lowest bits of the first byte;
// `count` codes of `bits` take (count * bits + 7) / 8 bytes and the bits left over are zero.

#pragma clang assume_nonnull begin

#define PROGFED_CODEC_KERNEL(type, name, ...)        \
  type progfed_codec_##name(__VA_ARGS__);            \
  type progfed_codec_##name##_portable(__VA_ARGS__); \
  type progfed_codec_##name##_wide(__VA_ARGS__)

/// The smallest and largest of `count` > 0 values; false, and nothing stored, if one isn't finite.
PROGFED_CODEC_KERNEL(bool, range, const float *values, size_t count, float *lowest, float *highest);

/// Whether no magnitude among floats at any alignment is above the finite `limit`, or not a number.
PROGFED_CODEC_KERNEL(bool, all_within, const uint8_t *floats, size_t count, float limit);

/// The sum of magnitudes.
PROGFED_CODEC_KERNEL(double, absolute_sum, const float *values, size_t count);

/// The sum of squares.
PROGFED_CODEC_KERNEL(double, square_sum, const float *values, size_t count);

/// Fills `words` with the values `first`, `first` + 1, … of the counter-based generator of `key`.
PROGFED_CODEC_KERNEL(void, random_words, uint64_t key, uint32_t first, uint32_t *words,
                     size_t count);

/// Packs floor((value - base) * inverse + u), at most `top`, u uniform in [0, 1) from `key` and the
/// value's index, which starts at `first`.
PROGFED_CODEC_KERNEL(void, round_linear, const float *values, size_t count, float base,
                     float inverse, float top, uint64_t key, uint32_t first, int bits,
                     uint8_t *packed);

/// sums[i] += weight * (base + step * (code[i] - zero)).
PROGFED_CODEC_KERNEL(void, add_linear, const uint8_t *packed, size_t count, int bits, float base,
                     float step, float zero, float weight, float *sums);

/// Packs for each value how many of the ascending 2^bits - 1 `bounds` lie below value * scale;
/// returns the inner product of the values and the `levels`, 2^bits, that the codes stand for.
PROGFED_CODEC_KERNEL(double, round_nearest, const float *values, size_t count, float scale,
                     const float *bounds, const float *levels, int bits, uint8_t *packed);

/// Packs one of the two ascending `levels`, 2^bits, around each value, unbiased: the upper one if
/// u * (upper - lower) < value - lower, u uniform in [0, 1) from `key` and the index.
PROGFED_CODEC_KERNEL(void, round_levels, const float *values, size_t count, const float *levels,
                     uint64_t key, uint32_t first, int bits, uint8_t *packed);

/// values[i] = levels[code[i]].
PROGFED_CODEC_KERNEL(void, read_levels, const uint8_t *packed, size_t count, int bits,
                     const float *levels, float *values);

/// sums[i] += weight * value[i], the values being floats at any alignment.
PROGFED_CODEC_KERNEL(void, add_floats, const uint8_t *floats, size_t count, float weight,
                     float *sums);

/// Flips the signs of the values by random bits: value i by bit 31 - i % 32, the highest one first,
/// of word i / 32 of `key`.
PROGFED_CODEC_KERNEL(void, flip_signs, float *values, size_t count, uint64_t key);

/// The Walsh-Hadamard transform in natural order, not normalized, of a power of two of values.
PROGFED_CODEC_KERNEL(void, hadamard, float *values, size_t count);

/// Draws one index from each of `parts` consecutive ranges that share `count` evenly, longer first.
PROGFED_CODEC_KERNEL(void, draw_strata, size_t count, size_t parts, uint64_t key,
                     uint32_t *indices);

/// kept[j] = values[indices[j]].
PROGFED_CODEC_KERNEL(void, gather, const float *values, const uint32_t *indices, size_t kept_count,
                     float *kept);

/// sums[indices[j]] += weight * (factor * kept[j]).
PROGFED_CODEC_KERNEL(void, scatter, const float *kept, const uint32_t *indices, size_t kept_count,
                     float factor, float weight, float *sums);

/// Counts the values, in 4096 counts, by the first 12 bits of their magnitude: exponent and 4 bits
/// of the fraction.
PROGFED_CODEC_KERNEL(void, count_magnitudes, const float *values, size_t count, uint32_t *counts);

/// Lists ascending indices of values whose magnitude's bits are `least` or more; returns how many.
/// Room for one more than that is needed.
PROGFED_CODEC_KERNEL(size_t, list_magnitudes, const float *values, size_t count, uint32_t least,
                     uint32_t *indices);

/// The limit that decoding is measured against: sums[i] += scale * codes[i].
PROGFED_CODEC_KERNEL(void, plain_add_bytes, const uint8_t *codes, size_t count, float scale,
                     float *sums);

#pragma clang assume_nonnull end

#endif

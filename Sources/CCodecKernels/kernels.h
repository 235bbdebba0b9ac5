// The kernels of codec_kernels.h, compiled once per vector width: KERNEL(name) gives the symbol.
// No reduction is left to the compiler's order and no multiply-add is contracted, so that every
// width gives the same bits.

#include <string.h>

#include "codec_kernels.h"
#include "packing.h"
#include "random.h"

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the codecs' formats are written for little-endian processors"
#endif

#pragma STDC FP_CONTRACT OFF

typedef float octet __attribute__((vector_size(32), aligned(4), may_alias));
typedef int32_t octet_bits __attribute__((vector_size(32), aligned(4), may_alias));
typedef uint8_t octet_codes __attribute__((vector_size(8)));

enum { chunk = 512 }; // codes unpacked at a time; a multiple of 8

bool KERNEL(range)(const float *values, size_t count, float *lowest, float *highest) {
  float low[8], high[8];
  uint32_t special[8] = {0};
  for (int l = 0; l < 8; l++) low[l] = high[l] = values[0];
  size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    for (int l = 0; l < 8; l++) {
      float x = values[i + (size_t)l];
      uint32_t bits;
      memcpy(&bits, &x, 4);
      special[l] |= (bits & 0x7f800000U) == 0x7f800000U;
      low[l] = x < low[l] ? x : low[l];
      high[l] = x > high[l] ? x : high[l];
    }
  }
  for (; i < count; i++) {
    float x = values[i];
    uint32_t bits;
    memcpy(&bits, &x, 4);
    special[0] |= (bits & 0x7f800000U) == 0x7f800000U;
    low[0] = x < low[0] ? x : low[0];
    high[0] = x > high[0] ? x : high[0];
  }
  for (int l = 1; l < 8; l++) {
    special[0] |= special[l];
    low[0] = low[l] < low[0] ? low[l] : low[0];
    high[0] = high[l] > high[0] ? high[l] : high[0];
  }
  if (special[0]) return false;
  *lowest = low[0] + 0.0f; // no negative zero
  *highest = high[0] + 0.0f;
  return true;
}

bool KERNEL(all_within)(const uint8_t *floats, size_t count, float limit) {
  uint32_t most, beyond = 0;
  memcpy(&most, &limit, 4);
  for (size_t i = 0; i < count; i++) {
    uint32_t bits;
    memcpy(&bits, floats + 4 * i, 4);
    beyond |= (bits & 0x7fffffffU) > most;
  }
  return beyond == 0;
}

INLINE double sum_of_lanes(const double sums[8]) {
  return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

#define LANE_SUM(term)                  \
  double sums[8] = {0};                 \
  size_t i = 0;                         \
  for (; i + 8 <= count; i += 8) {      \
    for (int l = 0; l < 8; l++) {       \
      double x = values[i + (size_t)l]; \
      sums[l] += (term);                \
    }                                   \
  }                                     \
  for (; i < count; i++) {              \
    double x = values[i];               \
    sums[i & 7] += (term);              \
  }                                     \
  return sum_of_lanes(sums);

double KERNEL(absolute_sum)(const float *values, size_t count) { LANE_SUM(__builtin_fabs(x)) }

double KERNEL(square_sum)(const float *values, size_t count) { LANE_SUM(x * x) }

void KERNEL(random_words)(uint64_t key, uint32_t first, uint32_t *words, size_t count) {
  for (size_t i = 0; i < count; i++) words[i] = random_word(key, first + (uint32_t)i);
}

INLINE void round_linear(const float *values, size_t count, float base, float inverse, float top,
                         uint64_t key, uint32_t first, int bits, uint8_t *packed) {
  uint8_t codes[chunk];
  for (size_t at = 0; at < count; at += chunk) {
    size_t some = count - at < chunk ? count - at : chunk;
    const float *from = values + at;
    uint32_t index = first + (uint32_t)at;
    for (size_t i = 0; i < some; i++) {
      float level = (from[i] - base) * inverse + uniform(key, index + (uint32_t)i);
      level = level > top ? top : level;
      codes[i] = (uint8_t)(int32_t)level;
    }
    pack(codes, some, bits, packed + at / 8 * (size_t)bits);
  }
}

void KERNEL(round_linear)(const float *values, size_t count, float base, float inverse, float top,
                          uint64_t key, uint32_t first, int bits, uint8_t *packed){
#define BODY(b) round_linear(values, count, base, inverse, top, key, first, b, packed)
    FOR_BITS(bits, BODY)
#undef BODY
}

INLINE void add_codes(const uint8_t *codes, size_t count, float base, float step, float zero,
                      float weight, float *sums) {
  for (size_t i = 0; i < count; i++) {
    float value = base + step * ((float)(int32_t)codes[i] - zero);
    sums[i] += weight * value;
  }
}

INLINE void add_linear(const uint8_t *packed, size_t count, int bits, float base, float step,
                       float zero, float weight, float *sums) {
  uint8_t codes[chunk];
  for (size_t at = 0; at < count; at += chunk) {
    size_t some = count - at < chunk ? count - at : chunk;
    unpack(packed + at / 8 * (size_t)bits, some, bits, codes);
    add_codes(codes, some, base, step, zero, weight, sums + at);
  }
}

void KERNEL(add_linear)(const uint8_t *packed, size_t count, int bits, float base, float step,
                        float zero, float weight, float *sums) {
  if (bits == 8) {
    add_codes(packed, count, base, step, zero, weight, sums);
    return;
  }
#define BODY(b) add_linear(packed, count, b, base, step, zero, weight, sums)
  FOR_BITS(bits, BODY)
#undef BODY
}

INLINE double inner_product(const float *first, const float *second, size_t count) {
  double sums[8] = {0};
  size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    for (int l = 0; l < 8; l++) {
      sums[l] += (double)first[i + (size_t)l] * (double)second[i + (size_t)l];
    }
  }
  for (; i < count; i++) sums[i & 7] += (double)first[i] * (double)second[i];
  return sum_of_lanes(sums);
}

INLINE double round_nearest(const float *values, size_t count, float scale, const float *bounds,
                            const float *levels, int bits, uint8_t *packed) {
  uint8_t codes[chunk];
  float nearest[chunk];
  float between[15]; // a copy that the codes can't alias
  memcpy(between, bounds, sizeof(float) * ((1U << bits) - 1));
  double product = 0;
  for (size_t at = 0; at < count; at += chunk) {
    size_t some = count - at < chunk ? count - at : chunk;
    const float *from = values + at;
    size_t i = 0;
    for (; i + 8 <= some; i += 8) {
      octet z = *(const octet *)(from + i) * scale;
      octet_bits code = {0};
      for (int t = 0; t < (1 << bits) - 1; t++) code -= z > between[t]; // true is -1
      octet_codes narrow = __builtin_convertvector(code, octet_codes);
      memcpy(codes + i, &narrow, 8);
    }
    for (; i < some; i++) {
      float z = from[i] * scale;
      int32_t code = 0;
      for (int t = 0; t < (1 << bits) - 1; t++) code += z > between[t];
      codes[i] = (uint8_t)code;
    }
    for (i = 0; i < some; i++) nearest[i] = levels[codes[i]];
    product += inner_product(from, nearest, some);
    pack(codes, some, bits, packed + at / 8 * (size_t)bits);
  }
  return product;
}

double KERNEL(round_nearest)(const float *values, size_t count, float scale, const float *bounds,
                             const float *levels, int bits, uint8_t *packed) {
  switch (bits) {
  case 1:
    return round_nearest(values, count, scale, bounds, levels, 1, packed);
  case 2:
    return round_nearest(values, count, scale, bounds, levels, 2, packed);
  case 3:
    return round_nearest(values, count, scale, bounds, levels, 3, packed);
  default:
    return round_nearest(values, count, scale, bounds, levels, 4, packed);
  }
}

INLINE void round_levels(const float *values, size_t count, const float *levels, uint64_t key,
                         uint32_t first, int bits, uint8_t *packed) {
  uint8_t codes[chunk];
  for (size_t at = 0; at < count; at += chunk) {
    size_t some = count - at < chunk ? count - at : chunk;
    for (size_t i = 0; i < some; i++) {
      float x = values[at + i];
      int32_t lower = 0; // the last level but the top one that isn't above x
      for (int half = 1 << (bits - 1); half > 0; half >>= 1) {
        int32_t next = lower + half;
        lower = x >= levels[next] ? next : lower;
      }
      lower = lower < (1 << bits) - 2 ? lower : (1 << bits) - 2;
      float below = levels[lower], above = levels[lower + 1];
      float u = uniform(key, first + (uint32_t)(at + i));
      codes[i] = (uint8_t)(lower + (u * (above - below) < x - below));
    }
    pack(codes, some, bits, packed + at / 8 * (size_t)bits);
  }
}

void KERNEL(round_levels)(const float *values, size_t count, const float *levels, uint64_t key,
                          uint32_t first, int bits, uint8_t *packed){
#define BODY(b) round_levels(values, count, levels, key, first, b, packed)
    FOR_BITS(bits, BODY)
#undef BODY
}

INLINE void read_levels(const uint8_t *packed, size_t count, int bits, const float *levels,
                        float *values) {
  uint8_t codes[chunk];
  for (size_t at = 0; at < count; at += chunk) {
    size_t some = count - at < chunk ? count - at : chunk;
    unpack(packed + at / 8 * (size_t)bits, some, bits, codes);
    for (size_t i = 0; i < some; i++) values[at + i] = levels[codes[i]];
  }
}

void KERNEL(read_levels)(const uint8_t *packed, size_t count, int bits, const float *levels,
                         float *values) {
#define BODY(b) read_levels(packed, count, b, levels, values)
  FOR_BITS(bits, BODY)
#undef BODY
}

void KERNEL(add_floats)(const uint8_t *floats, size_t count, float weight, float *sums) {
  for (size_t i = 0; i < count; i++) {
    float value;
    memcpy(&value, floats + 4 * i, 4);
    sums[i] += weight * value;
  }
}

void KERNEL(draw_strata)(size_t count, size_t parts, uint64_t key, uint32_t *indices) {
  uint32_t width = (uint32_t)(count / parts), longer = (uint32_t)(count % parts);
  for (uint32_t j = 0; j < longer; j++) {
    uint64_t draw = (uint64_t)random_word(key, j) * (width + 1);
    indices[j] = j * (width + 1) + (uint32_t)(draw >> 32);
  }
  for (uint32_t j = longer; j < (uint32_t)parts; j++) {
    uint64_t draw = (uint64_t)random_word(key, j) * width;
    indices[j] = j * width + longer + (uint32_t)(draw >> 32);
  }
}

void KERNEL(gather)(const float *values, const uint32_t *indices, size_t kept_count, float *kept) {
  for (size_t j = 0; j < kept_count; j++) kept[j] = values[indices[j]];
}

void KERNEL(scatter)(const float *kept, const uint32_t *indices, size_t kept_count, float factor,
                     float weight, float *sums) {
  for (size_t j = 0; j < kept_count; j++) {
    float value = factor * kept[j];
    sums[indices[j]] += weight * value;
  }
}

void KERNEL(count_magnitudes)(const float *values, size_t count, uint32_t *counts) {
  uint32_t more[3][4096]; // neighbours often fall together: four tables don't wait for each other
  memset(more, 0, sizeof more);
  memset(counts, 0, 4096 * sizeof counts[0]);
  size_t i = 0;
  uint32_t bits[4];
  for (; i + 4 <= count; i += 4) {
    memcpy(bits, values + i, 16);
    counts[(bits[0] & 0x7fffffffU) >> 19]++;
    more[0][(bits[1] & 0x7fffffffU) >> 19]++;
    more[1][(bits[2] & 0x7fffffffU) >> 19]++;
    more[2][(bits[3] & 0x7fffffffU) >> 19]++;
  }
  for (; i < count; i++) {
    memcpy(bits, values + i, 4);
    counts[(bits[0] & 0x7fffffffU) >> 19]++;
  }
  for (int bin = 0; bin < 4096; bin++) counts[bin] += more[0][bin] + more[1][bin] + more[2][bin];
}

size_t KERNEL(list_magnitudes)(const float *values, size_t count, uint32_t least,
                               uint32_t *indices) {
  size_t found = 0;
  for (size_t i = 0; i < count; i++) {
    uint32_t bits;
    memcpy(&bits, values + i, 4);
    indices[found] = (uint32_t)i;
    found += (bits & 0x7fffffffU) >= least;
  }
  return found;
}

void KERNEL(plain_add_bytes)(const uint8_t *codes, size_t count, float scale, float *sums) {
  for (size_t i = 0; i < count; i++) sums[i] += scale * (float)(int32_t)codes[i];
}

// The choice between the kernels' two versions, made at each call by what the processor has.
#include "codec_kernels.h"

#if defined(__x86_64__)
#define CHOOSE(name, ...)                                                   \
  __builtin_cpu_supports("avx2") ? progfed_codec_##name##_wide(__VA_ARGS__) \
                                 : progfed_codec_##name##_portable(__VA_ARGS__)
#else
#define CHOOSE(name, ...) progfed_codec_##name##_portable(__VA_ARGS__)
#endif

#define DISPATCH(type, name, parameters, ...) \
  type progfed_codec_##name parameters { return CHOOSE(name, __VA_ARGS__); }
#define DISPATCH_VOID(name, parameters, ...) \
  void progfed_codec_##name parameters { CHOOSE(name, __VA_ARGS__); }

DISPATCH(bool, range, (const float *values, size_t count, float *lowest, float *highest), values,
         count, lowest, highest)
DISPATCH(bool, all_within, (const uint8_t *floats, size_t count, float limit), floats, count, limit)
DISPATCH(double, absolute_sum, (const float *values, size_t count), values, count)
DISPATCH(double, square_sum, (const float *values, size_t count), values, count)
DISPATCH_VOID(random_words, (uint64_t key, uint32_t first, uint32_t *words, size_t count), key,
              first, words, count)
DISPATCH_VOID(round_linear,
              (const float *values, size_t count, float base, float inverse, float top,
               uint64_t key, uint32_t first, int bits, uint8_t *packed),
              values, count, base, inverse, top, key, first, bits, packed)
DISPATCH_VOID(add_linear,
              (const uint8_t *packed, size_t count, int bits, float base, float step, float zero,
               float weight, float *sums),
              packed, count, bits, base, step, zero, weight, sums)
DISPATCH(double, round_nearest,
         (const float *values, size_t count, float scale, const float *bounds, const float *levels,
          int bits, uint8_t *packed),
         values, count, scale, bounds, levels, bits, packed)
DISPATCH_VOID(round_levels,
              (const float *values, size_t count, const float *levels, uint64_t key, uint32_t first,
               int bits, uint8_t *packed),
              values, count, levels, key, first, bits, packed)
DISPATCH_VOID(read_levels,
              (const uint8_t *packed, size_t count, int bits, const float *levels, float *values),
              packed, count, bits, levels, values)
DISPATCH_VOID(add_floats, (const uint8_t *floats, size_t count, float weight, float *sums), floats,
              count, weight, sums)
DISPATCH_VOID(flip_signs, (float *values, size_t count, uint64_t key), values, count, key)
DISPATCH_VOID(hadamard, (float *values, size_t count), values, count)
DISPATCH_VOID(draw_strata, (size_t count, size_t parts, uint64_t key, uint32_t *indices), count,
              parts, key, indices)
DISPATCH_VOID(gather,
              (const float *values, const uint32_t *indices, size_t kept_count, float *kept),
              values, indices, kept_count, kept)
DISPATCH_VOID(scatter,
              (const float *kept, const uint32_t *indices, size_t kept_count, float factor,
               float weight, float *sums),
              kept, indices, kept_count, factor, weight, sums)
DISPATCH_VOID(count_magnitudes, (const float *values, size_t count, uint32_t *counts), values,
              count, counts)
DISPATCH(size_t, list_magnitudes,
         (const float *values, size_t count, uint32_t least, uint32_t *indices), values, count,
         least, indices)
DISPATCH_VOID(plain_add_bytes, (const uint8_t *codes, size_t count, float scale, float *sums),
              codes, count, scale, sums)

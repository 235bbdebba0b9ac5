#ifndef PROGFED_CHECKSUMS_H
#define PROGFED_CHECKSUMS_H

#include <stddef.h>
#include <stdint.h>

/// Continues the CRC-32C (Castagnoli, RFC 3720 appendix B.4) `crc` over `count` bytes.
/// Start with 0; the result is final after each call.
uint32_t progfed_crc32c(uint32_t crc, const uint8_t *_Nullable bytes, size_t count);

/// The same with tables alone, for processors without the instruction and to check the other.
uint32_t progfed_crc32c_portable(uint32_t crc, const uint8_t *_Nullable bytes, size_t count);

#endif

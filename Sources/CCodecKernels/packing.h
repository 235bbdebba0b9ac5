// Eight codes, one a byte, against their `bits` * 8 bits in a row; `bits` is a constant after
// inlining.

#define INLINE static inline __attribute__((always_inline))

// A mask with the low `used` bits of each second lane of `width` bits, the first being the lowest.
INLINE uint64_t lower(int width, int used) {
  uint64_t mask = 0;
  for (int at = 0; at < 64; at += 2 * width) mask |= ((1ULL << used) - 1) << at;
  return mask;
}

// In each pair of lanes of `width` bits, moves the `used` bits of the upper lane down to those of
// the lower one.
INLINE uint64_t join(uint64_t word, int width, int used) {
  uint64_t low = lower(width, used);
  return (word & low) | (word >> (width - used) & low << used);
}

// The reverse of `join`.
INLINE uint64_t part(uint64_t word, int width, int used) {
  uint64_t low = lower(width, used);
  return (word & low) | (word & low << used) << (width - used);
}

INLINE uint64_t squeeze(uint64_t codes, int bits) {
  if (bits == 8) return codes;
  return join(join(join(codes, 8, bits), 16, 2 * bits), 32, 4 * bits);
}

INLINE uint64_t spread(uint64_t packed, int bits) {
  if (bits == 8) return packed;
  return part(part(part(packed, 32, 4 * bits), 16, 2 * bits), 8, bits);
}

INLINE void pack(const uint8_t *codes, size_t count, int bits, uint8_t *packed) {
  size_t groups = count / 8;
  for (size_t g = 0; g < groups; g++) {
    uint64_t word;
    memcpy(&word, codes + 8 * g, 8);
    word = squeeze(word, bits);
    memcpy(packed + g * (size_t)bits, &word, (size_t)bits);
  }
  size_t rest = count - 8 * groups;
  if (rest > 0) {
    uint64_t word = 0;
    memcpy(&word, codes + 8 * groups, rest);
    word = squeeze(word, bits);
    memcpy(packed + groups * (size_t)bits, &word, (rest * (size_t)bits + 7) / 8);
  }
}

INLINE void unpack(const uint8_t *packed, size_t count, int bits, uint8_t *codes) {
  size_t groups = count / 8;
  for (size_t g = 0; g < groups; g++) {
    uint64_t word = 0;
    memcpy(&word, packed + g * (size_t)bits, (size_t)bits);
    word = spread(word, bits);
    memcpy(codes + 8 * g, &word, 8);
  }
  size_t rest = count - 8 * groups;
  if (rest > 0) {
    uint64_t word = 0;
    memcpy(&word, packed + groups * (size_t)bits, (rest * (size_t)bits + 7) / 8);
    word = spread(word, bits);
    memcpy(codes + 8 * groups, &word, rest);
  }
}

// Calls `body` with a constant number of bits, so that each width gets loops of its own.
#define FOR_BITS(bits, body) \
  switch (bits) {            \
  case 1:                    \
    body(1);                 \
    break;                   \
  case 2:                    \
    body(2);                 \
    break;                   \
  case 3:                    \
    body(3);                 \
    break;                   \
  case 4:                    \
    body(4);                 \
    break;                   \
  case 5:                    \
    body(5);                 \
    break;                   \
  case 6:                    \
    body(6);                 \
    break;                   \
  case 7:                    \
    body(7);                 \
    break;                   \
  default:                   \
    body(8);                 \
    break;                   \
  }

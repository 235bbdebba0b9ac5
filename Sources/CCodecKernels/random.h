// The counter-based generator: word i is a function of the 64-bit key and i alone, so that any part
// can be drawn anywhere, by vectors of any width.
//
// Three multiply-xorshift rounds (constants of C. Wellons' "triple32") with half of the mixed key
// before the first and half before the second. Mixing the key (the finalizer of SplitMix64) leaves
// the loops, since it doesn't depend on the index; so neighbouring keys may be used. It passes the
// tests in CodecsTests (means, bit balance, serial and cross-key correlation); it isn't for
// cryptography.
static inline __attribute__((always_inline)) uint64_t mixed(uint64_t key) {
  key = (key ^ key >> 30) * 0xbf58476d1ce4e5b9ULL;
  key = (key ^ key >> 27) * 0x94d049bb133111ebULL;
  return key ^ key >> 31;
}

static inline __attribute__((always_inline)) uint32_t random_word(uint64_t key, uint32_t index) {
  key = mixed(key);
  uint32_t x = index ^ (uint32_t)key;
  x ^= x >> 17;
  x *= 0xed5ad4bbU;
  x ^= x >> 11;
  x ^= (uint32_t)(key >> 32);
  x *= 0xac4c1b51U;
  x ^= x >> 15;
  x *= 0x31848babU;
  x ^= x >> 14;
  return x;
}

// Uniform in [0, 1) with 24 random bits.
static inline __attribute__((always_inline)) float uniform(uint64_t key, uint32_t index) {
  return (float)(int32_t)(random_word(key, index) >> 8) * 0x1p-24f;
}

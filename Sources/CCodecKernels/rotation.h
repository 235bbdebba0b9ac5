// Random signs and the Walsh-Hadamard transform, compiled once per vector width.

#pragma STDC FP_CONTRACT OFF

enum { cached = 4096 }; // values that stay in the first-level cache

void KERNEL(flip_signs)(float *values, size_t count, uint64_t key) {
  for (size_t at = 0; at < count; at += 32) {
    uint32_t word = random_word(key, (uint32_t)(at / 32));
    size_t some = count - at < 32 ? count - at : 32;
    uint32_t bits[32];
    memcpy(bits, values + at, 4 * some);
    for (uint32_t i = 0; i < (uint32_t)some; i++) bits[i] ^= (word << i) & 0x80000000U;
    memcpy(values + at, bits, 4 * some);
  }
}

// Two stages at once: the values `quarter` apart.
INLINE void hadamard_4(float *values, size_t quarter) {
  for (size_t i = 0; i < quarter; i += 8) {
    octet *p0 = (octet *)(values + i), *p1 = (octet *)(values + i + quarter);
    octet *p2 = (octet *)(values + i + 2 * quarter), *p3 = (octet *)(values + i + 3 * quarter);
    octet a = *p0 + *p1, b = *p0 - *p1, c = *p2 + *p3, d = *p2 - *p3;
    *p0 = a + c;
    *p1 = b + d;
    *p2 = a - c;
    *p3 = b - d;
  }
}

INLINE void hadamard_2(float *values, size_t half) {
  for (size_t i = 0; i < half; i += 8) {
    octet *p0 = (octet *)(values + i), *p1 = (octet *)(values + i + half);
    octet a = *p0, b = *p1;
    *p0 = a + b;
    *p1 = a - b;
  }
}

// The three stages inside eight values.
INLINE void hadamard_octets(float *values, size_t count) {
  const octet_bits ones = {0, INT32_MIN, 0, INT32_MIN, 0, INT32_MIN, 0, INT32_MIN};
  const octet_bits twos = {0, 0, INT32_MIN, INT32_MIN, 0, 0, INT32_MIN, INT32_MIN};
  const octet_bits fours = {0, 0, 0, 0, INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN};
  for (size_t i = 0; i < count; i += 8) {
    octet x = *(octet *)(values + i);
    octet upper = __builtin_shufflevector(x, x, 1, 1, 3, 3, 5, 5, 7, 7);
    x = __builtin_shufflevector(x, x, 0, 0, 2, 2, 4, 4, 6, 6) + (octet)((octet_bits)upper ^ ones);
    upper = __builtin_shufflevector(x, x, 2, 3, 2, 3, 6, 7, 6, 7);
    x = __builtin_shufflevector(x, x, 0, 1, 0, 1, 4, 5, 4, 5) + (octet)((octet_bits)upper ^ twos);
    upper = __builtin_shufflevector(x, x, 4, 5, 6, 7, 4, 5, 6, 7);
    x = __builtin_shufflevector(x, x, 0, 1, 2, 3, 0, 1, 2, 3) + (octet)((octet_bits)upper ^ fours);
    *(octet *)(values + i) = x;
  }
}

static void KERNEL(hadamard_cached)(float *values, size_t count) {
  hadamard_octets(values, count);
  size_t span = 8;
  for (; 4 * span <= count; span *= 4) {
    for (size_t at = 0; at < count; at += 4 * span) hadamard_4(values + at, span);
  }
  if (2 * span <= count) {
    for (size_t at = 0; at < count; at += 2 * span) hadamard_2(values + at, span);
  }
}

void KERNEL(hadamard)(float *values, size_t count) {
  if (count < 8) {
    for (size_t half = 1; half < count; half *= 2) {
      for (size_t at = 0; at < count; at += 2 * half) {
        for (size_t i = at; i < at + half; i++) {
          float a = values[i], b = values[i + half];
          values[i] = a + b;
          values[i + half] = a - b;
        }
      }
    }
  } else if (count <= cached) {
    KERNEL(hadamard_cached)(values, count);
  } else {
    // The outer stages first, so that each part then stays in the cache; at most log4(2^32) deep.
    hadamard_4(values, count / 4);
    count /= 4;
    for (size_t part = 0; part < 4; part++) KERNEL(hadamard)(values + part * count, count);
  }
}

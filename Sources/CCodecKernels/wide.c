// The kernels with 256-bit vectors, on processors that may have them.
#include <string.h>

#include "codec_kernels.h"

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#define KERNEL(name) progfed_codec_##name##_wide
#include "kernels.h"
#include "rotation.h"
#pragma clang attribute pop
#endif

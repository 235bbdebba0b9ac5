// The kernels with the vectors of the processor's baseline.
#define KERNEL(name) progfed_codec_##name##_portable
#include "kernels.h"
#include "rotation.h"

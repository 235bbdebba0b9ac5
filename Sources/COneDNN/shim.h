#pragma once

#include <oneapi/dnnl/dnnl.h>

/// From OpenMP's runtime, on which Debian's oneDNN is built: the team size of the calling thread.
void omp_set_num_threads(int count);
int omp_get_max_threads(void);

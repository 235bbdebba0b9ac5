/// Counts what a thread asks the allocator for, in an executable that this is linked into.
#pragma once

#include <stdint.h>

/// What one thread asked for: how often, how many bytes at most at once, and how many bytes more
/// than it freed.
typedef struct {
  int64_t count, largest, kept;
} allocation_count;

/// Counts from 0 what the calling thread asks for from now on.
void allocations_begin(void);

/// What the calling thread has asked for since; ends the counting.
allocation_count allocations_end(void);

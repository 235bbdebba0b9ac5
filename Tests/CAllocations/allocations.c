#include "allocations.h"

#include <errno.h>
#include <malloc.h>
#include <stdbool.h>
#include <stddef.h>

// The executable's symbols come before those of glibc, also in the libraries that it uses. What is
// counted is passed on to glibc's own functions, under the names that it keeps for this.
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *address);

static __thread bool counting;
static __thread allocation_count counted;

void allocations_begin(void) {
  counted = (allocation_count){0, 0, 0};
  counting = true;
}

allocation_count allocations_end(void) {
  counting = false;
  return counted;
}

/// Notes that `size` bytes were asked for, of which `address` came.
static void *noted(void *address, size_t size) {
  if (!counting || address == NULL) return address;
  counted.count += 1;
  counted.kept += (int64_t)malloc_usable_size(address);
  if (counted.largest < (int64_t)size) counted.largest = (int64_t)size;
  return address;
}

void *malloc(size_t size) { return noted(__libc_malloc(size), size); }

void *calloc(size_t count, size_t size) { return noted(__libc_calloc(count, size), count * size); }

void *realloc(void *old, size_t size) {
  if (counting && old != NULL) counted.kept -= (int64_t)malloc_usable_size(old);
  return noted(__libc_realloc(old, size), size);
}

void free(void *address) {
  if (counting && address != NULL) counted.kept -= (int64_t)malloc_usable_size(address);
  __libc_free(address);
}

void *memalign(size_t alignment, size_t size) {
  return noted(__libc_memalign(alignment, size), size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  return noted(__libc_memalign(alignment, size), size);
}

// <stdlib.h> declares more than this file may define.
int posix_memalign(void **result, size_t alignment, size_t size);
int posix_memalign(void **result, size_t alignment, size_t size) {
  if (alignment % sizeof(void *) != 0 || (alignment & (alignment - 1)) != 0 || alignment == 0)
    return EINVAL;
  void *address = noted(__libc_memalign(alignment, size), size);
  if (address == NULL) return ENOMEM;
  *result = address;
  return 0;
}

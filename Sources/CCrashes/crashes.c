#define _GNU_SOURCE
#include "crashes.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

// Of Swift's runtime; allocates, so that it is called last of all.
extern char *swift_demangle(const char *name, size_t length, char *buffer, size_t *size,
                            uint32_t flags) __attribute__((weak));

enum { frameLimit = 64, shownLimit = 8 };

static const char *notice = "";
static int exitStatus = 70;
/// Where the program is loaded, and the end of it.
static uintptr_t base, end;
/// The thread that crashed first; 0 before.
static atomic_int crashed;

static void say(const char *text) {
  size_t left = strlen(text);
  while (left > 0) {
    ssize_t count = write(STDERR_FILENO, text, left);
    if (count <= 0) return;
    text += count;
    left -= (size_t)count;
  }
}

static const char *meaning(int number) {
  switch (number) {
  case SIGILL:
  case SIGTRAP:
    return "a precondition failed";
  case SIGFPE:
    return "a division failed";
  case SIGABRT:
    return "a check of the program or of a library failed";
  default:
    return "memory was used that isn't the program's";
  }
}

/// Reads a word of this process that may not be there.
static bool peek(uintptr_t place, uintptr_t *word) {
  struct iovec to = {word, sizeof *word}, from = {(void *)place, sizeof *word};
  return process_vm_readv(getpid(), &to, 1, &from, 1, 0) == (ssize_t)sizeof *word;
}

/// The program's own addresses among those that led to the crash, the innermost first.
static int trace(const ucontext_t *context, uintptr_t *places) {
#if defined(__x86_64__)
  uintptr_t place = (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
  uintptr_t frame = (uintptr_t)context->uc_mcontext.gregs[REG_RBP];
#elif defined(__aarch64__)
  uintptr_t place = (uintptr_t)context->uc_mcontext.pc;
  uintptr_t frame = (uintptr_t)context->uc_mcontext.regs[29];
#else
  uintptr_t place = 0, frame = 0;
#endif
  int count = 0;
  for (int depth = 0; depth < frameLimit; depth++) {
    if (place >= base && place < end && count < shownLimit) places[count++] = place;
    uintptr_t next;
    if (frame == 0 || frame % sizeof(uintptr_t) != 0) break;
    if (!peek(frame, &next) || !peek(frame + sizeof(uintptr_t), &place)) break;
    if (next <= frame) break;
    place -= 1; // within the call, not behind it
    frame = next;
  }
  return count;
}

static void sayFunction(const char *name) {
  char *plain = NULL;
  if (swift_demangle && name[0] == '$') plain = swift_demangle(name, strlen(name), NULL, NULL, 0);
  say("  in ");
  say(plain ? plain : name);
  say("\n");
}

/// Says in which functions of the program the addresses lie, by the symbols in its own file.
static void sayFunctions(const uintptr_t *places, int count) {
  int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  struct stat status;
  if (file < 0 || fstat(file, &status) != 0) return;
  size_t size = (size_t)status.st_size;
  const char *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, file, 0);
  if (bytes == MAP_FAILED || size < sizeof(ElfW(Ehdr))) return;
  const ElfW(Ehdr) *header = (const ElfW(Ehdr) *)bytes;
  if (header->e_shoff + (size_t)header->e_shnum * sizeof(ElfW(Shdr)) > size) return;
  const ElfW(Shdr) *sections = (const ElfW(Shdr) *)(bytes + header->e_shoff);
  const char *names[shownLimit] = {NULL};
  for (int index = 0; index < header->e_shnum; index++) {
    const ElfW(Shdr) *section = &sections[index];
    if (section->sh_type != SHT_SYMTAB || section->sh_link >= header->e_shnum) continue;
    const ElfW(Shdr) *texts = &sections[section->sh_link];
    if (section->sh_offset + section->sh_size > size) continue;
    if (texts->sh_offset + texts->sh_size > size) continue;
    const ElfW(Sym) *symbols = (const ElfW(Sym) *)(bytes + section->sh_offset);
    for (size_t number = 0; number < section->sh_size / sizeof *symbols; number++) {
      const ElfW(Sym) *symbol = &symbols[number];
      if ((symbol->st_info & 0xf) != STT_FUNC || symbol->st_name >= texts->sh_size) continue;
      for (int place = 0; place < count; place++) {
        uintptr_t address = places[place] - base;
        if (address < symbol->st_value || address >= symbol->st_value + symbol->st_size) continue;
        names[place] = bytes + texts->sh_offset + symbol->st_name;
      }
    }
  }
  for (int place = 0; place < count; place++) {
    if (names[place]) sayFunction(names[place]);
  }
}

static void endNow(int number) {
  (void)number;
  _exit(exitStatus);
}

static void handle(int number, siginfo_t *info, void *context) {
  (void)info;
  int none = 0;
  if (!atomic_compare_exchange_strong(&crashed, &none, gettid())) {
    // What crashes while it tells of a crash has told enough; another thread has to wait.
    if (none == gettid()) _exit(exitStatus);
    for (;;) pause();
  }
  // Whatever the telling meets: a lock that this thread holds, a name that can't be read.
  struct sigaction limit = {.sa_handler = endNow};
  sigaction(SIGALRM, &limit, NULL);
  sigset_t alarms;
  sigemptyset(&alarms);
  sigaddset(&alarms, SIGALRM);
  pthread_sigmask(SIG_UNBLOCK, &alarms, NULL);
  alarm(1);
  say("\nprogfed: a bug of ours: ");
  say(meaning(number));
  say(" (");
  say(strsignal(number));
  say(")\n");
  say(notice);
  uintptr_t places[shownLimit];
  int count = trace(context, places);
  sayFunctions(places, count);
  _exit(exitStatus);
}

static int noteProgram(struct dl_phdr_info *info, size_t size, void *data) {
  (void)size;
  (void)data;
  base = info->dlpi_addr;
  for (int index = 0; index < info->dlpi_phnum; index++) {
    const ElfW(Phdr) *part = &info->dlpi_phdr[index];
    uintptr_t last = base + part->p_vaddr + part->p_memsz;
    if (part->p_type == PT_LOAD && last > end) end = last;
  }
  return 1; // the program comes first
}

void progfed_end_on_crash(const char *text, int status) {
  notice = text;
  exitStatus = status;
  dl_iterate_phdr(noteProgram, NULL);
  // A stack that has run over leaves no room on itself.
  static char reserve[64 << 10];
  stack_t stack = {.ss_sp = reserve, .ss_size = sizeof reserve};
  sigaltstack(&stack, NULL);
  struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
  action.sa_sigaction = handle;
  sigemptyset(&action.sa_mask);
  const int numbers[] = {SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGABRT};
  for (size_t index = 0; index < sizeof numbers / sizeof *numbers; index++) {
    sigaction(numbers[index], &action, NULL);
  }
}

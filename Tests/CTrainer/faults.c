// How a trainer can misbehave, for tests of who bears with it.
//
//   die       ends in the midst of a training          hang      says nothing any more
//   close     closes its output and goes on            nonsense  answers what isn't JSON
//   list      answers JSON that isn't an object        otherId   answers another request
//   long      answers a line of 17 MiB                 endless   answers a line that never ends
//   bare      answers without loss and steps           negative  answers numbers out of range
//   infinite  answers a number that JSON doesn't have  twice     answers twice
//   nan       writes a number that isn't finite        nothing   writes no file
//   damaged   writes what isn't a file of tensors      lacking   writes a file without a tensor
//   shape     writes a tensor of another shape         loud      says 4 MiB on standard error first
//   greedy    takes memory until it gets no more, 8 GiB at most
//   deaf      ignores the end of its input, quit and SIGTERM: it goes on for ever
//   slow      doesn't answer to begin with             greeting  says something on standard output
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trainer.h"

static bool is(const struct fault *fault, const char *kind) {
  return fault->kind && !strcmp(fault->kind, kind);
}

static void wait_forever(void) {
  for (;;) pause();
}

// True if this one may misbehave: always, or the first time in all.
static bool is_due(const struct fault *fault) {
  if (!fault->kind || !fault->once) return fault->kind;
  int file = open(fault->once, O_CREAT | O_EXCL | O_WRONLY, 0644);
  if (file >= 0) close(file);
  return file >= 0;
}

struct fault fault_of(const struct fault *otherwise, const struct json *request) {
  const struct json *options = json_member(request, "options");
  const struct json *kind = json_member(options, "fault");
  if (!kind || kind->kind != JSON_TEXT) return *otherwise;
  const char *names[] = {"client", "round"};
  for (int i = 0; i < 2; i++) {
    const struct json *wanted = json_member(options, names[i]),
                      *is = json_member(request, names[i]);
    if (wanted && (!is || is->kind != JSON_NUMBER || wanted->number != is->number))
      return *otherwise;
  }
  return (struct fault){.kind = kind->text, .once = path(options, "once")};
}

void fault_starts(const struct fault *fault) {
  if (is(fault, "slow")) wait_forever();
  if (is(fault, "deaf")) signal(SIGTERM, SIG_IGN);
  if (is(fault, "greeting")) say("loading … done\n[1, 2]\n");
}

// Answers so many bytes of one line, in good JSON but for its end.
static void answer_long(const struct request *request, size_t size, bool ends) {
  static char part[1 << 16];
  memset(part, 'x', sizeof part - 1);
  char line[64];
  snprintf(line, sizeof line, "{\"id\":%.0f,\"text\":\"", request->id);
  say(line);
  for (size_t done = 0; !ends || done < size; done += sizeof part) say(part);
  say("\"}\n");
}

static void take_memory(void) {
  for (int i = 0; i < 512; i++) {
    char *block = malloc(16 << 20);
    if (!block) break;
    memset(block, i, 16 << 20);
  }
}

bool fault_begins(struct fault *fault, const struct request *request) {
  if (!is_due(fault)) {
    fault->kind = NULL;
    return false;
  }
  char line[256];
  if (is(fault, "die")) {
    fprintf(stderr, "the trainer dies of a fault that a test asked for\n");
    _exit(9);
  } else if (is(fault, "hang") || is(fault, "deaf")) {
    wait_forever();
  } else if (is(fault, "close")) {
    close(1);
    wait_forever();
  } else if (is(fault, "nonsense")) {
    say("what do you mean?\n");
  } else if (is(fault, "list")) {
    say("[1,2,3]\n");
  } else if (is(fault, "otherId")) {
    snprintf(line, sizeof line, "{\"id\":%.0f,\"samples\":1,\"loss\":1,\"steps\":1}\n",
             request->id + 1000);
    say(line);
  } else if (is(fault, "long")) {
    answer_long(request, 17 << 20, true);
  } else if (is(fault, "endless")) {
    answer_long(request, 0, false);
  } else if (is(fault, "greedy")) {
    take_memory();
    return false;
  } else if (is(fault, "loud")) {
    for (int i = 0; i < 1 << 16; i++) fprintf(stderr, "line %d of a trainer that talks much\n", i);
    return false;
  } else {
    return false;
  }
  return true;
}

bool fault_writes(const struct fault *fault, struct model *model, const char *output,
                  const struct request *request) {
  struct segment *last = &model->segment[model->stage];
  const char *members = "\"samples\":10,\"loss\":1,\"steps\":5";
  bool writes = true;
  if (is(fault, "nan")) {
    last->tensor[0].values[1] = NAN;
  } else if (is(fault, "lacking")) {
    last->tensors = 1;
  } else if (is(fault, "shape")) {
    last->tensor[0].columns = 1;
  } else if (is(fault, "bare")) {
    members = "\"samples\":10";
  } else if (is(fault, "negative")) {
    members = "\"samples\":-10,\"loss\":-1,\"steps\":0";
  } else if (is(fault, "infinite")) {
    members = "\"samples\":10,\"loss\":Infinity,\"steps\":5";
  } else if (is(fault, "nothing") || is(fault, "damaged")) {
    writes = false;
  } else if (!is(fault, "twice")) {
    return false;
  }
  if (writes) segments_write(model->segment, model->stage + 1, output);
  if (is(fault, "damaged")) {
    FILE *file = fopen(output, "wb");
    if (file) fputs("this is no file of tensors", file);
    if (file) fclose(file);
  }
  char line[256];
  for (int i = 0; i < (is(fault, "twice") ? 2 : 1); i++) {
    snprintf(line, sizeof line, "{\"id\":%.0f,%s}\n", request->id, members);
    say(line);
  }
  return true;
}

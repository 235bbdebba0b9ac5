// A trainer program without any library: the second implementation of the trainer protocol.
//
//   trainer                         answers requests on standard input
//   trainer --fault KIND [--once FILE]
//
// With --fault it misbehaves in each training; with --once only if it could make the file, once for
// all processes. The option "fault" of a request does the same, and "client" and "round" beside it
// say in which one. `delay` is how many seconds each step takes. The kinds are in faults.c.
#include "trainer.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE_LIMIT = 16 << 20, READ = 1 << 16 };

// MARK: Lines

// What was read and isn't a request yet; `skips` while a line is too long.
static char *buffer;
static size_t filled, room, scanned;
static bool skips, ended;

// Reads what is there, waiting for it if `waits`; false at the end of the input.
static bool fill(bool waits) {
  struct pollfd input = {.fd = 0, .events = POLLIN};
  if (!waits && poll(&input, 1, 0) <= 0) return true;
  if (room < filled + READ) buffer = realloc(buffer, room = 2 * (filled + READ));
  if (!buffer) exit(70);
  ssize_t count;
  do count = read(0, buffer + filled, READ);
  while (count < 0 && errno == EINTR);
  if (count <= 0) {
    ended = true;
    return false;
  }
  filled += (size_t)count;
  return true;
}

// The next whole line in the buffer, with a zero byte for its line feed; NULL if there is none.
static char *whole_line(size_t *length, bool *too_long) {
  char *feed = filled > scanned ? memchr(buffer + scanned, '\n', filled - scanned) : NULL;
  *too_long = false;
  if (!feed) {
    scanned = filled;
    if (filled >= LINE_LIMIT) {
      skips = true;
      filled = scanned = 0;
    }
    return NULL;
  }
  *length = (size_t)(feed - buffer);
  *feed = 0;
  *too_long = skips || *length >= LINE_LIMIT;
  skips = false;
  return buffer;
}

// Takes a line of `length` bytes off the buffer's front.
static void drop_line(size_t length) {
  memmove(buffer, buffer + length + 1, filled -= length + 1);
  scanned = 0;
}

void say(const char *line) {
  size_t length = strlen(line), done = 0;
  while (done < length) {
    ssize_t count = write(1, line + done, length - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) exit(0); // Nobody reads any more.
    done += (size_t)count;
  }
}

void decline(const struct request *request, const char *word, const char *detail) {
  char line[512], id[32] = "null";
  if (request) snprintf(id, sizeof id, "%.0f", request->id);
  snprintf(line, sizeof line, "{\"id\":%s,\"error\":\"%s\",\"detail\":\"%s\"}\n", id, word, detail);
  say(line);
}

bool is_cancelled(const struct request *request) {
  // Lines that came while this works wait in the buffer, but for cancellations.
  if (!ended) fill(false);
  if (ended) exit(0);
  size_t start = 0;
  char *feed;
  bool found = false;
  while (start < filled && (feed = memchr(buffer + start, '\n', filled - start))) {
    size_t length = (size_t)(feed - (buffer + start));
    struct json *line = length < 1024 ? json_read(buffer + start, length) : NULL;
    const struct json *call = json_member(line, "call"), *id = json_member(line, "id");
    if (call && call->kind == JSON_TEXT && !strcmp(call->text, "cancel") && id &&
        id->kind == JSON_NUMBER && id->number == request->id)
      found = true;
    json_free(line);
    start += length + 1;
  }
  return found;
}

// MARK: Members of requests

bool whole(const struct json *from, const char *name, double least, double *value) {
  const struct json *member = json_member(from, name);
  if (!member || member->kind != JSON_NUMBER || member->number != floor(member->number))
    return false;
  *value = member->number;
  return *value >= least && *value < 0x1p53;
}

bool number(const struct json *from, const char *name, double otherwise, double *value) {
  const struct json *member = json_member(from, name);
  *value = otherwise;
  if (!member || member->kind == JSON_NULL) return true;
  *value = member->number;
  return member->kind == JSON_NUMBER && isfinite(*value) && *value >= 0;
}

const char *path(const struct json *from, const char *name) {
  const struct json *member = json_member(from, name);
  return member && member->kind == JSON_TEXT && member->text[0] == '/' ? member->text : NULL;
}

// Reads whose samples are meant; false if that isn't as it should be.
bool whose(const struct json *from, struct samples *samples) {
  double client = -1, hold_out, seed = 0;
  const struct json *member = json_member(from, "client");
  if (member && member->kind != JSON_NULL && !whole(from, "client", 0, &client)) return false;
  if (json_member(from, "splitSeed") && !whole(from, "splitSeed", 0, &seed)) return false;
  if (!number(from, "holdOut", 0, &hold_out) || hold_out >= 1) return false;
  *samples = samples_of((int)client, hold_out, (uint64_t)seed);
  return true;
}

// Reads the stage and its segments; what is wrong, or NULL. `word` becomes what kind of wrong.
static const char *stage_of(const struct json *from, bool trains, struct model *model,
                            const char **word) {
  double stage;
  const struct json *list = json_member(from, "segments");
  *word = "malformed";
  if (!whole(from, "stage", 1, &stage)) return "stage isn't a whole number from 1";
  if (!list || list->kind != JSON_LIST) return "segments isn't a list";
  for (const struct json *entry = list->first; entry; entry = entry->next) {
    const struct json *name = json_member(entry, "name"), *trained = json_member(entry, "trained");
    double rate;
    if (!name || name->kind != JSON_TEXT) return "a segment has no name";
    if (trains && (!trained || (trained->kind != JSON_TRUE && trained->kind != JSON_FALSE)))
      return "a segment doesn't say if it is trained";
    if (trains && (!json_member(entry, "learningRate") || !number(entry, "learningRate", 0, &rate)))
      return "a segment has no learning rate";
  }
  *word = "failed";
  if (stage > STAGES) return "there is no such stage";
  *model = model_of((int)stage);
  if (list->count != (size_t)stage + 1) return "the segments aren't those of the stage";
  int index = 0;
  for (const struct json *entry = list->first; entry; entry = entry->next, index++) {
    struct segment *segment = &model->segment[index];
    if (strcmp(json_member(entry, "name")->text, segment->name))
      return "the segments aren't those of the stage";
    if (!trains) continue;
    segment->trained = json_member(entry, "trained")->kind == JSON_TRUE;
    number(entry, "learningRate", 0, &segment->rate);
  }
  return NULL;
}

// MARK: Calls

static void describe(const struct request *request) {
  double version;
  if (!whole(request->json, "protocol", 1, &version) || version != 1) {
    decline(request, "malformed", "this trainer speaks protocol 1");
    return;
  }
  char line[8192];
  int length =
      snprintf(line, sizeof line,
               "{\"id\":%.0f,\"protocol\":1,\"trainer\":\"the trainer in C, 1\","
               "\"supports\":[\"rates\",\"clipNorm\",\"lossLimit\",\"proximal\",\"perClass\"],"
               "\"optimizers\":[\"sgd\"],\"manifest\":{\"format\":\"progfed manifest 1\","
               "\"name\":\"small-c\",\"classes\":%d,\"stages\":[",
               request->id, CLASSES);
  for (int stage = 1; stage <= STAGES; stage++) {
    struct model model = model_of(stage);
    for (int s = stage - 1; s <= stage; s++) {
      length += snprintf(line + length, sizeof line - (size_t)length, "%s\"%s\":[",
                         s < stage ? (stage > 1 ? ",{" : "{") : ",", s < stage ? "block" : "head");
      for (int t = 0; t < model.segment[s].tensors; t++) {
        const struct tensor *tensor = &model.segment[s].tensor[t];
        char extent[16] = "";
        if (tensor->columns) snprintf(extent, sizeof extent, ",%d", tensor->columns);
        length += snprintf(line + length, sizeof line - (size_t)length,
                           "%s{\"name\":\"%s\",\"shape\":[%d%s],", t ? "," : "", tensor->name,
                           tensor->rows, extent);
        length += t == 2 ? snprintf(line + length, sizeof line - (size_t)length,
                                    "\"role\":\"buffer\",\"init\":\"zeros\"}")
                         : snprintf(line + length, sizeof line - (size_t)length, "\"fanIn\":%d}",
                                    model.segment[s].tensor[0].columns);
      }
      length += snprintf(line + length, sizeof line - (size_t)length, "]");
    }
    length += snprintf(line + length, sizeof line - (size_t)length, "}");
  }
  snprintf(line + length, sizeof line - (size_t)length, "]}}\n");
  say(line);
}

static void initialize(const struct request *request) {
  const struct json *names = json_member(request->json, "segments");
  const char *output = path(request->json, "output");
  double seed;
  if (!names || names->kind != JSON_LIST || !output || !whole(request->json, "seed", 0, &seed)) {
    decline(request, "malformed", "segments, output or seed isn't as it should be");
    return;
  }
  static struct segment segments[2 * STAGES];
  int count = 0;
  for (const struct json *name = names->first; name; name = name->next) {
    if (count == 2 * STAGES || name->kind != JSON_TEXT ||
        !segment_named(name->text, &segments[count])) {
      decline(request, "failed", "there is no such segment");
      return;
    }
    segment_draw(&segments[count], (uint64_t)seed);
    segments[count++].trained = true;
  }
  const char *problem = segments_write(segments, count, output);
  if (problem) {
    decline(request, "failed", problem);
    return;
  }
  char line[64];
  snprintf(line, sizeof line, "{\"id\":%.0f}\n", request->id);
  say(line);
}

static void count_samples(const struct request *request) {
  struct samples samples;
  if (!whose(request->json, &samples)) {
    decline(request, "malformed", "client, splitSeed or holdOut isn't as it should be");
    return;
  }
  int labels[CLASSES] = {0};
  for (int i = 0; i < samples.trained; i++) labels[samples.labels[i]]++;
  char line[256];
  snprintf(line, sizeof line, "{\"id\":%.0f,\"samples\":%d,\"heldOut\":%d,\"labels\":[%d,%d,%d]}\n",
           request->id, samples.trained, samples.held_out, labels[0], labels[1], labels[2]);
  say(line);
}

static void evaluate(const struct request *request) {
  struct samples samples;
  struct model model;
  const char *word, *file = path(request->json, "model");
  const struct json *part = json_member(request->json, "part");
  const struct json *wanted = json_member(request->json, "perClass");
  const char *problem = stage_of(request->json, false, &model, &word);
  double batch;
  if (!problem && (!file || !whose(request->json, &samples) || !part || part->kind != JSON_TEXT ||
                   !whole(request->json, "batch", 1, &batch))) {
    word = "malformed";
    problem = "model, client, part or batch isn't as it should be";
  }
  if (!problem) problem = model_read(&model, file);
  if (problem) {
    decline(request, word, problem);
    return;
  }
  int first = strcmp(part->text, "all") ? samples.trained : 0, classes[CLASSES][2] = {{0}};
  double loss = 0;
  for (int i = first; i < SAMPLES; i++) {
    double activations[STAGES + 1][UNITS], shares[CLASSES];
    forward(&model, samples.inputs[i], activations, shares);
    int best = 0, label = samples.labels[i];
    for (int c = 1; c < CLASSES; c++)
      if (shares[c] > shares[best]) best = c;
    loss -= log(fmax(shares[label], 1e-300));
    classes[label][0]++;
    classes[label][1] += best == label;
  }
  if (first == SAMPLES || !isfinite(loss)) {
    decline(request, first == SAMPLES ? "noData" : "diverged", "there is nothing to tell");
    return;
  }
  char line[512];
  int length =
      snprintf(line, sizeof line, "{\"id\":%.0f,\"samples\":%d,\"correct\":%d,\"loss\":%.17g",
               request->id, SAMPLES - first, classes[0][1] + classes[1][1] + classes[2][1], loss);
  if (wanted && wanted->kind == JSON_TRUE)
    length += snprintf(
        line + length, sizeof line - (size_t)length,
        ",\"classes\":[{\"samples\":%d,\"correct\":%d},{\"samples\":%d,\"correct\":%d},"
        "{\"samples\":%d,\"correct\":%d}]",
        classes[0][0], classes[0][1], classes[1][0], classes[1][1], classes[2][0], classes[2][1]);
  snprintf(line + length, sizeof line - (size_t)length, "}\n");
  say(line);
}

static void train(const struct request *request, const struct fault *fault) {
  static struct training training; // large
  memset(&training, 0, sizeof training);
  const char *word, *file = path(request->json, "model"), *output = path(request->json, "output");
  const char *problem = stage_of(request->json, true, &training.model, &word);
  if (!problem && (!file || !output || !whose(request->json, &training.samples) ||
                   !training_read(&training, request->json))) {
    word = "malformed";
    problem = "a member of the training isn't as it should be";
  }
  if (!problem) problem = model_read(&training.model, file);
  if (!problem && training.corrects) problem = "this trainer has no corrections";
  if (problem) {
    decline(request, word, problem);
    return;
  }
  word = training_run(&training, request);
  if (word) {
    decline(request, word, "in the midst of it");
    return;
  }
  if (fault_writes(fault, &training.model, output, request)) return;
  problem = segments_write(training.model.segment, training.model.stage + 1, output);
  if (problem) {
    decline(request, "failed", problem);
    return;
  }
  char line[256];
  snprintf(line, sizeof line,
           "{\"id\":%.0f,\"samples\":%d,\"loss\":%.17g,\"steps\":%d,\"skippedSteps\":%d}\n",
           request->id, training.samples.trained, training.loss, training.steps, training.skipped);
  say(line);
}

// Answers a line; false if it says that the trainer is to end.
static bool answer(char *line, size_t length, bool too_long, const struct fault *fault) {
  size_t spaces = strspn(line, " \t\r");
  if (!too_long && spaces == length) return true;
  struct request request = {.json = too_long ? NULL : json_read(line, length)};
  const struct json *call = json_member(request.json, "call");
  const char *word = call && call->kind == JSON_TEXT ? call->text : "";
  bool goes_on = strcmp(word, "quit"), is_known = whole(request.json, "id", 0, &request.id);
  if (!goes_on || !strcmp(word, "cancel")) {
    // Nothing is under way that could be cancelled.
  } else if (!is_known) {
    decline(NULL, "malformed", too_long ? "a line is too long" : "a line isn't a request");
  } else if (!strcmp(word, "describe")) {
    describe(&request);
  } else if (!strcmp(word, "initialize")) {
    initialize(&request);
  } else if (!strcmp(word, "count")) {
    count_samples(&request);
  } else if (!strcmp(word, "train")) {
    struct fault now = fault_of(fault, request.json);
    if (!fault_begins(&now, &request)) train(&request, &now);
  } else if (!strcmp(word, "evaluate")) {
    evaluate(&request);
  } else {
    decline(&request, "unknownCall", "the call isn't known");
  }
  json_free(request.json);
  return goes_on;
}

int main(int count, char **arguments) {
  struct fault fault = {0};
  for (int i = 1; i + 1 < count; i += 2) {
    if (!strcmp(arguments[i], "--fault")) fault.kind = arguments[i + 1];
    if (!strcmp(arguments[i], "--once")) fault.once = arguments[i + 1];
  }
  fault_starts(&fault);
  for (;;) {
    size_t length = 0;
    bool too_long;
    char *line = whole_line(&length, &too_long);
    if (!line) {
      if (ended || !fill(true)) return 0;
      continue;
    }
    // A copy, as the buffer changes while the request is worked on.
    char *own = malloc(length + 1);
    if (!own) return 70;
    memcpy(own, line, length + 1);
    drop_line(length);
    bool goes_on = answer(own, length, too_long, &fault);
    free(own);
    if (!goes_on) return 0;
  }
}

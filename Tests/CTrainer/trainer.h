// The parts of the trainer in C.
#pragma once

#include "json.h"
#include "model.h"

// A request under way.
struct request {
  struct json *json;
  double id;
};

// How it misbehaves, and a file that only the first to make it does so for.
struct fault {
  const char *kind, *once;
};

// A training: what it is asked for, and what came of it.
struct training {
  struct model model;
  struct samples samples;
  double epochs, batch, seed, momentum, weight_decay, clip_norm, loss_limit, proximal, delay;
  bool clips, nesterov, corrects;
  int steps, skipped;
  double loss;
};

void say(const char *line);
void decline(const struct request *request, const char *word, const char *detail);
bool is_cancelled(const struct request *request);

bool whole(const struct json *from, const char *name, double least, double *value);
bool number(const struct json *from, const char *name, double otherwise, double *value);
const char *path(const struct json *from, const char *name);
bool whose(const struct json *from, struct samples *samples);

// Reads how it is trained; false if a member isn't as it should be.
bool training_read(struct training *training, const struct json *from);
// Trains; the word of an error, or NULL.
const char *training_run(struct training *training, const struct request *request);

// The fault of this request.
struct fault fault_of(const struct fault *otherwise, const struct json *request);
// Does what misbehaves at the start.
void fault_starts(const struct fault *fault);
// Does what misbehaves before a training; true if the request is done with.
bool fault_begins(struct fault *fault, const struct request *request);
// Does what misbehaves behind it; true if the request is done with.
bool fault_writes(const struct fault *fault, struct model *model, const char *output,
                  const struct request *request);

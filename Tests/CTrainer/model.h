// A small network of any number of stages, its files, and a client's samples.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { INPUTS = 4, UNITS = 6, CLASSES = 3, STAGES = 3, SAMPLES = 60, TENSORS = 3 };

// A tensor of a segment: `fc.weight`, `fc.bias`, and in block 1 the buffer `mean`.
struct tensor {
  const char *name;
  int rows, columns; // columns is 0 for a vector
  float values[UNITS * UNITS];
};

// Block 1 to the stage's, then the head of the stage.
struct segment {
  char name[16];
  int tensors;
  struct tensor tensor[TENSORS];
  bool trained;
  double rate;
};

struct model {
  int stage;
  struct segment segment[STAGES + 1];
};

// A client's samples, those that it trains on first.
struct samples {
  int trained, held_out;
  float inputs[SAMPLES][INPUTS];
  int labels[SAMPLES];
};

// A stream of random numbers (splitmix64).
struct stream {
  uint64_t state;
};

double uniform(struct stream *stream);
int below(struct stream *stream, int limit);

int tensor_count(const struct tensor *tensor);
struct model model_of(int stage);
bool segment_named(const char *name, struct segment *segment);
void segment_draw(struct segment *segment, uint64_t seed);

// Reads all tensors of the model from a safetensors file; what is wrong, or NULL.
const char *model_read(struct model *model, const char *path);
// Writes those of the trained segments; what is wrong, or NULL.
const char *segments_write(const struct segment *segments, int count, const char *path);

struct samples samples_of(int client, double hold_out, uint64_t seed);

// What the model makes of an input; activations[0] is the input less its mean.
void forward(const struct model *model, const float *input, double activations[STAGES + 1][UNITS],
             double shares[CLASSES]);
// Adds the gradients of a sample to those in `gradients`, laid like the model; returns its loss.
double backward(const struct model *model, const float *input, int label, double weight,
                struct model *gradients);

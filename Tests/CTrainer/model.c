#include "model.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

static uint64_t next(struct stream *stream) {
  uint64_t z = stream->state += 0x9E3779B97F4A7C15u;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
  z = (z ^ z >> 27) * 0x94D049BB133111EBu;
  return z ^ z >> 31;
}

double uniform(struct stream *stream) { return (double)(next(stream) >> 11) * 0x1p-53; }

int below(struct stream *stream, int limit) { return (int)(uniform(stream) * limit); }

int tensor_count(const struct tensor *tensor) {
  return tensor->rows * (tensor->columns ? tensor->columns : 1);
}

bool segment_named(const char *name, struct segment *segment) {
  int number = 0;
  bool is_head = !strncmp(name, "head", 4);
  const char *digits = name + (is_head ? 4 : 5);
  if ((!is_head && strncmp(name, "block", 5)) || strlen(digits) != 1) return false;
  number = *digits - '0';
  if (number < 1 || number > STAGES) return false;
  *segment = (struct segment){.tensors = 2};
  snprintf(segment->name, sizeof segment->name, "%s", name);
  int rows = is_head ? CLASSES : UNITS, columns = is_head || number > 1 ? UNITS : INPUTS;
  segment->tensor[0] = (struct tensor){.name = "fc.weight", .rows = rows, .columns = columns};
  segment->tensor[1] = (struct tensor){.name = "fc.bias", .rows = rows};
  if (!is_head && number == 1) {
    segment->tensor[2] = (struct tensor){.name = "mean", .rows = INPUTS};
    segment->tensors = 3;
  }
  return true;
}

struct model model_of(int stage) {
  struct model model = {.stage = stage};
  for (int index = 0; index <= stage; index++) {
    char name[16];
    snprintf(name, sizeof name, "%s%d", index == stage ? "head" : "block",
             index == stage ? stage : index + 1);
    segment_named(name, &model.segment[index]);
  }
  return model;
}

void segment_draw(struct segment *segment, uint64_t seed) {
  struct stream stream = {seed};
  for (const char *c = segment->name; *c; c++) {
    stream.state ^= (uint64_t)(unsigned char)*c;
    next(&stream);
  }
  double bound = 1 / sqrt(segment->tensor[0].columns);
  for (int t = 0; t < 2; t++)
    for (int i = 0; i < tensor_count(&segment->tensor[t]); i++)
      segment->tensor[t].values[i] = (float)((2 * uniform(&stream) - 1) * bound);
}

// MARK: Files

// The whole file; NULL if it can't be read. Freed by the caller.
static uint8_t *contents(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  if (!file) return NULL;
  size_t room = 1 << 16;
  uint8_t *bytes = malloc(room);
  *length = 0;
  while (bytes) {
    size_t count = fread(bytes + *length, 1, room - *length, file);
    if (count == 0) break;
    *length += count;
    if (*length == room) bytes = realloc(bytes, room *= 2);
  }
  fclose(file);
  return bytes;
}

static bool is_shape(const struct json *shape, const struct tensor *tensor) {
  if (!shape || shape->kind != JSON_LIST) return false;
  if (shape->count != (tensor->columns ? 2 : 1)) return false;
  if (shape->first->kind != JSON_NUMBER || shape->first->number != tensor->rows) return false;
  const struct json *second = shape->first->next;
  return !second || (second->kind == JSON_NUMBER && second->number == tensor->columns);
}

// Copies a tensor's values from the bytes behind the header; false if they aren't there.
static bool take(struct tensor *tensor, const struct json *entry, const uint8_t *data,
                 size_t size) {
  const struct json *type = json_member(entry, "dtype"), *shape = json_member(entry, "shape"),
                    *place = json_member(entry, "data_offsets");
  if (!type || type->kind != JSON_TEXT || strcmp(type->text, "F32")) return false;
  if (!is_shape(shape, tensor)) return false;
  if (!place || place->kind != JSON_LIST || place->count != 2) return false;
  if (place->first->kind != JSON_NUMBER || place->first->next->kind != JSON_NUMBER) return false;
  double begin = place->first->number, end = place->first->next->number;
  size_t bytes = sizeof(float) * (size_t)tensor_count(tensor);
  if (begin < 0 || begin != floor(begin) || end != begin + (double)bytes || end > (double)size)
    return false;
  memcpy(tensor->values, data + (size_t)begin, bytes); // on a little-endian machine
  return true;
}

const char *model_read(struct model *model, const char *path) {
  size_t length;
  uint8_t *bytes = contents(path, &length);
  if (!bytes) return "the model's file can't be read";
  const char *problem = NULL;
  uint64_t header = 0;
  if (length >= 8) memcpy(&header, bytes, 8);
  struct json *entries = NULL;
  if (length < 8 || header > length - 8)
    problem = "the model's file is no safetensors file";
  else if (!(entries = json_read((char *)bytes + 8, header)) || entries->kind != JSON_OBJECT)
    problem = "the header of the model's file isn't an object of JSON";
  for (int s = 0; !problem && s <= model->stage; s++) {
    struct segment *segment = &model->segment[s];
    for (int t = 0; !problem && t < segment->tensors; t++) {
      char name[64];
      snprintf(name, sizeof name, "%s.%s", segment->name, segment->tensor[t].name);
      if (!take(&segment->tensor[t], json_member(entries, name), bytes + 8 + header,
                length - 8 - header))
        problem = "a tensor isn't in the model's file as it should be";
    }
  }
  json_free(entries);
  free(bytes);
  return problem;
}

const char *segments_write(const struct segment *segments, int count, const char *path) {
  static char header[1 << 14];
  int length = 0;
  size_t place = 0;
  for (int s = 0; s < count; s++) {
    for (int t = 0; segments[s].trained && t < segments[s].tensors; t++) {
      const struct tensor *tensor = &segments[s].tensor[t];
      size_t end = place + sizeof(float) * (size_t)tensor_count(tensor);
      char columns[16] = "";
      if (tensor->columns) snprintf(columns, sizeof columns, ",%d", tensor->columns);
      length += snprintf(
          header + length, sizeof header - (size_t)length,
          "%c\"%s.%s\":{\"dtype\":\"F32\",\"shape\":[%d%s],\"data_offsets\":[%zu,%zu]}",
          length ? ',' : '{', segments[s].name, tensor->name, tensor->rows, columns, place, end);
      place = end;
    }
  }
  if (!length) header[length++] = '{';
  header[length++] = '}';
  FILE *file = fopen(path, "wb");
  if (!file) return "the output can't be written";
  uint64_t size = (uint64_t)length;
  bool sound = fwrite(&size, 8, 1, file) == 1 && fwrite(header, (size_t)length, 1, file) == 1;
  for (int s = 0; s < count; s++)
    for (int t = 0; segments[s].trained && t < segments[s].tensors; t++)
      sound &= fwrite(segments[s].tensor[t].values, sizeof(float),
                      (size_t)tensor_count(&segments[s].tensor[t]), file) > 0;
  return fclose(file) == 0 && sound ? NULL : "the output can't be written";
}

// MARK: Samples

struct samples samples_of(int client, double hold_out, uint64_t seed) {
  struct samples drawn, samples = {0};
  struct stream stream = {1000003u * (uint64_t)(client + 1)};
  int order[SAMPLES];
  for (int i = 0; i < SAMPLES; i++) {
    for (int k = 0; k < INPUTS; k++) drawn.inputs[i][k] = (float)(2 * uniform(&stream) - 1);
    drawn.labels[i] = 0;
    for (int k = 1; k < CLASSES; k++)
      if (drawn.inputs[i][k] > drawn.inputs[i][drawn.labels[i]]) drawn.labels[i] = k;
    order[i] = i;
  }
  stream.state = seed;
  for (int i = SAMPLES - 1; i > 0; i--) {
    int other = below(&stream, i + 1), kept = order[i];
    order[i] = order[other];
    order[other] = kept;
  }
  samples.held_out = (int)lround(hold_out * SAMPLES);
  samples.trained = SAMPLES - samples.held_out;
  for (int i = 0; i < SAMPLES; i++) {
    memcpy(samples.inputs[i], drawn.inputs[order[i]], sizeof samples.inputs[i]);
    samples.labels[i] = drawn.labels[order[i]];
  }
  return samples;
}

// MARK: The network

void forward(const struct model *model, const float *input, double activations[STAGES + 1][UNITS],
             double shares[CLASSES]) {
  for (int k = 0; k < INPUTS; k++)
    activations[0][k] = input[k] - model->segment[0].tensor[2].values[k];
  for (int s = 0; s <= model->stage; s++) {
    const struct tensor *weight = &model->segment[s].tensor[0];
    const float *bias = model->segment[s].tensor[1].values;
    for (int row = 0; row < weight->rows; row++) {
      double sum = bias[row];
      for (int k = 0; k < weight->columns; k++)
        sum += weight->values[row * weight->columns + k] * activations[s][k];
      if (s < model->stage)
        activations[s + 1][row] = tanh(sum);
      else
        shares[row] = sum;
    }
  }
  double largest = fmax(shares[0], fmax(shares[1], shares[2])), sum = 0;
  for (int c = 0; c < CLASSES; c++) sum += shares[c] = exp(shares[c] - largest);
  for (int c = 0; c < CLASSES; c++) shares[c] /= sum;
}

double backward(const struct model *model, const float *input, int label, double weight,
                struct model *gradients) {
  double activations[STAGES + 1][UNITS], errors[UNITS], shares[CLASSES];
  forward(model, input, activations, shares);
  for (int c = 0; c < CLASSES; c++) errors[c] = (shares[c] - (c == label)) * weight;
  for (int s = model->stage; s >= 0; s--) {
    const struct tensor *layer = &model->segment[s].tensor[0];
    struct tensor *to = gradients->segment[s].tensor;
    double below_it[UNITS] = {0};
    for (int row = 0; row < layer->rows; row++) {
      to[1].values[row] += (float)errors[row];
      for (int k = 0; k < layer->columns; k++) {
        to[0].values[row * layer->columns + k] += (float)(errors[row] * activations[s][k]);
        below_it[k] += errors[row] * layer->values[row * layer->columns + k];
      }
    }
    for (int k = 0; s > 0 && k < UNITS; k++)
      errors[k] = below_it[k] * (1 - activations[s][k] * activations[s][k]);
  }
  return -log(fmax(shares[label], 1e-300));
}

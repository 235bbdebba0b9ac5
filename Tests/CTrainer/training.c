#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "trainer.h"

bool training_read(struct training *training, const struct json *from) {
  const struct json *optimizer = json_member(from, "optimizer");
  const struct json *nesterov = json_member(from, "nesterov");
  const struct json *clip = json_member(from, "clipNorm");
  const struct json *correction = json_member(from, "correction");
  double rate;
  training->nesterov = nesterov && nesterov->kind == JSON_TRUE;
  training->clips = clip && clip->kind == JSON_NUMBER;
  training->corrects = correction && correction->kind != JSON_NULL;
  bool is_there = json_member(from, "learningRate") && optimizer && optimizer->kind == JSON_TEXT;
  return is_there && !strcmp(optimizer->text, "sgd") &&
         whole(from, "epochs", 1, &training->epochs) && whole(from, "batch", 1, &training->batch) &&
         whole(from, "seed", 0, &training->seed) && number(from, "learningRate", 0, &rate) &&
         number(from, "momentum", 0, &training->momentum) &&
         number(from, "weightDecay", 0, &training->weight_decay) &&
         number(from, "clipNorm", 0, &training->clip_norm) &&
         number(from, "lossLimit", INFINITY, &training->loss_limit) &&
         number(from, "proximal", 0, &training->proximal) &&
         number(json_member(from, "options"), "delay", 0, &training->delay);
}

// The factor that shortens the gradients to the limit; negative if they aren't finite.
static double clipping(const struct training *training, const struct model *gradients) {
  double sum = 0;
  for (int s = 0; s <= gradients->stage; s++)
    for (int t = 0; training->model.segment[s].trained && t < 2; t++)
      for (int i = 0; i < tensor_count(&gradients->segment[s].tensor[t]); i++)
        sum += pow(gradients->segment[s].tensor[t].values[i], 2);
  if (!isfinite(sum)) return -1;
  return training->clips ? fmin(1, training->clip_norm / (sqrt(sum) + 1e-6)) : 1;
}

// Steps along the gradients, as PyTorch's SGD does.
static void descend(struct training *training, const struct model *gradients, double factor,
                    const struct model *start, struct model *momenta) {
  for (int s = 0; s <= gradients->stage; s++) {
    struct segment *segment = &training->model.segment[s];
    for (int t = 0; segment->trained && t < 2; t++) {
      float *values = segment->tensor[t].values;
      float *momentum = momenta->segment[s].tensor[t].values;
      for (int i = 0; i < tensor_count(&segment->tensor[t]); i++) {
        double gradient = factor * gradients->segment[s].tensor[t].values[i];
        gradient += training->proximal * (values[i] - start->segment[s].tensor[t].values[i]);
        gradient += training->weight_decay * values[i];
        momentum[i] = (float)(training->momentum * momentum[i] + gradient);
        double step =
            training->nesterov ? gradient + training->momentum * momentum[i] : momentum[i];
        values[i] = (float)(values[i] - segment->rate * step);
      }
    }
  }
}

// Moves the running mean of inputs towards that of a batch.
static void follow(struct training *training, const int *places, int count) {
  if (!training->model.segment[0].trained) return;
  float *mean = training->model.segment[0].tensor[2].values;
  for (int k = 0; k < INPUTS; k++) {
    double sum = 0;
    for (int i = 0; i < count; i++) sum += training->samples.inputs[places[i]][k];
    mean[k] = (float)(mean[k] + 0.1 * (sum / count - mean[k]));
  }
}

static void rest(double seconds) {
  struct timespec time = {(time_t)seconds, (long)((seconds - floor(seconds)) * 1e9)};
  if (seconds > 0) nanosleep(&time, NULL);
}

static void tell_progress(const struct request *request, double share, time_t *last) {
  time_t now = time(NULL);
  if (now == *last) return;
  *last = now;
  char line[96];
  snprintf(line, sizeof line, "{\"id\":%.0f,\"progress\":%.4f}\n", request->id, share);
  say(line);
}

const char *training_run(struct training *training, const struct request *request) {
  static struct model start, momenta, gradients; // large
  start = training->model;
  memset(&momenta, 0, sizeof momenta);
  struct stream stream = {(uint64_t)training->seed};
  int order[SAMPLES], count = training->samples.trained, learned = 0;
  int size = training->batch < count ? (int)training->batch : count;
  time_t last = time(NULL);
  double sum = 0;
  if (count == 0) return "noData";
  for (int i = 0; i < count; i++) order[i] = i;
  for (double epoch = 0; epoch < training->epochs; epoch++) {
    for (int i = count - 1; i > 0; i--) {
      int other = below(&stream, i + 1), kept = order[i];
      order[i] = order[other];
      order[other] = kept;
    }
    for (int first = 0; first < count; first += size) {
      if (is_cancelled(request)) return "cancelled";
      tell_progress(request, (epoch + (double)first / count) / training->epochs, &last);
      rest(training->delay);
      int batch = count - first < size ? count - first : size;
      gradients = model_of(training->model.stage);
      double loss = 0;
      for (int i = first; i < first + batch; i++)
        loss += backward(&training->model, training->samples.inputs[order[i]],
                         training->samples.labels[order[i]], 1.0 / batch, &gradients);
      if (!isfinite(loss)) return "diverged";
      if (loss / batch > training->loss_limit) {
        training->skipped++;
        continue;
      }
      double factor = clipping(training, &gradients);
      if (factor < 0) return "diverged";
      descend(training, &gradients, factor, &start, &momenta);
      follow(training, order + first, batch);
      training->steps++;
      learned += batch;
      sum += loss;
    }
  }
  if (training->steps == 0) return "diverged";
  training->loss = sum / learned;
  return NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers the GhostGRU operator with two interpreters in this process, without their headers:
 * the tflite-micro wheel (through its exported functions only; its resolver's array is found by
 * looking) and tf.lite of TensorFlow 2.21 (TfLiteContext and TfLiteTensor as that release has
 * them).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ghost_gru_operator.h"

typedef struct {
  int size;
  int data[];
} int_array;

enum { X, KERNEL, RECURRENT, BIAS, GHOST, GHOST_BIAS, STATE, CARRY, INPUTS };
enum { OK = 0, FAILED = 1 };

/* What init returned, so that invoke finds its own among a node's pointers. */
#define MOST 4096
static ghost_gru_operator *made[MOST];
static int made_count;

static void *init(void *context, const char *options, size_t size) {
  (void)context;
  if (made_count == MOST) abort();
  ghost_gru_operator *const op = malloc(sizeof *op);
  if (!ghost_gru_operator_parse((const uint8_t *)options, size, op)) {
    memset(op, 0, sizeof *op);
  }
  made[made_count++] = op;
  return op;
}

static ghost_gru_operator *find(void *const *node) {
  for (int word = 2; word < 6; word++) {
    for (int i = made_count - 1; i >= 0; i--) {
      if (node[word] == made[i]) return made[i]->params.units > 0 ? made[i] : NULL;
    }
  }
  return NULL;
}

static int run(const ghost_gru_operator *op, void *const data[INPUTS], const int_array *dims,
               void *y) {
  if (op == NULL || dims->size != 3) return FAILED;
  const ghost_gru_tensors tensors = {
      .x = data[X],
      .frames = dims->data[1],
      .inputs = dims->data[2],
      .kernel = data[KERNEL],
      .recurrent_kernel = data[RECURRENT],
      .bias = data[BIAS],
      .ghost_kernel = data[GHOST],
      .ghost_bias = data[GHOST_BIAS],
      .state = data[STATE],
      .carry = data[CARRY],
      .y = y,
  };
  ghost_gru_operator_run(op, &tensors);
  return OK;
}

static int prepare(void *context, void *node) {
  (void)context;
  return find(node) != NULL ? OK : FAILED;
}

/* --- tflite-micro ------------------------------------------------------------------------------
 */

typedef struct {
  void *data;
  int_array *dims;
  int type;
} eval_tensor;

typedef eval_tensor *(*get_tensor)(const void *context, const void *node, int index);
static get_tensor micro_input;
static get_tensor micro_output;

static int micro_invoke(void *context, void *node) {
  void *data[INPUTS] = {0};
  const int_array *const inputs = *(int_array *const *)node;
  for (int i = 0; i < INPUTS; i++) {
    if (inputs->data[i] >= 0) data[i] = micro_input(context, node, i)->data;
  }
  const eval_tensor *const x = micro_input(context, node, X);
  return run(find(node), data, x->dims, micro_output(context, node, 0)->data);
}

typedef struct {
  void *(*init)(void *, const char *, size_t);
  void (*free)(void *, void *);
  int (*prepare)(void *, void *);
  int (*invoke)(void *, void *);
  void (*reset)(void *, void *);
  int builtin_code;
  const char *custom_name;
} micro_registration;

enum { MICRO_OPERATORS = 200, BUILTIN_CUSTOM = 32 };

typedef struct {
  void *vtable;
  micro_registration registrations[MICRO_OPERATORS];
  unsigned count;
} micro_resolver;

/* Called by the wheel, which finds it by name. */
bool RegisterGhostGRU(void *resolver);
bool RegisterGhostGRU(void *resolver) {
  const char *const get = "EPKNS0_13TfLiteContextEPKNS0_10TfLiteNodeEi";
  char name[128];
  snprintf(name, sizeof name, "_ZN6tflite5micro19GetMutableEvalInput%s", get);
  *(void **)&micro_input = dlsym(RTLD_DEFAULT, name);
  snprintf(name, sizeof name, "_ZN6tflite5micro13GetEvalOutput%s", get);
  *(void **)&micro_output = dlsym(RTLD_DEFAULT, name);
  micro_resolver *const r = resolver;
  const bool sound = micro_input != NULL && micro_output != NULL && r->count > 50u &&
                     r->count < MICRO_OPERATORS && r->registrations[0].invoke != NULL &&
                     r->registrations[r->count - 1u].invoke != NULL &&
                     r->registrations[r->count - 1u].builtin_code < 1000;
  if (!sound) {
    fprintf(stderr, "this tflite-micro wheel is laid out otherwise\n");
    return false;
  }
  r->registrations[r->count++] =
      (micro_registration){init, NULL, prepare, micro_invoke, NULL, BUILTIN_CUSTOM, "GhostGRU"};
  return true;
}

/* --- tf.lite -----------------------------------------------------------------------------------
 */

typedef struct {
  int type;
  void *data;
  int_array *dims;
  float scale;
  int zero_point;
  int allocation_type;
  size_t bytes;
  const void *allocation;
  const char *name;
  void *delegate;
  int buffer_handle;
  bool data_is_stale;
  bool is_variable;
  int quantization_type;
  void *quantization;
  void *sparsity;
  const int_array *signature;
} lite_tensor;

typedef struct {
  size_t tensors_size;
  void *get_execution_plan;
  lite_tensor *tensors;
} lite_context;

typedef struct {
  void *(*init)(void *, const char *, size_t);
  void (*free)(void *, void *);
  int (*prepare)(void *, void *);
  int (*invoke)(void *, void *);
  const char *(*profiling_string)(const void *, const void *);
  int builtin_code;
  const char *custom_name;
  int version;
  void *external;
  void *async_kernel;
  uint64_t in_place;
} lite_registration;

static int lite_invoke(void *context, void *node) {
  lite_tensor *const tensors = ((lite_context *)context)->tensors;
  const int_array *const inputs = ((int_array *const *)node)[0];
  const int_array *const outputs = ((int_array *const *)node)[1];
  void *data[INPUTS] = {0};
  for (int i = 0; i < INPUTS; i++) {
    if (inputs->data[i] >= 0) data[i] = tensors[inputs->data[i]].data;
  }
  return run(find(node), data, tensors[inputs->data[X]].dims, tensors[outputs->data[0]].data);
}

/* Called from Python with tf.lite's resolver and the address of MutableOpResolver::AddCustom. */
void register_with_tf_lite(void *resolver, void *add_custom);
void register_with_tf_lite(void *resolver, void *add_custom) {
  static const lite_registration registration = {
      .init = init,
      .prepare = prepare,
      .invoke = lite_invoke,
      .custom_name = "GhostGRU",
      .version = 1,
  };
  void (*add)(void *, const char *, const lite_registration *, int);
  *(void **)&add = add_custom;
  add(resolver, "GhostGRU", &registration, 1);
}

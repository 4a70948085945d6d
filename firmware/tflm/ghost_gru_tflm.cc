/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetches tensors for ghost_gru_operator.c, which does the work. What a file says of its tensors is
 * checked once, in `prepare`: afterwards every pointer holds as much as the operator reads.
 */
#include "ghost_gru_tflm.h"

#include <initializer_list>

#include "ghost_gru_operator.h"
#include "tensorflow/lite/micro/kernels/kernel_util.h"
#include "tensorflow/lite/micro/micro_context.h"
#include "tensorflow/lite/micro/micro_log.h"

namespace {

enum { X, KERNEL, RECURRENT, BIAS, GHOST, GHOST_BIAS, STATE, CARRY, INPUTS };
constexpr int ANY = -1;

void *init(TfLiteContext *context, const char *options, size_t size) {
  void *const memory = context->AllocatePersistentBuffer(context, sizeof(ghost_gru_operator));
  auto *const op = static_cast<ghost_gru_operator *>(memory);
  if (op != nullptr &&
      !ghost_gru_operator_parse(reinterpret_cast<const uint8_t *>(options), size, op)) {
    op->params.units = 0; /* `prepare` refuses it */
  }
  return op;
}

bool has(const TfLiteTensor *tensor, TfLiteType type, std::initializer_list<int32_t> shape) {
  if (tensor == nullptr || tensor->type != type) return false;
  if (tensor->dims->size != static_cast<int>(shape.size())) return false;
  const int *dimension = tensor->dims->data;
  for (const int32_t wanted : shape) {
    const int32_t given = *dimension++;
    if (given < 1 || (wanted != ANY && given != wanted)) return false;
  }
  return true;
}

bool input_has(TfLiteContext *context, const TfLiteNode *node, int index, TfLiteType type,
               std::initializer_list<int32_t> shape) {
  tflite::MicroContext *const micro = tflite::GetMicroContext(context);
  TfLiteTensor *const tensor = micro->AllocateTempInputTensor(node, index);
  const bool good = has(tensor, type, shape) && (index < STATE || tensor->is_variable);
  if (tensor != nullptr) micro->DeallocateTempTfLiteTensor(tensor);
  return good;
}

bool shapes_fit(TfLiteContext *context, TfLiteNode *node, const ghost_gru_operator *op) {
  if (op == nullptr || op->params.units < 1) return false;
  if (node->inputs->size != INPUTS || node->outputs->size != 1) return false;
  tflite::MicroContext *const micro = tflite::GetMicroContext(context);
  TfLiteTensor *const x = micro->AllocateTempInputTensor(node, X);
  TfLiteTensor *const y = micro->AllocateTempOutputTensor(node, 0);
  bool good = has(x, kTfLiteInt8, {1, ANY, ANY});
  const int32_t n = op->params.units, m = op->params.intrinsic;
  const int32_t frames = good ? x->dims->data[1] : 0, d = good ? x->dims->data[2] : 0;
  good = good &&
         (op->return_sequences ? has(y, kTfLiteInt8, {1, frames, n}) : has(y, kTfLiteInt8, {1, n}));
  if (x != nullptr) micro->DeallocateTempTfLiteTensor(x);
  if (y != nullptr) micro->DeallocateTempTfLiteTensor(y);
  return good && input_has(context, node, KERNEL, kTfLiteInt8, {3, m, d}) &&
         input_has(context, node, RECURRENT, kTfLiteInt8, {3, m, n}) &&
         input_has(context, node, BIAS, kTfLiteInt32, {2, 3, m}) &&
         (m == n || (input_has(context, node, GHOST, kTfLiteInt8, {n - m, m}) &&
                     input_has(context, node, GHOST_BIAS, kTfLiteInt32, {n - m}))) &&
         input_has(context, node, STATE, kTfLiteInt8, {n}) &&
         input_has(context, node, CARRY, kTfLiteInt16, {m});
}

TfLiteStatus prepare(TfLiteContext *context, TfLiteNode *node) {
  if (shapes_fit(context, node, static_cast<const ghost_gru_operator *>(node->user_data))) {
    return kTfLiteOk;
  }
  MicroPrintf("GhostGRU: damaged, or of another version");
  return kTfLiteError;
}

template <typename T>
const T *input(TfLiteContext *context, TfLiteNode *node, int index) {
  const TfLiteEvalTensor *const tensor = tflite::micro::GetEvalInput(context, node, index);
  return tflite::micro::GetOptionalTensorData<T>(tensor);
}

template <typename T>
T *variable(TfLiteContext *context, TfLiteNode *node, int index) {
  return tflite::micro::GetTensorData<T>(tflite::micro::GetMutableEvalInput(context, node, index));
}

TfLiteStatus invoke(TfLiteContext *context, TfLiteNode *node) {
  const TfLiteEvalTensor *const x = tflite::micro::GetEvalInput(context, node, X);
  ghost_gru_tensors tensors;
  tensors.x = tflite::micro::GetTensorData<int8_t>(x);
  tensors.frames = x->dims->data[1];
  tensors.inputs = x->dims->data[2];
  tensors.kernel = input<int8_t>(context, node, KERNEL);
  tensors.recurrent_kernel = input<int8_t>(context, node, RECURRENT);
  tensors.bias = input<int32_t>(context, node, BIAS);
  tensors.ghost_kernel = input<int8_t>(context, node, GHOST);
  tensors.ghost_bias = input<int32_t>(context, node, GHOST_BIAS);
  tensors.state = variable<int8_t>(context, node, STATE);
  tensors.carry = variable<int16_t>(context, node, CARRY);
  TfLiteEvalTensor *const y = tflite::micro::GetEvalOutput(context, node, 0);
  tensors.y = tflite::micro::GetTensorData<int8_t>(y);
  ghost_gru_operator_run(static_cast<const ghost_gru_operator *>(node->user_data), &tensors);
  return kTfLiteOk;
}

}  // namespace

const TFLMRegistration *ghost_gru_registration() {
  static const TFLMRegistration registration = tflite::micro::RegisterOp(init, prepare, invoke);
  return &registration;
}

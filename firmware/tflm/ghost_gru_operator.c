/* SPDX-License-Identifier: Apache-2.0 */
#include "ghost_gru_operator.h"

#include <string.h>

#define VERSION 1

/*
 * A FlexBuffer ends in its root: value, type byte, width byte. A type byte is type << 2 | log2 of
 * the width of what it points to. A map is [keys offset | keys width | count | values | types],
 * each field `width` bytes wide but the types, which are bytes; a vector is [count | values |
 * types]. Offsets point backwards from where they stand.
 */
enum { INT = 1, UINT = 2, MAP = 9, VECTOR = 10, VECTOR_INT = 11, VECTOR_UINT = 12, BOOL = 26 };

/** A value inside a buffer: where it stands, how wide it is there, and its type byte. */
typedef struct {
  const uint8_t *data; /**< start of the buffer */
  size_t size;         /**< its bytes */
  size_t at;
  size_t width;
  uint8_t type;
} flex;

static bool read_uint(const flex *f, size_t at, size_t width, uint64_t *value) {
  if (width > 8u || at > f->size || f->size - at < width) return false;
  *value = 0u;
  for (size_t i = 0u; i < width; i++) *value |= (uint64_t)f->data[at + i] << (8u * i);
  return true;
}

static bool flex_root(const uint8_t *data, size_t size, flex *root) {
  if (size < 3u) return false;
  const size_t width = data[size - 1u];
  if (width == 0u || width > 8u || width + 2u > size) return false;
  *root = (flex){data, size, size - 2u - width, width, data[size - 2u]};
  return true;
}

/** Follow an offset; the fields of what it points to are 1 << (type & 3) bytes wide. */
static bool flex_follow(const flex *from, size_t at, size_t width, size_t *target) {
  uint64_t offset;
  if (!read_uint(from, at, width, &offset) || offset > at) return false;
  *target = at - (size_t)offset;
  return true;
}

/** Find `key` in a map. */
static bool flex_find(const flex *map, const char *key, flex *value) {
  const size_t width = (size_t)1 << (map->type & 3u);
  size_t values;
  size_t keys;
  uint64_t count;
  uint64_t keys_width;
  if (map->type >> 2 != MAP || !flex_follow(map, map->at, map->width, &values)) return false;
  if (values < 3u * width || !read_uint(map, values - width, width, &count)) return false;
  if (!read_uint(map, values - 2u * width, width, &keys_width)) return false;
  if (!flex_follow(map, values - 3u * width, width, &keys)) return false;
  const size_t types = values + (size_t)count * width;
  if (count > map->size || types > map->size || map->size - types < count) return false;
  for (size_t i = 0u; i < count; i++) {
    size_t name;
    if (!flex_follow(map, keys + i * (size_t)keys_width, (size_t)keys_width, &name)) return false;
    const size_t length = strlen(key) + 1u;
    if (name < map->size && map->size - name >= length &&
        memcmp(map->data + name, key, length) == 0) {
      *value = (flex){map->data, map->size, values + i * width, width, map->data[types + i]};
      return true;
    }
  }
  return false;
}

/** Read a non-negative 31-bit integer or a bool. */
static bool flex_number(const flex *f, int32_t *number) {
  const uint8_t type = f->type >> 2;
  uint64_t value;
  if (type != INT && type != UINT && type != BOOL) return false;
  if (!read_uint(f, f->at, f->width, &value) || value > INT32_MAX) return false;
  *number = (int32_t)value;
  return true;
}

/** Read entry `index` of the list under `key`. */
static bool flex_entry(const flex *map, const char *key, size_t index, int32_t *number) {
  flex list;
  size_t start;
  uint64_t count;
  if (!flex_find(map, key, &list)) return false;
  const uint8_t type = list.type >> 2;
  const size_t width = (size_t)1 << (list.type & 3u);
  if (type < VECTOR || type > VECTOR_UINT) return false;
  if (!flex_follow(&list, list.at, list.width, &start) || start < width) return false;
  if (!read_uint(&list, start - width, width, &count) || index >= count) return false;
  const size_t types = start + (size_t)count * width;
  if (count > list.size || types > list.size) return false;
  flex entry = {list.data, list.size, start + index * width, width, INT << 2};
  if (type == VECTOR) {
    if (list.size - types < count) return false;
    entry.type = list.data[types + index];
  }
  return flex_number(&entry, number);
}

static bool named(const flex *map, const char *key, int32_t *number) {
  flex value;
  return flex_find(map, key, &value) && flex_number(&value, number);
}

static bool requantizer(const flex *map, const char *multiplier, const char *shift, size_t index,
                        ghost_requantizer *rq) {
  return flex_entry(map, multiplier, index, &rq->multiplier) &&
         flex_entry(map, shift, index, &rq->shift) && rq->multiplier > 0 && rq->shift < 31;
}

bool ghost_gru_operator_parse(const uint8_t *options, size_t size, ghost_gru_operator *op) {
  flex map;
  int32_t version;
  int32_t ratio;
  int32_t sequences;
  int32_t stateful;
  memset(op, 0, sizeof *op);
  ghost_gru_params *const p = &op->params;
  if (options == NULL || !flex_root(options, size, &map)) return false;
  if (!named(&map, "version", &version) || version != VERSION) return false;
  if (!named(&map, "units", &p->units) || !named(&map, "ratio", &ratio)) return false;
  if (!named(&map, "return_sequences", &sequences) || !named(&map, "stateful", &stateful)) {
    return false;
  }
  if (ratio < 1 || ratio > p->units) return false;
  p->intrinsic = p->units / ratio;
  op->return_sequences = sequences != 0;
  op->stateful = stateful != 0;
  for (size_t gate = 0u; gate < 3u; gate++) {
    if (!requantizer(&map, "input_multiplier", "input_shift", gate, &p->input[gate]) ||
        !requantizer(&map, "recurrent_multiplier", "recurrent_shift", gate, &p->recurrent[gate])) {
      return false;
    }
  }
  return ratio == 1 || requantizer(&map, "ghost_multiplier", "ghost_shift", 0u, &p->ghost);
}

void ghost_gru_operator_run(const ghost_gru_operator *op, const ghost_gru_tensors *t) {
  ghost_gru_params p = op->params;
  p.inputs = t->inputs;
  p.kernel = t->kernel;
  p.recurrent_kernel = t->recurrent_kernel;
  p.input_bias = t->bias;
  p.recurrent_bias = t->bias + 3 * p.intrinsic;
  p.ghost_kernel = t->ghost_kernel;
  p.ghost_bias = t->ghost_bias;
  if (!op->stateful) {
    memset(t->state, 0, (size_t)p.units);
    memset(t->carry, 0, 2u * (size_t)p.intrinsic);
  }
  int8_t *y = t->y;
  for (int32_t frame = 0; frame < t->frames; frame++) {
    ghost_gru_step_s8(&p, t->state, t->carry, NULL, t->x + frame * t->inputs);
    if (op->return_sequences) {
      memcpy(y, t->state, (size_t)p.units);
      y += p.units;
    }
  }
  if (!op->return_sequences) memcpy(y, t->state, (size_t)p.units);
}

/* Memory that ends the evaluation when it runs out, and tables keyed by pointers or numbers. */

/* Nothing catches this: the kernel never answers. */
static _Noreturn void exhausted(void) {
  Head head = {0, 0, KIND_EXHAUSTED, 0, 0, 0, 0};
  kernel_call(&head, sizeof head);
  __builtin_trap();
}

static void *must(void *block, size_t size) {
  if (!block && size) exhausted();
  return block;
}
static void *take(size_t size) { return must(malloc(size), size); }

static void *take_zeroed(size_t count, size_t size) { return must(calloc(count, size), count && size); }
static void *retake(void *block, size_t size) { return must(realloc(block, size), size); }

static void *engine_calloc(void *opaque, size_t count, size_t size) { (void)opaque; return take_zeroed(count, size); }
static void *engine_malloc(void *opaque, size_t size) { (void)opaque; return take(size); }
static void engine_free(void *opaque, void *block) { (void)opaque; free(block); }
static void *engine_realloc(void *opaque, void *block, size_t size) { (void)opaque; return retake(block, size); }
static const JSMallocFunctions ENGINE_MEMORY = {engine_calloc, engine_malloc, engine_free, engine_realloc, (size_t (*)(const void *))malloc_usable_size};

/* Room for one more of `item` bytes in a growing array. */
static void *grown(void *array, uint32_t used, uint32_t *capacity, size_t item) {
  if (used < *capacity) return array;
  *capacity = *capacity ? *capacity * 2 : 16;
  return retake(array, *capacity * item);
}

/* Open addressing; keys are never 0. */
typedef struct { uintptr_t key, value; } Slot;
typedef struct { Slot *slots; uint32_t mask, count; } Table;

static uint32_t table_hash(uintptr_t key) {
  uint32_t x = (uint32_t)(key >> 3) ^ (uint32_t)(key << 16);
  x *= 2654435761u;
  return x ^ (x >> 15);
}

static Slot *table_slot(const Table *table, uintptr_t key) {
  uint32_t i = table_hash(key) & table->mask;
  while (table->slots[i].key && table->slots[i].key != key) i = (i + 1) & table->mask;
  return &table->slots[i];
}

static Slot *table_find(const Table *table, uintptr_t key) {
  if (!table->count) return NULL;
  Slot *slot = table_slot(table, key);
  return slot->key ? slot : NULL;
}

static void table_put(Table *table, uintptr_t key, uintptr_t value) {
  if ((table->count + 1) * 2 > table->mask) {
    Table bigger = {NULL, table->mask ? table->mask * 2 + 1 : 15, table->count};
    bigger.slots = take_zeroed(bigger.mask + 1, sizeof(Slot));
    for (uint32_t i = 0; table->slots && i <= table->mask; i++)
      if (table->slots[i].key) *table_slot(&bigger, table->slots[i].key) = table->slots[i];
    free(table->slots);
    *table = bigger;
  }
  Slot *slot = table_slot(table, key);
  if (!slot->key) table->count++;
  *slot = (Slot){key, value};
}

static void table_remove(Table *table, uintptr_t key) {
  Slot *slot = table_find(table, key);
  if (!slot) return;
  uint32_t hole = slot - table->slots, at = hole;
  for (;;) { /* move back what would no longer be found */
    at = (at + 1) & table->mask;
    if (!table->slots[at].key) break;
    uint32_t home = table_hash(table->slots[at].key) & table->mask;
    if (((at - home) & table->mask) < ((at - hole) & table->mask)) continue;
    table->slots[hole] = table->slots[at];
    hole = at;
  }
  table->slots[hole].key = 0;
  table->count--;
}

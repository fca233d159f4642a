/* malloc for the guest: boundary tags, free chunks by size, joined with their neighbours at once, grown in place where there is room.
   libc's own here is by powers of two and joins nothing: half of an image would be holes, and every growth of a buffer a copy.

   A chunk is [size of the one before, if that is free][own size | bits][what the caller has …]; sizes are multiples of 16, and what the
   caller has is aligned to 16. Free chunks stand in lists by size: exact ones to 512 bytes, then four for each doubling. */
#ifdef __wasm__
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct Chunk { uint32_t before, head; struct Chunk *next, *prev; } Chunk;
enum { IN_USE = 1, BEFORE_IN_USE = 2, BITS = 15, SMALL = 32, BINS = 128 };
#define HEAD_SIZE 8u
#define GROWTH (512u << 10)
#define WASM_PAGE 65536u
#define MOST_CHUNK 0xf0000000u

extern uint8_t __heap_base;
static Chunk *bins[BINS];
static uint32_t filled[BINS / 32];
static Chunk *top; /* what is behind the last chunk in use: not in a list, and the only one that grows */
static uintptr_t heap_end;

static uint32_t size_of(const Chunk *c) { return c->head & ~(uint32_t)BITS; }
static Chunk *behind(const Chunk *c) { return (Chunk *)((uintptr_t)c + size_of(c)); }
static Chunk *chunk_of(const void *block) { return (Chunk *)((uintptr_t)block - HEAD_SIZE); }
static void *block_of(const Chunk *c) { return (void *)((uintptr_t)c + HEAD_SIZE); }

static uint32_t bin_of(uint32_t size) {
  if (size < 512) return size / 16;
  uint32_t log = 31 - __builtin_clz(size);
  return SMALL + (log - 9) * 4 + ((size >> (log - 2)) & 3);
}

static void list_in(Chunk *c) {
  uint32_t bin = bin_of(size_of(c));
  c->prev = NULL;
  c->next = bins[bin];
  if (c->next) c->next->prev = c;
  bins[bin] = c;
  filled[bin / 32] |= 1u << bin % 32;
  behind(c)->before = size_of(c);
  behind(c)->head &= ~BEFORE_IN_USE;
}

static void list_out(Chunk *c) {
  uint32_t bin = bin_of(size_of(c));
  if (c->next) c->next->prev = c->prev;
  if (c->prev) c->prev->next = c->next;
  else if (!(bins[bin] = c->next)) filled[bin / 32] &= ~(1u << bin % 32);
}

/* Have `size` bytes more behind the top; false when there is no memory. */
static bool grow_top(uint32_t size) {
  if (!top) {
    top = (Chunk *)((((uintptr_t)&__heap_base + HEAD_SIZE + BITS) & ~(uintptr_t)BITS) - HEAD_SIZE);
    heap_end = __builtin_wasm_memory_size(0) * (uintptr_t)WASM_PAGE;
    top->head = (uint32_t)((heap_end - HEAD_SIZE - (uintptr_t)top) & ~(uintptr_t)BITS) | BEFORE_IN_USE;
    if (size_of(top) >= size) return true;
  }
  uint32_t wanted = (size + WASM_PAGE) / WASM_PAGE, pages = wanted > GROWTH / WASM_PAGE ? wanted : GROWTH / WASM_PAGE;
  if (__builtin_wasm_memory_grow(0, pages) == (size_t)-1) {
    if (pages == wanted || __builtin_wasm_memory_grow(0, pages = wanted) == (size_t)-1) return false;
  }
  heap_end += pages * WASM_PAGE;
  top->head += pages * WASM_PAGE;
  return true;
}

/* Give the caller the first `size` bytes of a chunk that is in no list; the rest is free. */
static void *use(Chunk *c, uint32_t size) {
  uint32_t rest = size_of(c) - size;
  if (rest < sizeof(Chunk)) size += rest, rest = 0;
  c->head = size | IN_USE | (c->head & BEFORE_IN_USE);
  if (!rest) {
    behind(c)->head |= BEFORE_IN_USE;
    return block_of(c);
  }
  Chunk *left = behind(c);
  left->head = rest | BEFORE_IN_USE;
  list_in(left);
  return block_of(c);
}

static void *use_top(uint32_t size) {
  if ((!top || size_of(top) < size + sizeof(Chunk)) && !grow_top(size + sizeof(Chunk))) return NULL;
  Chunk *c = top;
  uint32_t rest = size_of(c) - size;
  c->head = size | IN_USE | (c->head & BEFORE_IN_USE);
  top = behind(c);
  top->head = rest | BEFORE_IN_USE;
  return block_of(c);
}

static Chunk *find(uint32_t size) {
  uint32_t bin = bin_of(size);
  for (Chunk *c = bins[bin]; bin >= SMALL && c; c = c->next)
    if (size_of(c) >= size) return c;
  if (bin >= SMALL) bin++; /* of the others any is large enough */
  for (uint32_t word = bin / 32; word < BINS / 32; word++) {
    uint32_t bits = filled[word] & (word == bin / 32 ? ~0u << bin % 32 : ~0u);
    if (bits) return bins[word * 32 + __builtin_ctz(bits)];
  }
  return NULL;
}

static uint32_t chunk_size(size_t n) { return n > MOST_CHUNK ? 0 : n < sizeof(Chunk) - HEAD_SIZE ? sizeof(Chunk) : (uint32_t)(n + HEAD_SIZE + BITS) & ~BITS; }

static void *heap_take(size_t n) {
  uint32_t size = chunk_size(n);
  if (!size) return NULL;
  Chunk *c = find(size);
  if (!c) return use_top(size);
  list_out(c);
  return use(c, size);
}

static void heap_give(void *block) {
  if (!block) return;
  Chunk *c = chunk_of(block), *after = behind(c);
  uint32_t size = size_of(c);
  if (!(c->head & BEFORE_IN_USE)) {
    size += c->before;
    c = (Chunk *)((uintptr_t)c - c->before);
    list_out(c);
  }
  if (after == top) {
    c->head = (size + size_of(top)) | BEFORE_IN_USE;
    top = c;
    return;
  }
  if (!(after->head & IN_USE)) {
    list_out(after);
    size += size_of(after);
  }
  c->head = size | BEFORE_IN_USE; /* what is before a free chunk is in use, or it were one with it */
  list_in(c);
}

/* Make a chunk larger where it is; false when what is behind it is in use, or too small. */
static bool extend(Chunk *c, uint32_t size) {
  Chunk *after = behind(c);
  if (after == top) {
    uint32_t more = size - size_of(c);
    if (size_of(top) < more + sizeof(Chunk) && !grow_top(more + sizeof(Chunk))) return false;
    uint32_t rest = size_of(top) - more;
    c->head = size | (c->head & BITS);
    top = behind(c);
    top->head = rest | BEFORE_IN_USE;
    return true;
  }
  if (after->head & IN_USE || size_of(c) + size_of(after) < size) return false;
  list_out(after);
  c->head += size_of(after);
  use(c, size);
  return true;
}

static void *heap_retake(void *block, size_t n) {
  uint32_t size = chunk_size(n);
  if (!block) return heap_take(n);
  if (!size) return NULL;
  Chunk *c = chunk_of(block);
  if (size <= size_of(c)) {
    if (size_of(c) - size < sizeof(Chunk)) return block;
    Chunk *rest = (Chunk *)((uintptr_t)c + size);
    rest->head = (size_of(c) - size) | IN_USE | BEFORE_IN_USE;
    c->head = size | (c->head & BITS);
    heap_give(block_of(rest));
    return block;
  }
  if (extend(c, size)) return block;
  void *larger = heap_take(n);
  if (!larger) return NULL;
  memcpy(larger, block, size_of(c) - HEAD_SIZE);
  heap_give(block);
  return larger;
}

static void *heap_take_aligned(size_t alignment, size_t n) {
  if (alignment <= 16) return heap_take(n);
  uint8_t *block = n < MOST_CHUNK - alignment ? heap_take(n + alignment + sizeof(Chunk)) : NULL;
  if (!block || !((uintptr_t)block & (alignment - 1))) return block;
  Chunk *c = chunk_of(block), *aligned = chunk_of((void *)(((uintptr_t)block + sizeof(Chunk) + alignment - 1) & ~(uintptr_t)(alignment - 1)));
  uint32_t front = (uintptr_t)aligned - (uintptr_t)c;
  aligned->head = (size_of(c) - front) | IN_USE | BEFORE_IN_USE;
  c->head = front | (c->head & BITS);
  heap_give(block);
  return block_of(aligned);
}

/* What is free holds nothing of what was there: for an image, whose empty pages are not kept. */
static void heap_clear(void) {
  for (int i = 0; i < BINS; i++)
    for (Chunk *c = bins[i]; c; c = c->next) memset(c + 1, 0, size_of(c) - sizeof *c);
  if (top) memset(top + 1, 0, heap_end - (uintptr_t)(top + 1));
}

#define WORTH_KEEPING (64u << 10)

/* Small holes between what an image holds are never used again: a short life shall write in one place, and not wherever there was room. */
static void heap_close_holes(void) {
  for (int i = 0; i < BINS; i++)
    for (Chunk *c = bins[i], *next; c; c = next) {
      next = c->next;
      if (size_of(c) >= WORTH_KEEPING) continue;
      list_out(c);
      c->head |= IN_USE;
      behind(c)->head |= BEFORE_IN_USE;
    }
}

void *malloc(size_t n) { return heap_take(n); }
void free(void *block) { heap_give(block); }
void *realloc(void *block, size_t n) { return heap_retake(block, n); }
void *aligned_alloc(size_t alignment, size_t n) { return heap_take_aligned(alignment, n); }
size_t malloc_usable_size(void *block) { return block ? size_of(chunk_of(block)) - HEAD_SIZE : 0; }
void *calloc(size_t count, size_t size) {
  size_t n;
  void *block = __builtin_mul_overflow(count, size, &n) ? NULL : heap_take(n);
  return block ? memset(block, 0, n) : NULL;
}
#else
static void heap_clear(void) {}
static void heap_close_holes(void) {}
#endif

/* The image builder's side: a script is booted once, and its heap made ready to be a guest's beginning. */

#define INBOX 16384 /* guests/boot.py has the same number */

EXPORT("buffer") void *guest_buffer(uint32_t n) {
  if (n > inbox_size) {
    free(inbox);
    inbox = take(inbox_size = n);
  }
  return inbox;
}

/* Error.prepareStackTrace may see where a call is, never the function itself: that would lend the glue and the runtime to any val. */
static void hide_functions_of_stacks(void) {
  JSAtom name = JS_NewAtom(ctx, "getFunction");
  JS_DeleteProperty(ctx, ctx->class_proto[JS_CLASS_CALL_SITE], name, 0);
  JS_FreeAtom(ctx, name);
}

static JSValue js_is_error(JSContext *c, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self;
  int class_id = argc ? JS_GetClassID(argv[0]) : 0;
  return JS_NewBool(c, class_id == JS_CLASS_ERROR || class_id == JS_CLASS_DOM_EXCEPTION);
}

/* Error.isError knows a DOMException too, as the standard says. */
static void widen_is_error(void) {
  JSAtom name = JS_NewAtom(ctx, "Error");
  JSValue constructor = JS_GetProperty(ctx, ctx->global_obj, name);
  JS_FreeAtom(ctx, name);
  JS_DefinePropertyValueStr(ctx, constructor, "isError", JS_NewCFunction(ctx, js_is_error, "isError", 1), JS_PROP_WRITABLE | JS_PROP_CONFIGURABLE);
  JS_FreeValue(ctx, constructor);
}

static JSValue js_random(JSContext *c, JSValueConst self, int argc, JSValueConst *argv) {
  (void)c, (void)self, (void)argc, (void)argv;
  if (!ctx->random_state) ctx->random_state = (uint64_t)kernel_random() | 1;
  return JS_NewFloat64(ctx, (double)(xorshift64star(&ctx->random_state) >> 11) * 0x1p-53);
}

/* Math.random takes its seed when it is first called: an image has none. */
static void seed_later(void) {
  JSAtom name = JS_NewAtom(ctx, "Math");
  JSValue math = JS_GetProperty(ctx, ctx->global_obj, name);
  JS_FreeAtom(ctx, name);
  JS_DefinePropertyValueStr(ctx, math, "random", JS_NewCFunction(ctx, js_random, "random", 0), JS_PROP_WRITABLE | JS_PROP_CONFIGURABLE);
  JS_FreeValue(ctx, math);
  ctx->random_state = 0;
}

EXPORT("boot") void guest_boot(uint32_t stack) {
  rt = JS_NewRuntime2(&ENGINE_MEMORY, NULL);
  JS_SetMaxStackSize(rt, stack);
  ctx = JS_NewContext(rt);
  ctx->hash_seed = 0; /* it is mixed in after the hash, so it parts no two keys that collide: docs/decisions/0015 */
  JS_SetHostPromiseRejectionTracker(rt, track_rejection, NULL);
  hide_functions_of_stacks();
  widen_is_error();
  seed_later();
  remote_boot();
  guest_buffer(INBOX);
}

static int report(JSValue value) { /* 0, or the length of an error text in the buffer */
  if (!JS_IsException(value)) {
    JS_FreeValue(ctx, value);
    return 0;
  }
  JSValue error = JS_GetException(ctx), stack = JS_GetPropertyStr(ctx, error, "stack");
  const char *text = JS_ToCString(ctx, error), *where = JS_ToCString(ctx, stack);
  uint32_t n = snprintf(NULL, 0, "%s\n%s", text, where);
  snprintf(guest_buffer(n + 1), n + 1, "%s\n%s", text, where);
  return n;
}

/* All of one list, at the end of another. */
static void move_all(struct list_head *from, struct list_head *to) {
  if (!to->next) init_list_head(to);
  if (!list_empty(from)) {
    from->next->prev = to->prev;
    to->prev->next = from->next;
    from->prev->next = to;
    to->prev = from->prev;
  }
  init_list_head(from);
}

/* The engine takes small blocks from arenas of one size each. A short life would touch a page of every size, wherever the boot left
   some room: instead all sizes begin in one place, a few blocks of each, and what the boot left is never used again.
   Each arena counts one block more than there is, so that it is never empty and never given back. */
static uint32_t first_blocks(int index) { return arena_block_sizes[index] <= 128 ? 1024 / arena_block_sizes[index] : 2; }
static uint32_t first_room(int index) { return sizeof(JSArena) + first_blocks(index) * arena_block_sizes[index]; }
static uint32_t blocks_of(JSArena *arena) { return arena->n_blocks - (arena->n_blocks == first_blocks(arena->block_size_idx) + 1); }

/* What is in an image lives as long as the guest, and nothing of it is counted: a count that moves is a page that is no longer the
   image's. The collector need not walk it either: it stands in a list of its own, from which it may still be taken.
   A shape that nobody else can come to have stays counted: who changes its object insists on being its only one. */
static struct list_head immortal;

static void keep_block(JSMallocBlockHeader *block) {
  if (block->gc_obj_type != JS_GC_OBJ_TYPE_SHAPE && block->ref_count != JS_IMMORTAL) block->ref_count = JS_IMMORTAL;
}

static void keep_for_good(void) {
  struct list_head *at;
  for (int i = 0; i < JS_ARENA_BLOCK_SIZE_COUNT; i++)
    list_for_each(at, &rt->arena_state.arena_list[i]) {
      JSArena *arena = list_entry(at, JSArena, link);
      for (uint32_t j = 0; j < blocks_of(arena); j++) keep_block(arena_get_block(arena, j, arena_block_sizes[i]));
    }
  for (int i = 1; i < rt->atom_size; i++)
    if (!atom_is_free(rt->atom_array[i]) && JS_REF_COUNT(rt->atom_array[i]) != JS_IMMORTAL) JS_REF_COUNT(rt->atom_array[i]) = JS_IMMORTAL;
  list_for_each(at, &rt->gc_obj_list) {
    JSGCObjectHeader *header = list_entry(at, JSGCObjectHeader, link);
    if (JS_GC_TYPE(header) != JS_GC_OBJ_TYPE_SHAPE || ((JSShape *)header)->is_hashed) JS_REF_COUNT(header) = JS_IMMORTAL;
  }
  move_all(&rt->gc_obj_list, &immortal);
}

/* What booted is read-only to others; what a val's top level made is the val's to lend. */
static void note_all_booted(void) {
  struct list_head *at;
  list_for_each(at, &rt->gc_obj_list) {
    JSGCObjectHeader *header = list_entry(at, JSGCObjectHeader, link);
    if (JS_GC_TYPE(header) == JS_GC_OBJ_TYPE_JS_OBJECT) note_booted((uintptr_t)header);
  }
  qsort(booted, booted_count, sizeof *booted, by_address);
}

/* What was booted shows as native, and an image holds no source: half of a heap would be text, each function's within its parent's. */
static void forget_sources(void) {
  struct list_head *at;
  list_for_each(at, &rt->gc_obj_list) {
    JSGCObjectHeader *header = list_entry(at, JSGCObjectHeader, link);
    JSFunctionBytecode *function = (JSFunctionBytecode *)header;
    if (JS_GC_TYPE(header) != JS_GC_OBJ_TYPE_FUNCTION_BYTECODE || !function->source) continue;
    memset(function->source, 0, function->source_len); /* pages of zeros are not in the image */
    js_free_rt(rt, function->source);
    function->source = NULL;
  }
}

static JSArena *small_arena(uint8_t *at, int index) {
  uint32_t size = arena_block_sizes[index], count = first_blocks(index);
  JSArena *arena = (JSArena *)at;
  *arena = (JSArena){.block_size_idx = index, .n_used_blocks = 1, .n_blocks = count + 1, .first_free_block = 0};
  for (uint32_t i = 0; i < count; i++) {
    JSMallocBlockHeader *block = arena_get_block(arena, i, size);
    block->u.free_next = i + 1 < count ? i + 1 : JS_ARENA_FREE_NIL;
    block->block_size_idx = index;
  }
  return arena;
}

static void begin_in_one_place(void) {
  uint32_t total = sizeof(struct list_head) * JS_ARENA_BLOCK_SIZE_COUNT;
  for (int i = 0; i < JS_ARENA_BLOCK_SIZE_COUNT; i++) total += first_room(i);
  uint8_t *at = must(aligned_alloc(4096, (total + 4095) & ~4095u), total);
  struct list_head *retired = memset(at, 0, sizeof *retired * JS_ARENA_BLOCK_SIZE_COUNT); /* the lists they stand in from now on */
  at += sizeof *retired * JS_ARENA_BLOCK_SIZE_COUNT;
  for (int i = 0; i < JS_ARENA_BLOCK_SIZE_COUNT; i++) {
    struct list_head *rooms = &rt->arena_state.free_arena_list[i];
    move_all(rooms, &retired[i]);
    JSArena *arena = small_arena(at, i);
    list_add(&arena->link, &rt->arena_state.arena_list[i]);
    list_add(&arena->free_link, rooms);
    at += first_room(i);
  }
}

#define GC_ROOM (4u << 20)
#define FREE_ROOM (1u << 20)

/* Make this heap the beginning of others: nothing is under way, nothing hangs on a seed, nobody outside is known. */
static bool seal(void) {
  if (JS_IsJobPending(rt) || rejection_count || attention || finished || ctx->random_state || export_by_id.count || remote_by_handle.count || mirror_by_handle.count)
    return false;
  JS_RunGC(rt);
  JS_SetGCThreshold(rt, rt->malloc_state.malloc_size + GC_ROOM); /* a short life never collects the image's own objects */
  keep_for_good();
  heap_close_holes();
  begin_in_one_place();
  void *volatile room = take(FREE_ROOM); /* so that a short life does not grow its memory */
  free(room);
  return true;
}

/* load(length): run the runtime's script, a function (glue, global) => handlers, from the buffer */
EXPORT("load") int guest_load(uint32_t length) {
  char *source = (char *)inbox; /* the builder has left room for this byte; a copy would be megabytes of every guest's memory */
  source[length] = 0;
  inbox = NULL, inbox_size = 0;
  guest_buffer(INBOX);
  note_all_intrinsics(); /* before the runtime: what it makes is nobody's built-in */
  JSValue function = JS_Eval(ctx, source, length, "valgate:runtime", JS_EVAL_TYPE_GLOBAL | JS_EVAL_FLAG_STRICT);
  memset(source, 0, length);
  __asm__ volatile("" : : "r"(source) : "memory"); /* or the compiler leaves out what nobody reads */
  free(source);
  if (JS_IsException(function)) return report(function);
  forget_sources();
  JSValue glue = JS_NewObjectProto(ctx, JS_NULL), global = JS_GetGlobalObject(ctx);
  for (uint32_t i = 0; i < countof(GLUE); i++) JS_SetPropertyStr(ctx, glue, GLUE[i].name, JS_NewCFunction(ctx, GLUE[i].function, GLUE[i].name, GLUE[i].length));
  JSValueConst args[2] = {glue, global};
  JSValue made = JS_Call(ctx, function, JS_UNDEFINED, 2, args);
  JS_FreeValue(ctx, function);
  JS_FreeValue(ctx, glue);
  JS_FreeValue(ctx, global);
  if (JS_IsException(made)) return report(made);
  for (int i = 0; i < HANDLERS; i++) handlers[i] = JS_GetPropertyStr(ctx, made, HANDLER_NAMES[i]);
  JS_FreeValue(ctx, made);
  run_jobs();
  note_all_booted();
  heap_clear();
  return seal() ? 0 : report(JS_ThrowInternalError(ctx, "the image holds something that is not over"));
}

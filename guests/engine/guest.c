/* The guest: one import that carries authority, one main(), one loop of reply-or-request. See ABI.md.

   Exports: boot(stack) and load(length) for the image builder, main(stack, depth, message) for a life, buffer(length). */
#include "quickjs.c"
#include <malloc.h>
#include "wire.h"
#include "libc.c"
#include "memory.c"
#include "exports.c"
#include "encode.c"
#include "decode.c"
#include "remote.c"
#include "text.c"

#define EXPORT(name) __attribute__((export_name(name)))

/* ---- one way out ------------------------------------------------------------------------------ */

static uint8_t *inbox;
static uint32_t inbox_size;

/* Send and receive, whatever the size of the answer; returns its length. */
static uint32_t ask(uint8_t *message, uint32_t length) {
  Head *head = (Head *)message;
  head->inbox = (uint32_t)(uintptr_t)inbox;
  head->capacity = inbox_size;
  uint32_t got = kernel_call(message, length);
  while (got > inbox_size) {
    inbox_size = got + 4096;
    free(inbox);
    inbox = take(inbox_size);
    Head fetch = {(uint32_t)(uintptr_t)inbox, inbox_size, KIND_FETCH, 0, 0, 0, 0};
    got = kernel_call(&fetch, sizeof fetch);
  }
  return got;
}

/* Head, refs, released, payload: everything the encoder holds, sent; its references live until then. */
static uint32_t send(Encoder *e, uint32_t kind, uint32_t op, uint32_t target) {
  uint32_t n = sizeof(Head) + (e->nrefs + released_count) * 4 + e->used;
  uint8_t *message = take(n), *at = message + sizeof(Head);
  *(Head *)message = (Head){0, 0, kind, op, target, e->nrefs, released_count};
  memcpy(at, e->refs, e->nrefs * 4), at += e->nrefs * 4;
  memcpy(at, released, released_count * 4), at += released_count * 4;
  memcpy(at, e->bytes, e->used);
  released_count = 0;
  uint32_t got = ask(message, n);
  free(message);
  encoder_free(e);
  return got;
}

/* What the kernel said: its references and releases are taken in, its values decoded. */
static bool receive(uint32_t length, bool inherits, InHead *head, Values *values) {
  *values = (Values){0};
  if (length < sizeof *head) return false;
  memcpy(head, inbox, sizeof *head);
  uint32_t words = (length - sizeof *head) / 4;
  if (head->nrefs > words || head->nreleased > words - head->nrefs) return false;
  const uint8_t *refs = inbox + sizeof *head, *gone = refs + head->nrefs * 4;
  Decoder d = {.at = gone + head->nreleased * 4, .end = inbox + length, .refs = refs, .nrefs = head->nrefs};
  d.holder = inherits && head->kind == KIND_REPLY && head->op & STATUS_INHERIT;
  uint32_t *ids = head->nreleased ? take(head->nreleased * 4) : NULL; /* releasing runs finalizers; the inbox is read first */
  if (ids) memcpy(ids, gone, head->nreleased * 4);
  mirrors_given = head->kind == KIND_REQUEST && (head->op & 0xff) <= OP_INVOKE;
  bool good = decode_all(&d, values);
  for (uint32_t i = 0; i < head->nreleased; i++) release_export(ids[i]);
  free(ids);
  return good;
}

static void answer_request(Encoder *e, uint32_t *op, InHead *head, Values *values, bool good);

#define LONGEST_STACK 65536

/* An error that came from another guest goes on through the calls of this one: its stack names them, but for the runtime's own. */
static void goes_on(JSValueConst error) {
  if (!JS_IsError(error) || handle_of(error)) return;
  JSValue here = JS_NewObjectClass(ctx, JS_CLASS_ERROR), prepare = ctx->error_prepare_stack;
  if (JS_IsException(here)) return JS_FreeValue(ctx, JS_GetException(ctx));
  ctx->error_prepare_stack = JS_UNDEFINED; /* no code of anybody's runs here */
  build_backtrace(ctx, here, JS_UNDEFINED, NULL, 0, 0, 0);
  ctx->error_prepare_stack = prepare;
  JSValue *kept = &JS_VALUE_GET_OBJ(error)->u.object_data;
  const char *before = JS_IsString(*kept) ? JS_ToCString(ctx, *kept) : NULL, *frames = JS_ToCString(ctx, JS_VALUE_GET_OBJ(here)->u.object_data);
  if (frames && (!before || strlen(before) < LONGEST_STACK)) {
    DynBuf text;
    js_dbuf_init(ctx, &text);
    if (before) dbuf_putstr(&text, before);
    if (text.size && text.buf[text.size - 1] != '\n') dbuf_putc(&text, '\n');
    for (const char *line = frames, *end; (end = strchr(line, '\n')); line = end + 1) {
      const char *own = strstr(line, "valgate:");
      if ((!own || own > end) && strncmp(line, "    at call (native)\n", 21)) dbuf_put(&text, (const uint8_t *)line, end + 1 - line);
    }
    JS_FreeValue(ctx, *kept);
    *kept = JS_NewStringLen(ctx, (const char *)text.buf, text.size);
    dbuf_free(&text);
  }
  JS_FreeCString(ctx, before);
  JS_FreeCString(ctx, frames);
  JS_FreeValue(ctx, here);
}

/* Send a CALL and serve requests until its reply is here. */
static JSValue call_out(uint32_t kind, uint32_t op, uint32_t target, int argc, JSValueConst *argv, uint32_t *status) {
  Encoder e = {.root = "args"};
  int first = kind == KIND_CALL && (op == OP_APPLY || op == OP_CONSTRUCT || op == OP_INVOKE); /* before the arguments stands this, newTarget or a key */
  *status = 0;
  if (decoding) return JS_ThrowTypeError(ctx, "not now");
  for (int i = 0; i < argc; i++) {
    bool global = i < first && op == OP_APPLY && JS_IsObject(argv[i]) && JS_VALUE_GET_PTR(argv[i]) == JS_VALUE_GET_PTR(ctx->global_obj);
    e.root = i >= first ? "args" : op == OP_APPLY ? "this" : "new.target";
    if (!(i < first ? encode(&e, global ? JS_UNDEFINED : argv[i]) : descend(&e, JS_ATOM_NULL, i - first, argv[i]))) continue;
    encoder_free(&e);
    return JS_EXCEPTION;
  }
  if (e.used > max_message) {
    encoder_free(&e);
    too_large();
    return JS_EXCEPTION;
  }
  uint32_t got = send(&e, kind, op, target);
  bool inherits = kind == KIND_CALL && (op == OP_GET || op == OP_HAS || op == OP_PROTOTYPE);
  for (;;) {
    InHead head = {0};
    Values values;
    bool good = receive(got, inherits, &head, &values);
    if (head.kind == KIND_REQUEST) {
      uint32_t result;
      answer_request(&e, &result, &head, &values, good);
      got = send(&e, KIND_RESULT, result, 0);
      continue;
    }
    JSValue value = good && values.count ? JS_DupValue(ctx, values.items[0]) : JS_UNDEFINED;
    values_free(&values);
    *status = head.op;
    if (!good) return JS_ThrowTypeError(ctx, "the other side sent what cannot be read");
    if (!(head.op & STATUS_THREW)) return value;
    goes_on(value);
    return JS_Throw(ctx, value);
  }
}

/* ---- requests ------------------------------------------------------------------------------------ */

static JSValue handlers; /* enter, load, end, pure: the runtime's */
static Encoder outcome;  /* what the evaluation came to, once it is known */
static bool finished;
static int open_requests;
typedef struct { JSValue promise, reason; } Rejection;
static Rejection *rejections;
static uint32_t rejection_count, rejection_room;
static bool attention;

static void run_jobs(void) {
  JSContext *c;
  for (int ran; (ran = JS_ExecutePendingJob(rt, &c));)
    if (ran < 0) JS_FreeValue(ctx, JS_GetException(ctx));
}

static JSValue call_handler(const char *name, int argc, JSValueConst *argv) {
  JSValue function = JS_GetPropertyStr(ctx, handlers, name);
  JSValue result = JS_Call(ctx, function, JS_UNDEFINED, argc, argv);
  JS_FreeValue(ctx, function);
  return result;
}

static JSValue reasons(void) {
  JSValue list = JS_NewArray(ctx);
  for (uint32_t i = 0; i < rejection_count; i++) JS_DefinePropertyValueUint32(ctx, list, i, JS_DupValue(ctx, rejections[i].reason), JS_PROP_C_W_E);
  return list;
}

static JSValue perform(InHead *head, int argc, JSValueConst *argv, uint32_t *status) {
  JSValue list, result;
  switch (head->op & 0xff) {
  case OP_ENTER: return call_handler("enter", argc, argv);
  case OP_LOAD: return call_handler("load", argc, argv);
  case OP_PURE: return call_handler("pure", argc, argv);
  case OP_PUMP: run_jobs(); return JS_UNDEFINED;
  case OP_SETTLED: return settle_mirror(head->target, argc > 0 && JS_VALUE_GET_NORM_TAG(argv[0]) == JS_TAG_INT && JS_VALUE_GET_INT(argv[0]), argc > 1 ? argv[1] : JS_UNDEFINED);
  case OP_END:
    list = reasons();
    result = call_handler("end", 1, vc(&list));
    JS_FreeValue(ctx, list);
    return result;
  }
  return serve(head->op & 0xff, head->target, argc, argv, status);
}

static void encode_canned(Encoder *e) { /* when even the error cannot be encoded */
  static const char name[] = "InternalError", text[] = "the error could not be sent";
  encoder_reset(e);
  put_byte(e, TAG_ERROR), put_byte(e, JS_NATIVE_ERROR_COUNT);
  put_byte(e, TAG_STRING), put_word(e, sizeof name - 1), put(e, name, sizeof name - 1);
  put_byte(e, TAG_STRING), put_word(e, sizeof text - 1), put(e, text, sizeof text - 1);
  put_byte(e, TAG_HOLE), put_byte(e, TAG_HOLE), put_byte(e, TAG_HOLE), put_word(e, 0);
}

/* The value, or what it threw, or why that cannot be sent. */
static void encode_result(Encoder *e, JSValue result, uint32_t *status) {
  *e = (Encoder){.root = "value"};
  for (int attempt = 0; attempt < 2; attempt++) {
    if (JS_IsException(result)) {
      result = JS_GetException(ctx);
      *status = STATUS_THREW;
    }
    e->holder = *status & STATUS_INHERIT;
    if (!encode(e, result) && (e->used <= max_message || too_large() > 0)) {
      JS_FreeValue(ctx, result);
      return;
    }
    encoder_reset(e);
    JS_FreeValue(ctx, result);
    result = JS_EXCEPTION;
  }
  JS_FreeValue(ctx, JS_GetException(ctx));
  *status = STATUS_THREW;
  encode_canned(e);
}

static void answer_request(Encoder *e, uint32_t *op, InHead *head, Values *values, bool good) {
  uint32_t status = 0;
  JSStackFrame *below = rt->current_stack_frame;
  rt->current_stack_frame = NULL; /* who asks is no caller in this guest: see goes_on */
  open_requests++;
  JSValue result = good ? perform(head, values->count, vc(values->items), &status) : JS_ThrowTypeError(ctx, "the other side sent what cannot be read");
  values_free(values);
  if (head->op & REQUEST_PUMP) run_jobs();
  open_requests--;
  rt->current_stack_frame = below;
  if (finished && !open_requests) {
    JS_FreeValue(ctx, result);
    *e = outcome;
    outcome = (Encoder){0};
    finished = false;
    status = RESULT_FINISHED;
  } else encode_result(e, result, &status);
  *op = status | (JS_IsJobPending(rt) ? RESULT_JOBS : 0) | (attention || rejection_count ? RESULT_ATTENTION : 0);
}

/* ---- what the runtime's JavaScript may use ------------------------------------------------------- */

/* settled(value) of a promise that went out: data[0] is its export id */
static JSValue settled(JSContext *c, JSValueConst self, int argc, JSValueConst *argv, int status, JSValueConst *data) {
  (void)self, (void)argc;
  uint32_t id, ignored;
  JS_ToUint32(c, &id, data[0]);
  JSValue done = call_out(KIND_SETTLE, status, id, 1, argv, &ignored);
  if (!JS_IsException(done)) return done;
  JSValue why = JS_GetException(c); /* the value does not cross: then that is what the promise came to */
  done = call_out(KIND_SETTLE, STATUS_THREW, id, 1, vc(&why), &ignored);
  JS_FreeValue(c, why);
  return done;
}

static void track_rejection(JSContext *c, JSValueConst promise, JSValueConst reason, bool handled, void *opaque) {
  (void)opaque;
  if (!handled) {
    rejections = grown(rejections, rejection_count, &rejection_room, sizeof *rejections);
    rejections[rejection_count++] = (Rejection){JS_DupValue(c, promise), JS_DupValue(c, reason)};
    return;
  }
  for (uint32_t i = 0; i < rejection_count; i++) {
    if (JS_VALUE_GET_PTR(rejections[i].promise) != JS_VALUE_GET_PTR(promise)) continue;
    Rejection gone = rejections[i];
    memmove(rejections + i, rejections + i + 1, (--rejection_count - i) * sizeof *rejections);
    JS_FreeValue(c, gone.promise);
    JS_FreeValue(c, gone.reason);
    return;
  }
}

/* call(handle, op, ...args): to a capability */
static JSValue js_call(JSContext *c, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self;
  uint32_t handle, op, status;
  if (argc < 2 || JS_ToUint32(c, &handle, argv[0]) || JS_ToUint32(c, &op, argv[1])) return JS_ThrowTypeError(c, "call(handle, op, ...)");
  return call_out(KIND_CALL, op, handle, argc - 2, argv + 2, &status);
}

/* wait(): park until something has happened; throws when nothing can */
static JSValue js_wait(JSContext *c, JSValueConst self, int argc, JSValueConst *argv) {
  (void)c, (void)self, (void)argc, (void)argv;
  uint32_t status;
  run_jobs();
  return call_out(KIND_WAIT, 0, 0, 0, NULL, &status);
}

/* finish(...values): what the evaluation came to */
static JSValue js_finish(JSContext *c, JSValueConst self, int argc, JSValueConst *argv) {
  (void)c, (void)self;
  Encoder e = {.root = "value", .copy_only = true, .unbounded = true}; /* an answer to the world is not a message between guests */
  int bad = 0;
  for (int i = 0; i < argc && !bad; i++) bad = encode(&e, argv[i]);
  if (bad) {
    encoder_free(&e);
    return JS_EXCEPTION;
  }
  encoder_free(&outcome);
  outcome = e;
  finished = true;
  return JS_UNDEFINED;
}

/* evaluate(code, name): the first line of code is line 0, so that a val's own first line is its line 1 */
static JSValue js_evaluate(JSContext *c, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self;
  if (argc < 2) return JS_ThrowTypeError(c, "evaluate(code, name)");
  size_t n;
  const char *code = JS_ToCStringLen(c, &n, argv[0]), *name = JS_ToCString(c, argv[1]);
  JSValue result = code && name ? JS_EvalInternal(c, c->global_obj, code, n, name, 0, JS_EVAL_TYPE_GLOBAL, -1) : JS_EXCEPTION;
  if (JS_IsObject(result) && js_class_has_bytecode(JS_VALUE_GET_OBJ(result)->class_id))
    JS_VALUE_GET_OBJ(result)->u.func.function_bytecode->backtrace_barrier = true; /* stacks end at the val's own top level */
  JS_FreeCString(c, code);
  JS_FreeCString(c, name);
  return result;
}

/* pack(value, what): a copy as bytes, for what is stored; DataCloneError names the path below `what` */
static JSValue js_pack(JSContext *c, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self;
  const char *root = argc > 1 ? JS_ToCString(c, argv[1]) : NULL;
  Encoder e = {.root = root ? root : "value", .copy_only = true};
  int bad = encode(&e, argc ? argv[0] : JS_UNDEFINED);
  if (!bad && e.used > max_message) bad = too_large();
  JSValue bytes = bad ? JS_EXCEPTION : JS_NewArrayBufferCopy(c, e.bytes, e.used);
  encoder_free(&e);
  JS_FreeCString(c, root);
  return bytes;
}

/* unpack(bytes): the value again */
static JSValue js_unpack(JSContext *c, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self;
  size_t n = 0;
  const uint8_t *bytes = argc ? JS_GetArrayBuffer(c, &n, argv[0]) : NULL;
  Decoder d = {.at = bytes, .end = bytes + n, .copy_only = true};
  Values values;
  if (!bytes || !decode_all(&d, &values) || values.count != 1) return JS_ThrowTypeError(c, "these bytes are no value");
  JSValue value = JS_DupValue(c, values.items[0]);
  values_free(&values);
  return value;
}

/* attend(flag): whether this guest has something to do at the end */
static JSValue js_attend(JSContext *c, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self;
  attention = argc && JS_ToBool(c, argv[0]);
  return JS_UNDEFINED;
}

/* promise state: "pending", "fulfilled", "rejected", or undefined for anything else; then its result */
static JSValue js_state(JSContext *c, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self;
  if (!argc || !JS_IsPromise(argv[0])) return JS_UNDEFINED;
  static const char *const STATES[] = {"pending", "fulfilled", "rejected"};
  return JS_NewString(c, STATES[JS_PromiseState(c, argv[0])]);
}

static JSValue js_result(JSContext *c, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self;
  if (!argc || !JS_IsPromise(argv[0])) return JS_UNDEFINED;
  track_rejection(c, argv[0], JS_UNDEFINED, true, NULL);
  JSPromiseData *data = JS_VALUE_GET_OBJ(argv[0])->u.promise_data;
  data->is_handled = true;
  return JS_PromiseResult(c, argv[0]);
}

/* Whether a promise stands in a value, below plain arrays and objects; runs no code of the val's. */
static bool holds_promise(JSValueConst value, Table *seen) {
  if (!JS_IsObject(value)) return false;
  JSObject *object = JS_VALUE_GET_OBJ(value);
  if (object->class_id == JS_CLASS_PROMISE) return true;
  bool array = object->class_id == JS_CLASS_ARRAY;
  bool plain = object->class_id == JS_CLASS_OBJECT && (!object->shape->proto || has_prototype(value, ctx->class_proto[JS_CLASS_OBJECT]));
  if ((!array && !plain) || table_find(seen, (uintptr_t)object) || js_check_stack_overflow(rt, 256)) return false;
  table_put(seen, (uintptr_t)object, 1);
  for (uint32_t i = 0; array && object->fast_array && i < object->u.array.count; i++)
    if (holds_promise(object->u.array.u.values[i], seen)) return true;
  JSShapeProperty *names = get_shape_prop(object->shape);
  for (int i = 0; i < object->shape->prop_count; i++)
    if (names[i].atom != JS_ATOM_NULL && (names[i].flags & JS_PROP_TMASK) == JS_PROP_NORMAL && holds_promise(object->prop[i].u.value, seen)) return true;
  return false;
}

/* promises(value): whether there is something to wait for in it */
static JSValue js_promises(JSContext *c, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self;
  Table seen = {0};
  bool found = argc && holds_promise(argv[0], &seen);
  free(seen.slots);
  return JS_NewBool(c, found);
}

/* foreign(value): whether it is a stand-in for another guest's object */
static JSValue js_foreign(JSContext *c, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self;
  return JS_NewBool(c, argc && JS_IsObject(argv[0]) && handle_of(argv[0]));
}

/* native(...constructors): classes of the runtime's that feel like the receiver's own */
static JSValue js_native(JSContext *c, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self;
  for (int i = 0; i < argc; i++)
    if (!note_native(argv[i])) return JS_ThrowTypeError(c, "native(...constructors)");
  return JS_UNDEFINED;
}

/* inside(...samples): instances whose own keys nobody else sees on any of the runtime's classes */
static JSValue js_inside(JSContext *c, JSValueConst self, int argc, JSValueConst *argv) {
  (void)c, (void)self;
  for (int i = 0; i < argc; i++) note_inside(argv[i]);
  return JS_UNDEFINED;
}

/* platform(kind, constructor, dehydrate, hydrate, cloneable): a class of the runtime's whose instances cross by copy */
static JSValue js_platform(JSContext *c, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self;
  uint32_t kind;
  if (argc < 4 || JS_ToUint32(c, &kind, argv[0]) || kind >= MOST_PLATFORMS || JS_IsObject(platforms[kind].prototype) || !note_native(argv[1]))
    return JS_ThrowTypeError(c, "platform(kind, constructor, dehydrate, hydrate)");
  platforms[kind] = (Platform){JS_GetProperty(c, argv[1], JS_ATOM_prototype), JS_DupValue(c, argv[2]), JS_DupValue(c, argv[3]), argc > 4 && JS_ToBool(c, argv[4])};
  return JS_UNDEFINED;
}

/* Detach what is transferred, or say why not: each an ArrayBuffer, once, and still whole. */
static bool detach_all(JSValueConst list, int64_t n, bool now) {
  for (int64_t i = 0; i < n; i++) {
    JSValue buffer = JS_GetPropertyInt64(ctx, list, i);
    bool good = JS_IsObject(buffer) && JS_VALUE_GET_OBJ(buffer)->class_id == JS_CLASS_ARRAY_BUFFER && !JS_VALUE_GET_OBJ(buffer)->u.array_buffer->detached;
    for (int64_t j = 0; j < i && good && !now; j++) {
      JSValue other = JS_GetPropertyInt64(ctx, list, j);
      good = JS_VALUE_GET_PTR(other) != JS_VALUE_GET_PTR(buffer);
      JS_FreeValue(ctx, other);
    }
    if (good && now) JS_DetachArrayBuffer(ctx, buffer);
    JS_FreeValue(ctx, buffer);
    if (!good) return throw_clone_error("only an ArrayBuffer that is whole is transferred, and once"), false;
  }
  return true;
}

/* clone(value, transfer): structuredClone; `transfer` is an array of ArrayBuffers or undefined */
static JSValue js_clone(JSContext *c, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self;
  Encoder e = {.root = "value", .copy_only = true, .clone = true, .unbounded = true};
  Decoder d = {.copy_only = true, .unbounded = true};
  Values values = {0};
  JSValue result = JS_EXCEPTION;
  int64_t n = 0;
  if (argc > 1 && JS_IsObject(argv[1]) && JS_GetLength(c, argv[1], &n)) return JS_EXCEPTION;
  if (detach_all(argv[1], n, false) && !encode(&e, argc ? argv[0] : JS_UNDEFINED) && detach_all(argv[1], n, true)) {
    d.at = e.bytes, d.end = e.bytes + e.used;
    result = decode_all(&d, &values) ? JS_DupValue(c, values.items[0]) : JS_ThrowRangeError(c, "Maximum call stack size exceeded");
  }
  values_free(&values);
  encoder_free(&e);
  return result;
}

static const struct { const char *name; JSCFunction *function; int length; } GLUE[] = {
  {"call", js_call, 2}, {"wait", js_wait, 0}, {"finish", js_finish, 1}, {"evaluate", js_evaluate, 2}, {"pack", js_pack, 2}, {"unpack", js_unpack, 1},
  {"attend", js_attend, 1}, {"state", js_state, 1}, {"result", js_result, 1}, {"foreign", js_foreign, 1}, {"promises", js_promises, 1},
  {"native", js_native, 0}, {"inside", js_inside, 0}, {"platform", js_platform, 4}, {"clone", js_clone, 2},
  {"encodeText", js_encode_text, 1}, {"decodeText", js_decode_text, 2}, {"fill", js_fill, 1}, {"now", js_now, 0}};

/* ---- the image builder's side ---------------------------------------------------------------------- */

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

EXPORT("boot") void guest_boot(uint32_t stack) {
  rt = JS_NewRuntime2(&ENGINE_MEMORY, NULL);
  JS_SetMaxStackSize(rt, stack);
  ctx = JS_NewContext(rt);
  ctx->hash_seed = 0; /* it is mixed in after the hash, so it parts no two keys that collide: docs/decisions/0015 */
  JS_SetHostPromiseRejectionTracker(rt, track_rejection, NULL);
  hide_functions_of_stacks();
  widen_is_error();
  remote_boot();
  guest_buffer(4096);
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

/* What booted lives as long as the guest: the collector need not walk it, which would touch every page of the image. Each object is
   held once more, so that no count of it falls to zero, and stands in a list of its own, from which it may still be taken. Not
   shapes: who changes an object asks whether its shape is its own, and one whose count falls to zero stays where it is. */
static struct list_head immortal;

static void keep_for_good(void) {
  struct list_head *at;
  init_list_head(&immortal);
  if (list_empty(&rt->gc_obj_list)) return;
  list_for_each(at, &rt->gc_obj_list) {
    JSGCObjectHeader *header = list_entry(at, JSGCObjectHeader, link);
    if (JS_GC_TYPE(header) != JS_GC_OBJ_TYPE_SHAPE) JS_REF_COUNT(header)++;
    if (JS_GC_TYPE(header) == JS_GC_OBJ_TYPE_JS_OBJECT) note_booted((uintptr_t)header);
  }
  qsort(booted, booted_count, sizeof *booted, by_address);
  immortal = rt->gc_obj_list;
  immortal.next->prev = immortal.prev->next = &immortal;
  init_list_head(&rt->gc_obj_list);
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

/* The engine takes small blocks from arenas of one size each. A short life would touch a page of every size, wherever the boot left
   some room: instead all sizes begin in one place, a few blocks of each, and what the boot left is never used again.
   Each arena counts one block more than there is, so that it is never empty and never given back. */
#define FIRST_BLOCKS(size) ((size) <= 128 ? 1024 / (size) : 2)
static struct list_head retired[JS_ARENA_BLOCK_SIZE_COUNT];

static JSArena *small_arena(uint8_t *at, int index) {
  uint32_t size = arena_block_sizes[index], count = FIRST_BLOCKS(size);
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
  uint32_t total = 0;
  for (int i = 0; i < JS_ARENA_BLOCK_SIZE_COUNT; i++) total += sizeof(JSArena) + FIRST_BLOCKS(arena_block_sizes[i]) * arena_block_sizes[i];
  uint8_t *at = must(aligned_alloc(4096, (total + 4095) & ~4095u), total);
  for (int i = 0; i < JS_ARENA_BLOCK_SIZE_COUNT; i++) {
    struct list_head *rooms = &rt->arena_state.free_arena_list[i];
    init_list_head(&retired[i]);
    if (!list_empty(rooms)) {
      retired[i] = *rooms;
      retired[i].next->prev = retired[i].prev->next = &retired[i];
    }
    init_list_head(rooms);
    JSArena *arena = small_arena(at, i);
    list_add(&arena->link, &rt->arena_state.arena_list[i]);
    list_add(&arena->free_link, rooms);
    at += sizeof(JSArena) + FIRST_BLOCKS(arena_block_sizes[i]) * arena_block_sizes[i];
  }
}

#define GC_ROOM (4u << 20)

/* load(length): run the runtime's script, a function (glue, global) => handlers, from the buffer */
EXPORT("load") int guest_load(uint32_t length) {
  char *source = (char *)inbox; /* the builder has left room for this byte; a copy would be megabytes of every guest's memory */
  source[length] = 0;
  inbox = NULL, inbox_size = 0;
  guest_buffer(4096);
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
  handlers = JS_Call(ctx, function, JS_UNDEFINED, 2, args);
  JS_FreeValue(ctx, function);
  JS_FreeValue(ctx, glue);
  JS_FreeValue(ctx, global);
  if (JS_IsException(handlers)) return report(handlers);
  run_jobs();
  JS_RunGC(rt);
  JS_SetGCThreshold(rt, rt->malloc_state.malloc_size + GC_ROOM); /* a short life never collects the image's own objects */
  keep_for_good();
  begin_in_one_place();
  ctx->random_state = 0; /* given at birth */
  return JS_IsJobPending(rt) ? report(JS_ThrowInternalError(ctx, "the image holds a pending job")) : 0;
}

/* ---- a life ------------------------------------------------------------------------------------------ */

static __attribute__((noinline, noreturn)) void live(uint32_t stack, uint32_t depth, uint32_t message) {
  max_depth = depth;
  max_message = message;
  JS_SetMaxStackSize(rt, stack);
  JS_UpdateStackTop(rt);
  ctx->random_state = (uint64_t)kernel_random() | 1;
  Encoder e = {0};
  uint32_t got = send(&e, KIND_READY, 0, 0);
  for (;;) {
    InHead head = {0};
    Values values;
    uint32_t op;
    bool good = receive(got, false, &head, &values);
    if (!good && !head.kind) __builtin_trap();
    answer_request(&e, &op, &head, &values, good);
    got = send(&e, KIND_RESULT, op, 0);
  }
}

#define STACK_MARGIN (128u << 10) /* for what does not measure: see C_STACK in build.py */

/* A stack that does not fit in front of the heap is taken from the heap: the compiler nests deeper than any val may. */
EXPORT("main") void guest_main(uint32_t stack, uint32_t depth, uint32_t message) {
#ifdef __wasm__ /* elsewhere (tests/fuzz) stacks are the system's */
  if (stack > (uintptr_t)__builtin_frame_address(0) - STACK_MARGIN) {
    uintptr_t top = ((uintptr_t)take(stack + STACK_MARGIN) + stack + STACK_MARGIN) & ~(uintptr_t)15;
    __asm__ volatile("local.get %0\n\tglobal.set __stack_pointer" : : "r"(top) : "memory");
  }
#endif
  live(stack, depth, message);
}

/* What the kernel asks of a guest, and the answer: a value, what was thrown, or what the evaluation came to. */

enum { ENTER, LOAD, PURE, PREPARE, END, HANDLERS };
static const char *const HANDLER_NAMES[HANDLERS] = {"enter", "load", "pure", "prepare", "end"};
static JSValue handlers[HANDLERS]; /* the runtime's */
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

static JSValue call_handler(int which, int argc, JSValueConst *argv) { return JS_Call(ctx, handlers[which], JS_UNDEFINED, argc, argv); }

static JSValue reasons(void) {
  JSValue list = JS_NewArray(ctx);
  for (uint32_t i = 0; i < rejection_count; i++) JS_DefinePropertyValueUint32(ctx, list, i, JS_DupValue(ctx, rejections[i].reason), JS_PROP_C_W_E);
  return list;
}

static bool seal(void); /* image.c */

/* What everybody shares in a guest, in one number: the properties of the global object and of what is JavaScript's and the runtime's own. */
static uint64_t shared(void) {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < intrinsic_count; i++) {
    JSObject *object = JS_VALUE_GET_OBJ(intrinsics[i].value);
    sum = (sum ^ (uintptr_t)object->shape) * 0x9E3779B97F4A7C15u;
    for (int j = 0; j < object->shape->prop_count; j++) {
      uint64_t word[sizeof(JSProperty) / 8];
      memcpy(word, &object->prop[j], sizeof word);
      for (uint32_t k = 0; k < countof(word); k++) sum = (sum ^ word[k]) * 0x9E3779B97F4A7C15u, sum ^= sum >> 29;
    }
  }
  return sum;
}

/* Load code for an image; answers whether its top level left what is shared as it was. */
static JSValue prepare(int argc, JSValueConst *argv) {
  uint64_t before = shared();
  JSValue result = call_handler(PREPARE, argc, argv);
  if (JS_IsException(result)) return result;
  JS_FreeValue(ctx, result);
  return JS_NewBool(ctx, shared() == before);
}

static JSValue perform(InHead *head, int argc, JSValueConst *argv, uint32_t *status) {
  JSValue list, result;
  switch (head->op & 0xff) {
  case OP_ENTER: return call_handler(ENTER, argc, argv);
  case OP_LOAD: return call_handler(LOAD, argc, argv);
  case OP_PURE: return call_handler(PURE, argc, argv);
  case OP_PUMP: run_jobs(); return JS_UNDEFINED;
  case OP_PREPARE: return prepare(argc, argv);
  case OP_SEAL: return JS_NewBool(ctx, seal());
  case OP_SETTLED: return settle_mirror(head->target, argc > 0 && JS_VALUE_GET_NORM_TAG(argv[0]) == JS_TAG_INT && JS_VALUE_GET_INT(argv[0]), argc > 1 ? argv[1] : JS_UNDEFINED);
  case OP_END:
    list = reasons();
    result = call_handler(END, 1, vc(&list));
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

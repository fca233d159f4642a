/* One way out: a message is sent, and requests are served until its answer is here. */

static uint8_t *inbox;
static uint32_t inbox_size;
static bool spoke; /* whether this life has said anything yet */

/* Send and receive, whatever the size of the answer; returns its length. */
static uint32_t ask(uint8_t *message, uint32_t length) {
  Head *head = (Head *)message;
  head->inbox = (uint32_t)(uintptr_t)inbox;
  head->capacity = inbox_size;
  spoke = true;
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

/* Head, refs, released, payload: everything the encoder holds. */
static uint8_t *written(Encoder *e, uint32_t kind, uint32_t op, uint32_t target, uint32_t *length) {
  *length = sizeof(Head) + (e->nrefs + released_count) * 4 + e->used;
  uint8_t *message = take(*length), *at = message + sizeof(Head);
  *(Head *)message = (Head){0, 0, kind, op, target, e->nrefs, released_count};
  memcpy(at, e->refs, e->nrefs * 4), at += e->nrefs * 4;
  memcpy(at, released, released_count * 4), at += released_count * 4;
  memcpy(at, e->bytes, e->used);
  released_count = 0;
  return message;
}

/* Written and sent; the encoder's references live until then. */
static uint32_t send(Encoder *e, uint32_t kind, uint32_t op, uint32_t target) {
  uint32_t n;
  uint8_t *message = written(e, kind, op, target, &n);
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

static bool more; /* whether the last reply had more than one value: what was asked for is code, and this is what it came to */

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
    if (!got) __builtin_trap(); /* the end, which the kernel says only to who stands in no call */
    bool good = receive(got, inherits, &head, &values);
    if (head.kind == KIND_REQUEST) {
      uint32_t result;
      answer_request(&e, &result, &head, &values, good);
      got = send(&e, KIND_RESULT, result, 0);
      continue;
    }
    JSValue value = good && values.count ? JS_DupValue(ctx, values.items[0]) : JS_UNDEFINED;
    more = values.count > 1;
    values_free(&values);
    *status = head.op;
    if (!good) return JS_ThrowTypeError(ctx, "the other side sent what cannot be read");
    if (!(head.op & STATUS_THREW)) return value;
    goes_on(value);
    return JS_Throw(ctx, value);
  }
}

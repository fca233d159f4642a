/* What the runtime's JavaScript may use, as members of one object that no val ever sees. */

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

/* find(names, word): which of the names, between spaces, the word is, from 1; 0 if none */
static JSValue js_find(JSContext *c, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self;
  const char *names = argc > 1 ? JS_ToCString(c, argv[0]) : NULL, *word = names ? JS_ToCString(c, argv[1]) : NULL;
  int32_t place = 0, found = 0;
  size_t n = word ? strlen(word) : 0;
  for (const char *at = word ? names : NULL; at && !found; at = strchr(at, ' '), at += at != NULL) {
    place++;
    if (!strncmp(at, word, n) && (!at[n] || at[n] == ' ')) found = place;
  }
  JS_FreeCString(c, names);
  JS_FreeCString(c, word);
  return word ? JS_NewInt32(c, found) : JS_EXCEPTION;
}

/* more(): whether what the last call answered is what code came to */
static JSValue js_more(JSContext *c, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc, (void)argv;
  return JS_NewBool(c, more);
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

typedef struct { Table seen; JSObject **left; uint32_t count, room; } Search;

static void look_into(Search *search, JSValueConst value) {
  uintptr_t key = JS_IsObject(value) ? (uintptr_t)JS_VALUE_GET_PTR(value) : 0;
  if (!key || table_find(&search->seen, key)) return;
  table_put(&search->seen, key, 1);
  search->left = grown(search->left, search->count, &search->room, sizeof *search->left);
  search->left[search->count++] = (JSObject *)key;
}

/* Whether a promise stands in a value, below plain arrays and objects, however deep: it runs no code of the val's and needs no stack. */
static bool holds_promise(JSValueConst value) {
  Search search = {0};
  bool found = false;
  look_into(&search, value);
  while (search.count && !found) {
    JSObject *object = search.left[--search.count];
    found = object->class_id == JS_CLASS_PROMISE;
    bool array = object->class_id == JS_CLASS_ARRAY;
    bool plain = object->class_id == JS_CLASS_OBJECT && (!object->shape->proto || has_prototype(JS_MKPTR(JS_TAG_OBJECT, object), ctx->class_proto[JS_CLASS_OBJECT]));
    if (!array && !plain) continue;
    for (uint32_t i = 0; array && object->fast_array && i < object->u.array.count; i++) look_into(&search, object->u.array.u.values[i]);
    JSShapeProperty *names = get_shape_prop(object->shape);
    for (int i = 0; i < object->shape->prop_count; i++)
      if (names[i].atom != JS_ATOM_NULL && (names[i].flags & JS_PROP_TMASK) == JS_PROP_NORMAL) look_into(&search, object->prop[i].u.value);
  }
  free(search.left);
  free(search.seen.slots);
  return found;
}

/* promises(value): whether there is something to wait for in it */
static JSValue js_promises(JSContext *c, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self;
  return JS_NewBool(c, argc && holds_promise(argv[0]));
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
  {"call", js_call, 2}, {"find", js_find, 2}, {"more", js_more, 0}, {"wait", js_wait, 0}, {"finish", js_finish, 1}, {"evaluate", js_evaluate, 2}, {"pack", js_pack, 2}, {"unpack", js_unpack, 1},
  {"attend", js_attend, 1}, {"state", js_state, 1}, {"result", js_result, 1}, {"foreign", js_foreign, 1}, {"promises", js_promises, 1},
  {"native", js_native, 0}, {"inside", js_inside, 0}, {"platform", js_platform, 4}, {"clone", js_clone, 2},
  {"encodeText", js_encode_text, 1}, {"decodeText", js_decode_text, 2}, {"fill", js_fill, 1}, {"now", js_now, 0}};

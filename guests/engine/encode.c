/* Values to bytes. Runs the sender's own getters and proxies, once each, in the sender's guest. */

typedef struct { JSAtom key; int64_t index; } Step; /* index >= 0: an element; STATE: inside an object of the runtime's */
enum { STATE = -2 };

typedef struct {
  uint8_t *bytes;
  uint32_t used, room;
  uint32_t *refs;
  uint32_t nrefs, refs_room;
  JSValue *kept; /* alive until the message is out, or their release would overtake it */
  uint32_t nkept, kept_room;
  Table seen;
  uint32_t nseen;
  Table named; /* what is in refs already -> its place there */
  bool copy_only; /* no references: for what is stored */
  bool clone;     /* structuredClone's rules: instances as plain objects, no symbol keys, no properties of errors */
  bool unbounded; /* it goes to no other guest: no limit of size or depth but memory and the stack */
  bool holder;    /* the value itself may be a prototype of JavaScript's own: somebody asked what an object inherits */
  const char *root;
  Step *path;
  uint32_t depth, path_room;
} Encoder;

static uint32_t max_depth = 256, max_message = 1 << 20;

static uint32_t most_bytes(const Encoder *e) { return e->unbounded ? UINT32_MAX >> 2 : max_message; }
static uint32_t most_levels(const Encoder *e) { return e->unbounded ? INT32_MAX : max_depth; }

static void encoder_reset(Encoder *e) {
  for (uint32_t i = 0; i < e->nkept; i++) JS_FreeValue(ctx, e->kept[i]);
  for (uint32_t i = 0; i < e->depth; i++) JS_FreeAtom(ctx, e->path[i].key);
  free(e->seen.slots), free(e->named.slots);
  e->seen = e->named = (Table){0};
  e->used = e->nrefs = e->nkept = e->nseen = e->depth = 0;
}

static void encoder_free(Encoder *e) {
  encoder_reset(e);
  free(e->bytes), free(e->refs), free(e->kept), free(e->path);
  *e = (Encoder){0};
}

static JSValue throw_named(const char *name, const char *message) {
  JSValue error = JS_NewError(ctx);
  JS_DefinePropertyValueStr(ctx, error, "name", JS_NewString(ctx, name), JS_PROP_WRITABLE | JS_PROP_CONFIGURABLE);
  JS_DefinePropertyValueStr(ctx, error, "message", JS_NewString(ctx, message), JS_PROP_WRITABLE | JS_PROP_CONFIGURABLE);
  return JS_Throw(ctx, error);
}

static JSValue throw_clone_error(const char *message) {
  JSValue words[2] = {JS_NewString(ctx, message), JS_NewString(ctx, "DataCloneError")};
  JSValue error = js_domexception_constructor0(ctx, JS_UNDEFINED, 2, vc(words), 0);
  JS_FreeValue(ctx, words[0]);
  JS_FreeValue(ctx, words[1]);
  return JS_IsException(error) ? error : JS_Throw(ctx, error);
}

static void put(Encoder *e, const void *bytes, uint32_t n) {
  if (e->used + n > e->room) {
    e->room = (e->used + n) * 2 + 256;
    e->bytes = retake(e->bytes, e->room);
  }
  memcpy(e->bytes + e->used, bytes, n);
  e->used += n;
}
static void put_byte(Encoder *e, uint8_t x) { put(e, &x, 1); }
static void put_word(Encoder *e, uint32_t x) { put(e, &x, 4); }
static void put_float(Encoder *e, double x) { put(e, &x, 8); }

static int too_large(void) {
  char text[96];
  snprintf(text, sizeof text, "a message of more than %u bytes does not cross; send less at a time", (unsigned)max_message);
  throw_named("LimitError", text);
  return -1;
}

static int put_bytes(Encoder *e, const void *bytes, size_t n) {
  if (n > most_bytes(e)) return too_large();
  put_word(e, n);
  put(e, bytes, n);
  return 0;
}

static int put_string(Encoder *e, JSValueConst value) {
  size_t n;
  const char *text = JS_ToCStringLen(ctx, &n, value);
  if (!text) return -1;
  int bad = put_bytes(e, text, n);
  JS_FreeCString(ctx, text);
  return bad;
}

/* DataCloneError that names the path: args[0].items[3] */
static int refuse(Encoder *e, const char *what) {
  DynBuf text;
  js_dbuf_init(ctx, &text);
  dbuf_printf(&text, "%s cannot be sent: %s", what, e->root);
  for (uint32_t i = 0; i < e->depth; i++) {
    if (e->path[i].index >= 0) {
      dbuf_printf(&text, "[%lld]", (long long)e->path[i].index);
      continue;
    }
    if (e->path[i].index == STATE) break; /* its inside has names that nobody outside knows */
    const char *key = JS_AtomToCString(ctx, e->path[i].key);
    dbuf_printf(&text, ".%s", key ? key : "?");
    JS_FreeCString(ctx, key);
  }
  dbuf_putc(&text, 0);
  throw_clone_error(text.error ? what : (char *)text.buf);
  dbuf_free(&text);
  return -1;
}

static int encode(Encoder *e, JSValueConst value);

static int descend(Encoder *e, JSAtom key, int64_t index, JSValueConst value) {
  if (e->depth >= most_levels(e)) {
    char text[96];
    snprintf(text, sizeof text, "a value nested deeper than %u does not cross", (unsigned)max_depth);
    throw_named("LimitError", text);
    return -1;
  }
  if (e->used > most_bytes(e)) return too_large();
  e->path = grown(e->path, e->depth, &e->path_room, sizeof *e->path);
  e->path[e->depth++] = (Step){JS_DupAtom(ctx, key), index};
  int bad = encode(e, value);
  if (!bad) JS_FreeAtom(ctx, e->path[--e->depth].key);
  return bad; /* on failure the path stays, for whoever asks */
}

/* true: a back reference is written */
static bool seen_before(Encoder *e, JSValueConst value) {
  uintptr_t key = (uintptr_t)JS_VALUE_GET_PTR(value);
  Slot *slot = table_find(&e->seen, key);
  if (slot) {
    put_byte(e, TAG_BACK);
    put_word(e, slot->value);
    return true;
  }
  table_put(&e->seen, key, e->nseen++);
  e->kept = grown(e->kept, e->nkept, &e->kept_room, sizeof *e->kept); /* a getter may drop it, and its address be used again */
  e->kept[e->nkept++] = JS_DupValue(ctx, value);
  return false;
}

/* -- symbols and keys -- */

static int put_symbol(Encoder *e, JSAtom atom) {
  if (atom >= JS_ATOM_Symbol_toPrimitive && atom < JS_ATOM_END) {
    put_byte(e, TAG_SYMBOL_KNOWN);
    put_byte(e, atom - JS_ATOM_Symbol_toPrimitive);
    return 0;
  }
  if (ctx->rt->atom_array[atom]->atom_type != JS_ATOM_TYPE_GLOBAL_SYMBOL) return 1;
  JSValue text = JS_AtomToString(ctx, atom);
  put_byte(e, TAG_SYMBOL_FOR);
  int bad = JS_IsException(text) ? -1 : put_string(e, text);
  JS_FreeValue(ctx, text);
  return bad;
}

/* 1: a unique symbol, which no other guest could name */
static int put_key(Encoder *e, JSAtom atom) {
  if (JS_AtomGetKind(ctx, atom) != JS_ATOM_KIND_STRING) return put_symbol(e, atom);
  size_t n;
  const char *text = JS_AtomToCStringLen(ctx, &n, atom);
  if (!text) return -1;
  put_byte(e, TAG_STRING);
  int bad = put_bytes(e, text, n);
  JS_FreeCString(ctx, text);
  return bad;
}

/* -- properties -- */

static int put_property(Encoder *e, JSValueConst object, JSAtom atom, uint32_t *written) {
  if (e->clone && JS_AtomGetKind(ctx, atom) != JS_ATOM_KIND_STRING) return 0;
  int key = put_key(e, atom);
  if (key) return key < 0 ? -1 : 0;
  JSValue value = JS_GetProperty(ctx, object, atom);
  if (JS_IsException(value)) return -1;
  int bad = descend(e, atom, -1, value);
  JS_FreeValue(ctx, value);
  ++*written;
  return bad;
}

static bool is_element(JSAtom atom, uint32_t length) {
  uint32_t index;
  return JS_AtomIsArrayIndex(ctx, &index, atom) && index < length;
}

/* A getter may have taken it away. */
static bool still_there(JSValueConst object, JSAtom atom) {
  JSObject *it = JS_VALUE_GET_OBJ(object);
  return it->is_exotic ? JS_GetOwnProperty(ctx, NULL, object, atom) > 0 : find_own_property1(it, atom) != NULL;
}

/* A count, then (key, value) pairs: own enumerable properties, less the first `elements` indexes. */
static int put_properties(Encoder *e, JSValueConst object, uint32_t elements, bool with_raw) {
  JSPropertyEnum *names;
  uint32_t count, written = 0, at = e->used;
  put_word(e, 0);
  if (JS_GetOwnPropertyNames(ctx, &names, &count, object, JS_GPN_STRING_MASK | JS_GPN_SYMBOL_MASK | JS_GPN_SET_ENUM)) return -1;
  int bad = 0;
  JSAtom raw = JS_NewAtom(ctx, "raw");
  for (uint32_t i = 0; i < count && !bad; i++) {
    bool wanted = names[i].is_enumerable || (with_raw && names[i].atom == raw);
    if (wanted && !still_there(object, names[i].atom)) continue;
    if (wanted && !is_element(names[i].atom, elements)) bad = put_property(e, object, names[i].atom, &written);
  }
  JS_FreeAtom(ctx, raw);
  JS_FreePropertyEnum(ctx, names, count);
  if (!bad) memcpy(e->bytes + at, &written, 4);
  return bad;
}

static int put_element(Encoder *e, JSValueConst array, uint32_t i) {
  JSObject *object = JS_VALUE_GET_OBJ(array);
  if (object->fast_array && i < object->u.array.count) {
    JSValue value = JS_DupValue(ctx, object->u.array.u.values[i]);
    int bad = descend(e, JS_ATOM_NULL, i, value);
    JS_FreeValue(ctx, value);
    return bad;
  }
  JSAtom atom = JS_NewAtomUInt32(ctx, i);
  int there = JS_GetOwnProperty(ctx, NULL, array, atom);
  JSValue value = there > 0 ? JS_GetProperty(ctx, array, atom) : JS_UNDEFINED;
  JS_FreeAtom(ctx, atom);
  int bad = there < 0 || JS_IsException(value) ? -1 : 0;
  if (!bad && there) bad = descend(e, JS_ATOM_NULL, i, value);
  if (!bad && !there) put_byte(e, TAG_HOLE);
  if (e->used > most_bytes(e)) bad = too_large();
  JS_FreeValue(ctx, value);
  return bad;
}

static int put_array(Encoder *e, JSValueConst array) {
  int64_t length;
  if (JS_GetLength(ctx, array, &length)) return -1;
  if (length > most_bytes(e)) return too_large();
  put_byte(e, TAG_ARRAY);
  put_word(e, length);
  for (uint32_t i = 0; i < length; i++)
    if (put_element(e, array, i)) return -1;
  if (JS_VALUE_GET_OBJ(array)->shape->prop_count == 1 && JS_VALUE_GET_OBJ(array)->fast_array) {
    put_word(e, 0);
    return 0;
  }
  return put_properties(e, array, length, true);
}

/* Keys and values first, then their bytes: a getter below may change the collection. */
static int put_collection(Encoder *e, JSValueConst value, bool map) {
  JSMapState *state = JS_VALUE_GET_OBJ(value)->u.map_state;
  uint32_t n = 0, per = map ? 2 : 1;
  JSValue *items = take((state->record_count + 1) * per * sizeof *items);
  struct list_head *at;
  list_for_each(at, &state->records) {
    JSMapRecord *record = list_entry(at, JSMapRecord, link);
    if (record->empty) continue;
    items[n++] = JS_DupValue(ctx, record->key);
    if (map) items[n++] = JS_DupValue(ctx, record->value);
  }
  put_byte(e, map ? TAG_MAP : TAG_SET);
  put_word(e, n / per);
  int bad = 0;
  for (uint32_t i = 0; i < n; i++) {
    if (!bad) bad = descend(e, JS_ATOM_NULL, i / per, items[i]);
    JS_FreeValue(ctx, items[i]);
  }
  free(items);
  return bad;
}

static int put_date(Encoder *e, JSValueConst time) {
  double number = NAN;
  if (JS_IsNumber(time) && JS_ToFloat64(ctx, &number, time)) return -1;
  put_byte(e, TAG_DATE);
  put_float(e, number);
  return 0;
}

static int put_regexp(Encoder *e, JSValueConst value) {
  JSRegExp *expression = &JS_VALUE_GET_OBJ(value)->u.regexp;
  static const struct { int flag; char letter; } LETTERS[] = {
    {LRE_FLAG_INDICES, 'd'}, {LRE_FLAG_GLOBAL, 'g'}, {LRE_FLAG_IGNORECASE, 'i'}, {LRE_FLAG_MULTILINE, 'm'},
    {LRE_FLAG_DOTALL, 's'}, {LRE_FLAG_UNICODE, 'u'}, {LRE_FLAG_UNICODE_SETS, 'v'}, {LRE_FLAG_STICKY, 'y'}};
  int set = lre_get_flags(str8(expression->bytecode));
  char letters[9];
  uint32_t n = 0;
  for (uint32_t i = 0; i < countof(LETTERS); i++)
    if (set & LETTERS[i].flag) letters[n++] = LETTERS[i].letter;
  put_byte(e, TAG_REGEXP);
  JSValue pattern = js_dup(JS_MKPTR(JS_TAG_STRING, expression->pattern));
  int bad = put_string(e, pattern) || put_bytes(e, letters, n);
  JS_FreeValue(ctx, pattern);
  return bad ? -1 : 0;
}

static int put_buffer(Encoder *e, JSValueConst value) {
  size_t n;
  uint8_t *bytes = JS_GetArrayBuffer(ctx, &n, value);
  if (!bytes && n) return -1;
  if (JS_VALUE_GET_OBJ(value)->u.array_buffer->detached) return refuse(e, "a detached ArrayBuffer");
  put_byte(e, TAG_BUFFER);
  return put_bytes(e, bytes, n);
}

static int put_view(Encoder *e, JSValueConst value, int type) {
  JSTypedArray *view = JS_VALUE_GET_OBJ(value)->u.typed_array;
  JSObject *object = JS_VALUE_GET_OBJ(value);
  if (type < 0 ? dataview_is_oob(object) : typed_array_is_oob(object)) return refuse(e, "a view of a detached ArrayBuffer");
  uint32_t bytes = view->track_rab ? view->buffer->u.array_buffer->byte_length - view->offset : view->length;
  put_byte(e, type < 0 ? TAG_DATAVIEW : TAG_TYPED);
  if (type >= 0) put_byte(e, type);
  put_word(e, view->offset);
  put_word(e, type < 0 ? bytes : bytes >> typed_array_size_log2(type + JS_CLASS_UINT8C_ARRAY));
  return descend(e, JS_ATOM_NULL, 0, JS_MKPTR(JS_TAG_OBJECT, view->buffer));
}

/* -- errors: as the nearest built-in, keeping name and properties -- */

static int error_kind(JSValueConst value) {
  JSValue at = JS_DupValue(ctx, value);
  int kind = JS_NATIVE_ERROR_COUNT;
  while (JS_IsObject(at) && JS_VALUE_GET_OBJ(at)->class_id != JS_CLASS_PROXY) {
    for (int i = 0; i < JS_NATIVE_ERROR_COUNT && kind == JS_NATIVE_ERROR_COUNT; i++)
      if (JS_VALUE_GET_PTR(ctx->native_error_proto[i]) == JS_VALUE_GET_PTR(at)) kind = i;
    if (kind < JS_NATIVE_ERROR_COUNT || intrinsic_of(at)) break;
    JSValue next = JS_GetPrototype(ctx, at);
    JS_FreeValue(ctx, at);
    at = next;
  }
  JS_FreeValue(ctx, at);
  return kind;
}

static const char *find_text(const char *at, const char *end, const char *what) {
  size_t n = strlen(what);
  for (; at + n <= end; at++)
    if (!memcmp(at, what, n)) return at;
  return NULL;
}

/* Frames of vals that are private to their owner go out without the names of their functions; their label has no name of its own.
   `    at name (@a (private 3):1:7)` becomes `    at <anonymous> (@a (private 3):1:7)`: the place stays, for the owner alone to read. */
static JSValue without_private_names(JSValueConst stack) {
  static const char AT[] = "    at ", NOBODY[] = "<anonymous>";
  size_t n;
  const char *text = JS_ToCStringLen(ctx, &n, stack);
  if (!text) return JS_EXCEPTION;
  DynBuf kept;
  js_dbuf_init(ctx, &kept);
  for (const char *line = text, *end = text + n; line < end;) {
    const char *stop = memchr(line, '\n', end - line), *next = stop ? stop + 1 : end, *place = NULL;
    if (next - line > (ptrdiff_t)sizeof AT && !memcmp(line, AT, sizeof AT - 1) && find_text(line, next, " (private "))
      for (const char *at = line; (at = find_text(at, next, " (@")); at++) place = at;
    if (place) {
      dbuf_put(&kept, (const uint8_t *)AT, sizeof AT - 1);
      dbuf_put(&kept, (const uint8_t *)NOBODY, sizeof NOBODY - 1);
      line = place;
    }
    dbuf_put(&kept, (const uint8_t *)line, next - line);
    line = next;
  }
  JS_FreeCString(ctx, text);
  JSValue result = dbuf_error(&kept) ? JS_ThrowOutOfMemory(ctx) : JS_NewStringLen(ctx, (const char *)kept.buf, kept.size);
  dbuf_free(&kept);
  return result;
}

/* What an error says of itself is text; saying nothing is not saying "". */
static JSValue message_of(JSValue value, bool own) {
  if (JS_IsException(value) || JS_IsString(value)) {
    if (own || JS_IsException(value) || JS_VALUE_GET_NORM_TAG(value) != JS_TAG_STRING || JS_VALUE_GET_STRING(value)->len) return value;
    JS_FreeValue(ctx, value);
    return JS_UNINITIALIZED;
  }
  JSValue text = JS_ToString(ctx, value);
  JS_FreeValue(ctx, value);
  return text;
}

/* An error's field, or a hole. Own only: not what its prototypes say; and of a clone's message, no getter's either. */
static int put_field(Encoder *e, JSValueConst error, const char *name, bool own_only) {
  bool message = !strcmp(name, "message");
  JSPropertyDescriptor own;
  JSAtom atom = JS_NewAtom(ctx, name);
  int there = JS_GetOwnProperty(ctx, &own, error, atom);
  bool data = there > 0 && !(own.flags & JS_PROP_GETSET), wanted = there > 0 ? data || !(message && e->clone) : !own_only;
  if (there > 0) js_free_desc(ctx, &own);
  JSValue value = there < 0 ? JS_EXCEPTION : wanted ? JS_GetProperty(ctx, error, atom) : JS_UNINITIALIZED;
  if (wanted && message) value = message_of(value, there > 0);
  if (!e->copy_only && !strcmp(name, "stack") && JS_IsString(value)) {
    JSValue told = without_private_names(value);
    JS_FreeValue(ctx, value);
    value = told;
  }
  int bad = JS_IsException(value) ? -1 : 0;
  if (!bad && JS_IsUninitialized(value)) put_byte(e, TAG_HOLE);
  else if (!bad) bad = descend(e, atom, -1, value);
  JS_FreeValue(ctx, value);
  JS_FreeAtom(ctx, atom);
  return bad;
}

enum { ERROR_NAME, ERROR_MESSAGE, ERROR_STACK, ERROR_CAUSE, ERROR_ERRORS };
static const struct { const char *name; bool own_only; } ERROR_FIELDS[] = {{"name", false}, {"message", false}, {"stack", false}, {"cause", true}, {"errors", true}};

/* structuredClone: the kind its name says, its own message, its cause, and nothing else. */
static int put_cloned_error(Encoder *e, JSValueConst error) {
  JSValue name = JS_GetPropertyStr(ctx, error, "name");
  const char *text = JS_IsException(name) ? NULL : JS_ToCString(ctx, name);
  JS_FreeValue(ctx, name);
  if (!text) return -1;
  int kind = 0;
  while (kind < JS_AGGREGATE_ERROR && strcmp(text, native_error_name[kind])) kind++;
  JS_FreeCString(ctx, text);
  put_byte(e, TAG_ERROR);
  put_byte(e, kind < JS_AGGREGATE_ERROR ? kind : JS_NATIVE_ERROR_COUNT);
  put_byte(e, TAG_HOLE);
  if (put_field(e, error, "message", true) || put_field(e, error, "stack", false) || put_field(e, error, "cause", true)) return -1;
  put_byte(e, TAG_HOLE);
  put_word(e, 0);
  return 0;
}

static int put_error(Encoder *e, JSValueConst error) {
  if (e->clone) return put_cloned_error(e, error);
  put_byte(e, TAG_ERROR);
  put_byte(e, error_kind(error));
  for (uint32_t i = 0; i < countof(ERROR_FIELDS); i++)
    if (put_field(e, error, ERROR_FIELDS[i].name, ERROR_FIELDS[i].own_only)) return -1;
  return put_properties(e, error, 0, false);
}

static int put_dom_exception(Encoder *e, JSValueConst error) {
  JSDOMExceptionData *state = JS_GetOpaque(error, JS_CLASS_DOM_EXCEPTION);
  put_byte(e, TAG_DOM_EXCEPTION);
  if (put_string(e, state->name) || put_string(e, state->message) || put_field(e, error, "stack", true)) return -1;
  if (!e->clone) return put_properties(e, error, 0, false);
  put_word(e, 0);
  return 0;
}

/* -- by reference -- */

static void put_ref(Encoder *e, JSValueConst value, uint32_t word) {
  put_byte(e, TAG_REF);
  put_word(e, e->nrefs);
  table_put(&e->named, (uintptr_t)JS_VALUE_GET_PTR(value), e->nrefs);
  e->refs = grown(e->refs, e->nrefs, &e->refs_room, sizeof *e->refs);
  e->refs[e->nrefs++] = word;
}

static void keep(Encoder *e, JSValueConst value) {
  e->kept = grown(e->kept, e->nkept, &e->kept_room, sizeof *e->kept);
  e->kept[e->nkept++] = JS_DupValue(ctx, value);
}

static JSValue settled(JSContext *c, JSValueConst self, int argc, JSValueConst *argv, int status, JSValueConst *data);

static int watch_promise(JSValueConst promise, uint32_t id) {
  JSValue number = JS_NewUint32(ctx, id);
  JSValue on[2] = {JS_NewCFunctionData(ctx, settled, 1, 0, 1, &number), JS_NewCFunctionData(ctx, settled, 1, STATUS_THREW, 1, &number)};
  JSValue after = JS_PromiseThen(ctx, promise, on[0], on[1]);
  JS_FreeValue(ctx, on[0]);
  JS_FreeValue(ctx, on[1]);
  int bad = JS_IsException(after) ? -1 : 0;
  JS_FreeValue(ctx, after);
  return bad;
}

/* Whether structuredClone makes a plain object of it. */
static bool is_plain_inside(JSValueConst value) {
  JSObject *object = JS_VALUE_GET_OBJ(value);
  if (object->class_id != JS_CLASS_OBJECT && object->class_id != JS_CLASS_ARGUMENTS && object->class_id != JS_CLASS_MAPPED_ARGUMENTS) return false;
  return !is_of_native(value); /* a stream, a signal: it has an inside */
}

static int put_reference(Encoder *e, JSValueConst value) {
  if (e->clone && is_plain_inside(value)) {
    if (seen_before(e, value)) return 0;
    put_byte(e, TAG_OBJECT);
    return put_properties(e, value, 0, false);
  }
  if (e->copy_only) return refuse(e, JS_IsFunction(ctx, value) ? "a function" : JS_IsPromise(value) ? "a promise" : "an instance of a class");
  Slot *known = table_find(&e->named, (uintptr_t)JS_VALUE_GET_PTR(value));
  if (known) {
    put_byte(e, TAG_REF);
    put_word(e, known->value);
    return 0;
  }
  if (e->nrefs >= MOST_REFS) {
    throw_named("LimitError", "a message with so many functions and objects does not cross; send fewer at a time");
    return -1;
  }
  keep(e, value);
  uint32_t handle = handle_of(value);
  if (handle && JS_IsPromise(value)) ((JSPromiseData *)JS_GetOpaque(value, JS_CLASS_PROMISE))->is_handled = true; /* sent on: its next holder looks */
  if (handle) {
    put_ref(e, value, handle << 4 | REF_HANDLE);
    return 0;
  }
  bool fresh;
  uint32_t id = export_object(value, &fresh);
  uint32_t flags = (JS_IsFunction(ctx, value) ? REF_CALLABLE : 0) | (JS_IsConstructor(ctx, value) ? REF_CONSTRUCTOR : 0) | (JS_IsPromise(value) ? REF_PROMISE : 0);
  put_ref(e, value, id << 4 | flags);
  return flags & REF_PROMISE && fresh ? watch_promise(value, id) : 0;
}

/* -- which is which -- */

static bool has_prototype(JSValueConst value, JSValueConst expected) {
  JSShape *shape = JS_VALUE_GET_OBJ(value)->shape;
  return shape->proto && shape->proto == JS_VALUE_GET_PTR(expected);
}

static int encode_builtin(Encoder *e, JSValueConst value, int class_id) {
  switch (class_id) {
  case JS_CLASS_ARRAY: return put_array(e, value);
  case JS_CLASS_OBJECT: put_byte(e, TAG_OBJECT); return put_properties(e, value, 0, false);
  case JS_CLASS_MAP: case JS_CLASS_SET: return put_collection(e, value, class_id == JS_CLASS_MAP);
  case JS_CLASS_DATE: return put_date(e, JS_VALUE_GET_OBJ(value)->u.object_data);
  case JS_CLASS_REGEXP: return put_regexp(e, value);
  case JS_CLASS_ARRAY_BUFFER: return put_buffer(e, value);
  case JS_CLASS_DATAVIEW: return put_view(e, value, -1);
  case JS_CLASS_NUMBER: case JS_CLASS_STRING: case JS_CLASS_BOOLEAN: case JS_CLASS_BIG_INT: case JS_CLASS_SYMBOL:
    put_byte(e, TAG_BOXED);
    return descend(e, JS_ATOM_value, -1, JS_VALUE_GET_OBJ(value)->u.object_data);
  }
  return put_view(e, value, class_id - JS_CLASS_UINT8C_ARRAY);
}

/* Of the runtime's classes, by copy: its state follows as any value. What is no real one is not ours: by reference. */
static int put_platform(Encoder *e, JSValueConst value, Platform *platform) {
  if (table_find(&e->seen, (uintptr_t)JS_VALUE_GET_PTR(value))) return seen_before(e, value) ? 0 : -1;
  if (e->clone && !platform->cloneable) return refuse(e, "this object");
  JSValue state = JS_Call(ctx, platform->dehydrate, JS_UNDEFINED, 1, &value);
  if (JS_IsUndefined(state)) return put_reference(e, value);
  if (JS_IsException(state)) {
    JSValue why = JS_GetException(ctx);
    JSDOMExceptionData *said = JS_GetOpaque(why, JS_CLASS_DOM_EXCEPTION);
    const char *text = said ? JS_ToCString(ctx, said->message) : NULL;
    if (text) refuse(e, text), JS_FreeValue(ctx, why);
    else JS_Throw(ctx, why);
    JS_FreeCString(ctx, text);
    return -1;
  }
  seen_before(e, value);
  put_byte(e, TAG_PLATFORM);
  put_byte(e, platform - platforms);
  int bad = descend(e, JS_ATOM_NULL, STATE, state);
  JS_FreeValue(ctx, state);
  return bad;
}

static bool copies(int class_id) {
  switch (class_id) {
  case JS_CLASS_ARRAY: case JS_CLASS_OBJECT: case JS_CLASS_MAP: case JS_CLASS_SET: case JS_CLASS_DATE: case JS_CLASS_REGEXP:
  case JS_CLASS_ARRAY_BUFFER: case JS_CLASS_DATAVIEW: case JS_CLASS_NUMBER: case JS_CLASS_STRING: case JS_CLASS_BOOLEAN:
  case JS_CLASS_BIG_INT: case JS_CLASS_SYMBOL: return true;
  }
  return class_id >= JS_CLASS_UINT8C_ARRAY && class_id <= JS_CLASS_FLOAT64_ARRAY;
}

static int encode_object(Encoder *e, JSValueConst value) {
  JSObject *object = JS_VALUE_GET_OBJ(value);
  Intrinsic *intrinsic = intrinsic_of(value);
  if (intrinsic && !(e->clone && is_plain_inside(value))) {
    if (e->copy_only || !(intrinsic->lent || (intrinsic->root && e->holder && !e->depth))) return refuse(e, "a built-in");
    put_byte(e, TAG_INTRINSIC);
    put_word(e, intrinsic - intrinsics);
    return 0;
  }
  if (object->class_id == JS_CLASS_PROXY || object->class_id == JS_CLASS_PROMISE || JS_IsFunction(ctx, value)) return put_reference(e, value);
  if (table_find(&read_only, (uintptr_t)object)) return put_reference(e, value); /* a class's prototype looks plain, and is not */
  Platform *platform = platform_of(value);
  if (platform) return put_platform(e, value, platform);
  bool error = object->class_id == JS_CLASS_ERROR, exception = object->class_id == JS_CLASS_DOM_EXCEPTION;
  bool bare = object->class_id == JS_CLASS_OBJECT && !object->shape->proto && !e->clone;
  if (e->clone && object->class_id == JS_CLASS_SYMBOL) return refuse(e, "a symbol");
  bool usual = copies(object->class_id) && (has_prototype(value, ctx->class_proto[object->class_id]) || (e->clone && object->class_id != JS_CLASS_OBJECT));
  if (error || exception || bare || usual) {
    if (seen_before(e, value)) return 0;
    if (error) return put_error(e, value);
    if (exception) return put_dom_exception(e, value);
    if (!bare) return encode_builtin(e, value, object->class_id);
    put_byte(e, TAG_NULL_OBJECT);
    return put_properties(e, value, 0, false);
  }
  switch (object->class_id) {
  case JS_CLASS_WEAKMAP: return refuse(e, "a WeakMap");
  case JS_CLASS_WEAKSET: return refuse(e, "a WeakSet");
  case JS_CLASS_WEAK_REF: return refuse(e, "a WeakRef");
  case JS_CLASS_FINALIZATION_REGISTRY: return refuse(e, "a FinalizationRegistry");
  case JS_CLASS_SHARED_ARRAY_BUFFER: return refuse(e, "a SharedArrayBuffer");
  case JS_CLASS_CALL_SITE: return refuse(e, "a call site");
  }
  return put_reference(e, value);
}

static int encode(Encoder *e, JSValueConst value) {
  if (js_check_stack_overflow(rt, 1024)) {
    JS_ThrowRangeError(ctx, "Maximum call stack size exceeded");
    return -1;
  }
  int symbol;
  switch (JS_VALUE_GET_NORM_TAG(value)) {
  case JS_TAG_UNDEFINED: put_byte(e, TAG_UNDEFINED); return 0;
  case JS_TAG_NULL: put_byte(e, TAG_NULL); return 0;
  case JS_TAG_BOOL: put_byte(e, JS_VALUE_GET_BOOL(value) ? TAG_TRUE : TAG_FALSE); return 0;
  case JS_TAG_INT: put_byte(e, TAG_INT); put_word(e, JS_VALUE_GET_INT(value)); return 0;
  case JS_TAG_FLOAT64: put_byte(e, TAG_FLOAT); put_float(e, JS_VALUE_GET_FLOAT64(value)); return 0;
  case JS_TAG_STRING: case JS_TAG_STRING_ROPE: put_byte(e, TAG_STRING); return put_string(e, value);
  case JS_TAG_BIG_INT: case JS_TAG_SHORT_BIG_INT: put_byte(e, TAG_BIGINT); return put_string(e, value);
  case JS_TAG_SYMBOL:
    symbol = put_symbol(e, js_symbol_to_atom(ctx, value));
    return symbol > 0 || e->clone ? refuse(e, symbol > 0 ? "a unique symbol" : "a symbol") : symbol;
  case JS_TAG_OBJECT: return encode_object(e, value);
  }
  return refuse(e, "this");
}

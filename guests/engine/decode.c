/* Bytes to values. This runs in the guest that holds its owner's rights, on bytes from anybody: total, every read checked,
   no constructor, setter or prototype of the receiver's is run, and what is not exactly what encode.c writes is refused. */

typedef struct {
  const uint8_t *at, *end;
  const uint8_t *refs; /* words, perhaps unaligned */
  uint32_t nrefs;
  JSValue *seen; /* owned: a duplicate key frees a value that a back reference may name */
  uint32_t nseen, seen_room;
  uint32_t depth;
  bool copy_only; /* what was stored: no references, nothing of the engine's */
  bool unbounded; /* what encode wrote here a moment ago, for nobody else */
  bool holder;    /* an answer to what an object inherits: the value itself may be a prototype of JavaScript's own */
  bool bad;
} Decoder;

static JSValue decode_fail(Decoder *d) {
  d->bad = true;
  return JS_UNDEFINED;
}

static const uint8_t *read_raw(Decoder *d, uint32_t n) {
  if ((size_t)(d->end - d->at) < n) {
    d->bad = true;
    return NULL;
  }
  const uint8_t *bytes = d->at;
  d->at += n;
  return bytes;
}

static uint8_t read_byte(Decoder *d) {
  const uint8_t *bytes = read_raw(d, 1);
  return bytes ? *bytes : 0xff;
}

static uint32_t read_word(Decoder *d) {
  uint32_t word = 0;
  const uint8_t *bytes = read_raw(d, 4);
  if (bytes) memcpy(&word, bytes, 4);
  return word;
}

static double read_float(Decoder *d) {
  double number = 0;
  const uint8_t *bytes = read_raw(d, 8);
  if (bytes) memcpy(&number, bytes, 8);
  return number;
}

/* A count of things that take at least one byte each. */
static uint32_t read_count(Decoder *d) {
  uint32_t n = read_word(d);
  if (n > (size_t)(d->end - d->at)) d->bad = true;
  return d->bad ? 0 : n;
}

static JSValue read_string(Decoder *d) {
  uint32_t n = read_word(d);
  const uint8_t *text = read_raw(d, n);
  return d->bad ? JS_UNDEFINED : JS_NewStringLen(ctx, (const char *)text, n);
}

static uint32_t note(Decoder *d, JSValueConst value) {
  d->seen = grown(d->seen, d->nseen, &d->seen_room, sizeof *d->seen);
  d->seen[d->nseen] = JS_DupValue(ctx, value);
  return d->nseen++;
}

static JSValue decode_kind(Decoder *d, uint8_t tag);
static JSValue make_remote(uint32_t handle, uint32_t flags);

/* An exception must never enter the heap as a value. */
static JSValue no_exception(Decoder *d, JSValue value) {
  if (!JS_IsException(value)) return value;
  JS_FreeValue(ctx, JS_GetException(ctx));
  return decode_fail(d);
}

static JSValue decode_tag(Decoder *d, uint8_t tag) {
  if (d->bad || (d->depth > max_depth && !d->unbounded) || js_check_stack_overflow(rt, 1024)) return decode_fail(d);
  d->depth++;
  JSValue value = no_exception(d, decode_kind(d, tag));
  d->depth--;
  return value;
}

static JSValue decode(Decoder *d) { return decode_tag(d, read_byte(d)); }

static JSAtom decode_key(Decoder *d) {
  uint8_t tag = read_byte(d);
  if (tag != TAG_STRING && tag != TAG_SYMBOL_FOR && tag != TAG_SYMBOL_KNOWN) d->bad = true;
  JSValue key = decode_tag(d, tag);
  JSAtom atom = d->bad ? JS_ATOM_NULL : JS_ValueToAtom(ctx, key);
  JS_FreeValue(ctx, key);
  return atom;
}

static void decode_properties(Decoder *d, JSValueConst object) {
  uint32_t n = read_count(d);
  for (uint32_t i = 0; i < n && !d->bad; i++) {
    JSAtom atom = decode_key(d);
    JSValue value = decode(d);
    /* an array's length is no property of its own here: its value would be converted, by code of its sender's */
    if (atom == JS_ATOM_length && JS_VALUE_GET_OBJ(object)->class_id == JS_CLASS_ARRAY) d->bad = true;
    if (d->bad) JS_FreeValue(ctx, value);
    else if (JS_DefinePropertyValue(ctx, object, atom, value, JS_PROP_C_W_E) < 0) no_exception(d, JS_EXCEPTION);
    JS_FreeAtom(ctx, atom);
  }
}

static JSValue decode_array(Decoder *d) {
  uint32_t n = read_count(d);
  JSValue array = no_exception(d, JS_NewArray(ctx));
  note(d, array);
  for (uint32_t i = 0; i < n && !d->bad; i++) {
    uint8_t tag = read_byte(d);
    if (tag == TAG_HOLE) continue;
    JSValue value = decode_tag(d, tag);
    if (d->bad) JS_FreeValue(ctx, value);
    else if (JS_DefinePropertyValueUint32(ctx, array, i, value, JS_PROP_C_W_E) < 0) no_exception(d, JS_EXCEPTION);
  }
  if (!d->bad && JS_DefinePropertyValue(ctx, array, JS_ATOM_length, JS_NewUint32(ctx, n), JS_PROP_WRITABLE | JS_PROP_HAS_VALUE) < 0) no_exception(d, JS_EXCEPTION);
  decode_properties(d, array);
  return array;
}

static JSValue decode_object(Decoder *d, JSValueConst prototype) {
  JSValue object = no_exception(d, JS_NewObjectProto(ctx, prototype));
  note(d, object);
  if (!d->bad) decode_properties(d, object);
  return object;
}

static JSValue decode_collection(Decoder *d, bool map) {
  uint32_t n = read_count(d);
  int magic = map ? 0 : MAGIC_SET;
  JSValueConst none[1] = {JS_UNDEFINED};
  JSValue collection = no_exception(d, js_map_constructor(ctx, JS_UNDEFINED, 0, none, magic));
  note(d, collection);
  for (uint32_t i = 0; i < n && !d->bad; i++) {
    JSValue key = decode(d), value = map ? decode(d) : JS_UNDEFINED;
    JSValueConst pair[2] = {key, value};
    if (!d->bad) JS_FreeValue(ctx, no_exception(d, js_map_set(ctx, collection, 2, pair, magic)));
    JS_FreeValue(ctx, key);
    JS_FreeValue(ctx, value);
  }
  return collection;
}

static JSValue decode_regexp(Decoder *d) {
  JSValue pattern = read_string(d), flags = read_string(d);
  JSValue code = d->bad ? JS_UNDEFINED : js_compile_regexp(ctx, pattern, flags);
  JS_FreeValue(ctx, flags);
  if (d->bad || JS_IsException(code)) {
    JS_FreeValue(ctx, pattern);
    return no_exception(d, JS_IsException(code) ? code : JS_UNDEFINED);
  }
  JSValue expression = no_exception(d, js_regexp_constructor_internal(ctx, JS_UNDEFINED, pattern, code));
  note(d, expression);
  return expression;
}

static JSValue decode_buffer(Decoder *d) {
  uint32_t n = read_word(d);
  const uint8_t *bytes = read_raw(d, n);
  if (d->bad) return JS_UNDEFINED;
  JSValue buffer = no_exception(d, JS_NewArrayBufferCopy(ctx, bytes, n));
  note(d, buffer);
  return buffer;
}

static JSValue decode_view(Decoder *d, int type) {
  uint32_t offset = read_word(d), length = read_word(d), place = note(d, JS_UNDEFINED);
  if (type >= JS_TYPED_ARRAY_COUNT) return decode_fail(d);
  JSValue buffer = decode(d);
  if (d->bad || !JS_IsArrayBuffer(buffer)) {
    JS_FreeValue(ctx, buffer);
    return decode_fail(d);
  }
  JSValue of[3] = {buffer, JS_NewUint32(ctx, offset), JS_NewUint32(ctx, length)};
  JSValue view = no_exception(d, type < 0 ? js_dataview_constructor(ctx, JS_UNDEFINED, 3, vc(of))
                                          : JS_NewTypedArray(ctx, 3, vc(of), type));
  JS_FreeValue(ctx, buffer);
  if (!d->bad) d->seen[place] = JS_DupValue(ctx, view);
  return view;
}

static JSValue decode_boxed(Decoder *d) {
  uint32_t place = note(d, JS_UNDEFINED);
  JSValue primitive = decode(d);
  if (d->bad || JS_IsObject(primitive) || JS_IsUndefined(primitive) || JS_IsNull(primitive)) {
    JS_FreeValue(ctx, primitive);
    return decode_fail(d);
  }
  JSValue boxed = no_exception(d, JS_ToObject(ctx, primitive));
  JS_FreeValue(ctx, primitive);
  d->seen[place] = JS_DupValue(ctx, boxed);
  return boxed;
}

/* The prototype's own name needs no property. */
static bool is_usual_name(int kind, JSValueConst value) {
  const char *usual = kind == JS_NATIVE_ERROR_COUNT ? "Error" : native_error_name[kind];
  const char *text = JS_IsString(value) ? JS_ToCString(ctx, value) : NULL;
  bool same = text && !strcmp(text, usual);
  JS_FreeCString(ctx, text);
  return same;
}

/* Where the engine keeps it, so that no accessor of the receiver's runs. */
static void keep_stack(JSValueConst error, JSValue value) {
  if (JS_IsString(value)) JS_VALUE_GET_OBJ(error)->u.object_data = value;
  else JS_FreeValue(ctx, value);
}

static JSValue decode_error(Decoder *d) {
  uint8_t kind = read_byte(d);
  if (kind > JS_NATIVE_ERROR_COUNT) return decode_fail(d);
  JSValueConst prototype = kind == JS_NATIVE_ERROR_COUNT ? ctx->class_proto[JS_CLASS_ERROR] : ctx->native_error_proto[kind];
  JSValue error = no_exception(d, JS_NewObjectProtoClass(ctx, prototype, JS_CLASS_ERROR));
  note(d, error);
  for (uint32_t i = 0; i < countof(ERROR_FIELDS) && !d->bad; i++) {
    uint8_t tag = read_byte(d);
    if (tag == TAG_HOLE) continue;
    JSValue value = decode_tag(d, tag);
    if (d->bad || (i == ERROR_NAME && is_usual_name(kind, value))) JS_FreeValue(ctx, value);
    else if (i == ERROR_STACK) keep_stack(error, value);
    else if (JS_DefinePropertyValueStr(ctx, error, ERROR_FIELDS[i].name, value, JS_PROP_WRITABLE | JS_PROP_CONFIGURABLE) < 0) no_exception(d, JS_EXCEPTION);
  }
  if (!d->bad) decode_properties(d, error);
  return error;
}

static JSValue decode_dom_exception(Decoder *d) {
  JSValue name = read_string(d), message = read_string(d);
  JSValue error = d->bad ? JS_UNDEFINED : no_exception(d, JS_NewObjectProtoClass(ctx, ctx->class_proto[JS_CLASS_DOM_EXCEPTION], JS_CLASS_DOM_EXCEPTION));
  if (d->bad) {
    JS_FreeValue(ctx, name);
    JS_FreeValue(ctx, message);
    return error;
  }
  JSDOMExceptionData *state = js_malloc(ctx, sizeof *state);
  *state = (JSDOMExceptionData){name, message, -1};
  JS_SetOpaqueInternal(error, state);
  note(d, error);
  uint8_t tag = read_byte(d);
  JSValue stack = tag == TAG_HOLE ? JS_UNDEFINED : decode_tag(d, tag);
  if (d->bad || !JS_IsString(stack)) JS_FreeValue(ctx, stack);
  else if (JS_DefinePropertyValue(ctx, error, JS_ATOM_stack, stack, JS_PROP_WRITABLE | JS_PROP_CONFIGURABLE) < 0) no_exception(d, JS_EXCEPTION);
  if (!d->bad) decode_properties(d, error);
  return error;
}

/* The runtime makes it of its state, with what it captured at boot; nothing may ask the kernel meanwhile. */
static JSValue decode_platform(Decoder *d) {
  uint8_t kind = read_byte(d);
  uint32_t place = note(d, JS_UNDEFINED);
  if (kind >= MOST_PLATFORMS || !JS_IsObject(platforms[kind].prototype)) return decode_fail(d);
  JSValue state = decode(d);
  JSValue object = d->bad ? JS_UNDEFINED : no_exception(d, JS_Call(ctx, platforms[kind].hydrate, JS_UNDEFINED, 1, vc(&state)));
  JS_FreeValue(ctx, state);
  if (!JS_IsObject(object)) return decode_fail(d);
  d->seen[place] = JS_DupValue(ctx, object);
  return object;
}

static JSValue decode_bigint(Decoder *d) {
  uint32_t n = read_word(d);
  const uint8_t *text = read_raw(d, n);
  if (d->bad || !n || n > 1 << 20) return decode_fail(d);
  for (uint32_t i = text[0] == '-'; i < n; i++)
    if (text[i] < '0' || text[i] > '9') return decode_fail(d);
  JSValue digits = JS_NewStringLen(ctx, (const char *)text, n);
  JSValue number = JS_StringToBigIntErr(ctx, digits);
  return number;
}

static JSValue decode_ref(Decoder *d) {
  uint32_t i = read_word(d), word;
  if (d->bad || i >= d->nrefs) return decode_fail(d);
  memcpy(&word, d->refs + i * 4, 4);
  if (word & REF_HANDLE) return word >> 4 ? make_remote(word >> 4, word) : decode_fail(d);
  JSValue mine = exported(word >> 4);
  return JS_IsUndefined(mine) ? decode_fail(d) : mine;
}

static JSValue decode_symbol_for(Decoder *d) {
  JSValue key = read_string(d);
  if (d->bad || JS_IsException(key)) return key;
  return JS_NewSymbolInternal(ctx, JS_VALUE_GET_STRING(key), JS_ATOM_TYPE_GLOBAL_SYMBOL);
}

static JSValue decode_kind(Decoder *d, uint8_t tag) {
  uint32_t n;
  switch (tag) {
  case TAG_UNDEFINED: return JS_UNDEFINED;
  case TAG_NULL: return JS_NULL;
  case TAG_TRUE: return JS_TRUE;
  case TAG_FALSE: return JS_FALSE;
  case TAG_INT: return JS_NewInt32(ctx, (int32_t)read_word(d));
  case TAG_FLOAT: return JS_NewFloat64(ctx, read_float(d));
  case TAG_STRING: return read_string(d);
  case TAG_BIGINT: return decode_bigint(d);
  case TAG_ARRAY: return decode_array(d);
  case TAG_OBJECT: return decode_object(d, ctx->class_proto[JS_CLASS_OBJECT]);
  case TAG_NULL_OBJECT: return decode_object(d, JS_NULL);
  case TAG_MAP: return decode_collection(d, true);
  case TAG_SET: return decode_collection(d, false);
  case TAG_DATE: {
    JSValue date = no_exception(d, JS_NewDate(ctx, read_float(d)));
    note(d, date);
    return date;
  }
  case TAG_REGEXP: return decode_regexp(d);
  case TAG_BUFFER: return decode_buffer(d);
  case TAG_TYPED: return decode_view(d, read_byte(d));
  case TAG_DATAVIEW: return decode_view(d, -1);
  case TAG_BOXED: return decode_boxed(d);
  case TAG_ERROR: return decode_error(d);
  case TAG_DOM_EXCEPTION: return decode_dom_exception(d);
  case TAG_PLATFORM: return decode_platform(d);
  case TAG_BACK:
    n = read_word(d);
    return d->bad || n >= d->nseen ? decode_fail(d) : JS_DupValue(ctx, d->seen[n]);
  case TAG_REF: return decode_ref(d);
  case TAG_INTRINSIC:
    n = read_word(d);
    if (d->bad || d->copy_only || n >= intrinsic_count) return decode_fail(d);
    return intrinsics[n].lent || (intrinsics[n].root && d->holder && d->depth == 1) ? JS_DupValue(ctx, intrinsics[n].value) : decode_fail(d);
  case TAG_SYMBOL_FOR: return decode_symbol_for(d);
  case TAG_SYMBOL_KNOWN:
    n = read_byte(d);
    return d->bad || n >= JS_ATOM_END - JS_ATOM_Symbol_toPrimitive ? decode_fail(d) : JS_AtomToValue(ctx, JS_ATOM_Symbol_toPrimitive + n);
  }
  return decode_fail(d);
}

typedef struct { JSValue *items; uint32_t count, room; } Values;

static void values_free(Values *values) {
  while (values->count) JS_FreeValue(ctx, values->items[--values->count]);
  free(values->items);
  *values = (Values){0};
}

static bool decoding; /* nothing may ask the kernel meanwhile: its answer would overwrite what is being read */

/* Every value of a payload, or nothing. */
static bool decode_all(Decoder *d, Values *out) {
  *out = (Values){0};
  decoding = true;
  while (d->at < d->end && !d->bad) {
    JSValue value = decode(d);
    out->items = grown(out->items, out->count, &out->room, sizeof *out->items);
    out->items[out->count++] = value;
  }
  for (uint32_t i = 0; i < d->nseen; i++) JS_FreeValue(ctx, d->seen[i]);
  free(d->seen);
  if (d->bad) values_free(out);
  decoding = false;
  return !d->bad;
}

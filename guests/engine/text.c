/* UTF-8 for the runtime's TextEncoder, TextDecoder and bodies: the Encoding standard's rules, on whole buffers. */

/* The bytes of an ArrayBuffer or of a view; NULL with an exception when it is neither. */
static uint8_t *bytes_of(JSValueConst value, size_t *n) {
  *n = 0;
  int class_id = JS_IsObject(value) ? JS_VALUE_GET_OBJ(value)->class_id : 0;
  if (class_id != JS_CLASS_DATAVIEW && (class_id < JS_CLASS_UINT8C_ARRAY || class_id > JS_CLASS_FLOAT64_ARRAY)) return JS_GetArrayBuffer(ctx, n, value);
  JSTypedArray *view = JS_VALUE_GET_OBJ(value)->u.typed_array;
  JSArrayBuffer *buffer = view->buffer->u.array_buffer;
  if (class_id == JS_CLASS_DATAVIEW ? dataview_is_oob(JS_VALUE_GET_OBJ(value)) : typed_array_is_oob(JS_VALUE_GET_OBJ(value))) {
    JS_ThrowTypeError(ctx, "a view of a detached ArrayBuffer");
    return NULL;
  }
  *n = view->track_rab ? buffer->byte_length - view->offset : view->length;
  return buffer->data + view->offset;
}

/* How many bytes at `at` are one character; 0 when they are none, and then `*wrong` of them are one mistake. */
static uint32_t character(const uint8_t *at, const uint8_t *end, uint32_t *wrong) {
  uint8_t first = *at, low = 0x80, high = 0xbf;
  uint32_t more = first < 0x80 ? 0 : first < 0xc2 ? 9 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : 9;
  *wrong = 1;
  if (more == 9) return 0;
  if (first == 0xe0) low = 0xa0;
  if (first == 0xed) high = 0x9f; /* no surrogates */
  if (first == 0xf0) low = 0x90;
  if (first == 0xf4) high = 0x8f;
  for (uint32_t i = 1; i <= more; i++, low = 0x80, high = 0xbf) {
    if (at + i >= end || at[i] < low || at[i] > high) return 0;
    *wrong = i + 1;
  }
  return more + 1;
}

/* decodeText(bytes, fatal): a string; every mistake becomes U+FFFD, or a TypeError. A byte order mark stays. */
static JSValue js_decode_text(JSContext *c, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self;
  size_t n = 0;
  const uint8_t *at = argc ? bytes_of(argv[0], &n) : NULL;
  if (!at) return n || !argc || JS_HasException(c) ? (argc ? JS_EXCEPTION : JS_ThrowTypeError(c, "decodeText(bytes, fatal)")) : JS_NewString(c, "");
  const uint8_t *end = at + n, *good = at;
  bool fatal = argc > 1 && JS_ToBool(c, argv[1]), mended = false;
  DynBuf text;
  js_dbuf_init(c, &text);
  while (at < end) {
    uint32_t wrong, length = *at < 0x80 ? 1 : character(at, end, &wrong);
    if (length) {
      at += length;
      continue;
    }
    if (fatal) {
      dbuf_free(&text);
      return JS_ThrowTypeError(c, "the bytes are not valid UTF-8");
    }
    dbuf_put(&text, good, at - good);
    dbuf_put(&text, (const uint8_t *)"\xef\xbf\xbd", 3);
    good = at += wrong;
    mended = true;
  }
  if (mended) dbuf_put(&text, good, end - good);
  JSValue string = mended ? JS_NewStringLen(c, (const char *)text.buf, text.size) : JS_NewStringLen(c, (const char *)good, n);
  dbuf_free(&text);
  return string;
}

/* encodeText(string): an ArrayBuffer; a lone surrogate becomes U+FFFD */
static JSValue js_encode_text(JSContext *c, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self;
  size_t n;
  const char *text = argc ? JS_ToCStringLen(c, &n, argv[0]) : NULL;
  if (!text) return argc ? JS_EXCEPTION : JS_ThrowTypeError(c, "encodeText(string)");
  JSValue buffer = JS_NewArrayBufferCopy(c, (const uint8_t *)text, n);
  JS_FreeCString(c, text);
  uint8_t *bytes = JS_IsException(buffer) ? NULL : JS_GetArrayBuffer(c, &n, buffer);
  for (size_t i = 0; bytes && i + 2 < n; i++)
    if (bytes[i] == 0xed && bytes[i + 1] >= 0xa0) memcpy(bytes + i, "\xef\xbf\xbd", 3); /* the engine writes surrogates as three bytes */
  return buffer;
}

/* fill(view): fresh randomness */
static JSValue js_fill(JSContext *c, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self;
  size_t n = 0;
  uint8_t *bytes = argc ? bytes_of(argv[0], &n) : NULL;
  if (!bytes && n) return JS_EXCEPTION;
  for (size_t i = 0; i < n; i += 8) {
    int64_t bits = kernel_random();
    memcpy(bytes + i, &bits, n - i < 8 ? n - i : 8);
  }
  return argc ? JS_DupValue(c, argv[0]) : JS_UNDEFINED;
}

/* now(): milliseconds since 1970, with their parts */
static JSValue js_now(JSContext *c, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc, (void)argv;
  return JS_NewFloat64(c, kernel_clock() / 1e6);
}

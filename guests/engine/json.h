/* JSON by the shortest way where nothing is special: plain ASCII strings, names that are known, short numbers, members of objects and
   arrays that are still being made. Anything else goes the way of quickjs, which reads this file where quickjs.patch says.

   The text is a stranger's: each read is bounded by its end, and there it has a zero (JS_ParseJSON asks for it). */

#define JSON_NAME (-4096) /* a token of ours: the name of a member, as an atom that whoever reads the token owns */

/* How many characters of a string stand here before its closing quote, if none of them needs work; -1 otherwise. */
static int json_plain(const uint8_t *text, const uint8_t *end) {
  const uint8_t *at = text;
  while (at < end && *at >= 0x20 && *at < 0x80 && *at != '"' && *at != '\\') at++;
  return at < end && *at == '"' ? (int)(at - text) : -1;
}

static int json_next_token(JSParseState *s);

/* Read the name of a member, or whatever stands in its place. */
static int json_next_name(JSParseState *s) {
  const uint8_t *p = s->buf_ptr;
  while (*p == ' ') p++;
  int length = *p == '"' ? json_plain(p + 1, s->buf_end) : 0;
  if (length <= 0 || is_digit(p[1])) return json_next_token(s);
  JSAtom name = __JS_FindAtom(s->ctx->rt, (const char *)p + 1, length, JS_ATOM_TYPE_STRING);
  if (name == JS_ATOM_NULL) return json_next_token(s);
  s->token.val = JSON_NAME; /* after `{` or `,`, which own nothing */
  s->token.u.ident.atom = name;
  s->token.ptr = p;
  s->buf_ptr = p + length + 2;
  return 0;
}

/* The number that json_parse_number found to be one. Up to 15 digits and their power of ten are exact, so one division rounds once. */
static JSValue json_number(const uint8_t *text, const uint8_t *end) {
  static const double TENS[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
  const uint8_t *at = text + (*text == '-'), *point = NULL;
  uint64_t digits = 0;
  for (; end - text <= 15 && at < end; at++) {
    if (is_digit(*at)) digits = digits * 10 + (*at - '0');
    else if (*at == '.') point = at;
    else break;
  }
  if (at < end) {
    JSATODTempMem room;
    return js_float64(js_atod((const char *)text, NULL, 10, 0, &room));
  }
  bool negative = *text == '-';
  if (!point && digits <= INT32_MAX && !(negative && !digits)) return js_int32(negative ? -(int32_t)digits : (int32_t)digits);
  double value = point ? digits / TENS[end - point - 1] : digits;
  return js_float64(negative ? -value : value);
}

/* Give an object of JSON.parse its next member; takes the value. */
static int json_put(JSContext *ctx, JSValueConst object, JSAtom name, JSValue value) {
  JSObject *p = JS_VALUE_GET_OBJ(object);
  JSProperty *member;
  if (find_own_property(&member, p, name)) return JS_DefinePropertyValue(ctx, object, name, value, JS_PROP_C_W_E);
  member = add_property(ctx, p, name, JS_PROP_C_W_E);
  if (!member) return JS_FreeValue(ctx, value), -1;
  member->u.value = value;
  return 0;
}

static bool json_is_narrow(JSValueConst value) {
  return JS_VALUE_GET_TAG(value) == JS_TAG_STRING && !JS_VALUE_GET_STRING(value)->is_wide_char;
}

static int json_escape(StringBuffer *b, uint8_t c) {
  static const char SHORT[] = "uuuuuuuubtnufr", DIGITS[] = "0123456789abcdef"; /* SHORT by code */
  uint8_t text[] = {'\\', c >= 0x20 ? c : c < sizeof SHORT - 1 ? SHORT[c] : 'u', '0', '0', DIGITS[c >> 4 & 15], DIGITS[c & 15]};
  return string_buffer_write8(b, text, text[1] == 'u' ? 6 : 2);
}

/* Add a string of 8-bit characters between quotes: what needs no work in runs. */
static int json_quote(StringBuffer *b, JSString *string) {
  const uint8_t *text = str8(string), *end = text + string->len, *from = text;
  if (b->error_status || string_buffer_putc8(b, '"')) return -1;
  for (const uint8_t *at = text; at < end; at++) {
    if (*at >= 0x20 && *at != '"' && *at != '\\') continue;
    if (string_buffer_write8(b, from, at - from) || json_escape(b, *at)) return -1;
    from = at + 1;
  }
  if (string_buffer_write8(b, from, end - from)) return -1;
  return string_buffer_putc8(b, '"');
}

static int json_write_int(StringBuffer *b, int32_t number) {
  char text[16];
  if (b->error_status) return -1;
  return string_buffer_write8(b, (const uint8_t *)text, i32toa(text, number));
}

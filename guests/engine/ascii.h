/* Upper and lower case of a text of ASCII, which needs no table; NULL if it is not, or if there is no room for the text. */
static JSString *ascii_cased(JSContext *ctx, const JSString *text, bool lower) {
  const uint8_t *from = str8(text), first = lower ? 'A' : 'a';
  if (text->is_wide_char) return NULL;
  for (uint32_t i = 0; i < text->len; i++)
    if (from[i] >= 0x80) return NULL;
  JSString *cased = js_alloc_string(ctx, text->len, 0);
  if (!cased) return NULL;
  uint8_t *to = str8(cased);
  for (uint32_t i = 0; i < text->len; i++) to[i] = from[i] ^ ((uint8_t)(from[i] - first) < 26 ? 0x20 : 0);
  to[text->len] = 0;
  return cased;
}

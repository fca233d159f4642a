/* The engine's own source, compiled for this machine with sanitizers, fed with messages that are nearly right.

   A corpus is encoded, mutated, decoded as a message from another guest (with references) and as a stored value (without); what
   decodes is used, served from and encoded again. The kernel is a stub that answers every question with a mutated message.
   Usage: codec SEED SECONDS. It ends with a line of counts; a sanitizer ends it with a report. */
#include <time.h>
#include <unistd.h>
#include "guest.c"

static uint64_t state;
static uint32_t pick(uint32_t n) {
  state ^= state << 13, state ^= state >> 7, state ^= state << 17;
  return n ? (uint32_t)(state >> 16) % n : 0;
}

static const char *const CORPUS[] = {
  "1", "-0.5", "'text'", "'\\ud800x'", "123456789012345678901234567890n", "[1,,'x',[]]", "({a:1,b:{c:[]}})", "({__proto__:null,x:1})",
  "new Map([[1,{}],['k',[]]])", "new Set([1,'a',{}])", "new Date(5)", "/a(b)+[c-d]/giu", "new Uint8Array([1,2,3]).buffer", "new Float64Array(3)",
  "new DataView(new ArrayBuffer(9),1,4)", "[new Uint8Array(4)].map(a=>[a,a.buffer])[0]", "Object(1)", "Object(Symbol.iterator)", "Symbol.for('k')",
  "Object.assign(new TypeError('m',{cause:new RangeError('r')}),{extra:1})", "new AggregateError([new Error('a')],'m')",
  "(()=>{const a=[];a.push(a);return a})()", "(()=>{const o={};return [o,o,{o}]})()", "Object.assign([1,2],{own:3,[Symbol.for('s')]:4})",
  "(()=>1)", "(class A{static s=1;m(){return 1}})", "new (class B{x=1;get y(){return 2}})", "Promise.resolve(1)", "(function*(){yield 1;yield 2})()",
  "Object.defineProperty(new (class L extends Array{})(3),'length',{writable:false})", "new (class M extends Map{})([[1,2]])", "new Proxy({a:1},{})", "[Number,Math.max,Object,Error]",
  "new Copied('ab')", "[new Copied([()=>1]), new Copied({})].map((c, i, all) => [c, all, c])", "new Native()", "[Native, Copied, new (class S extends Native {})]",
  "[()=>1,{f(){}},Promise.resolve({})]", "Array.from({length:40},(_, i)=>({i}))", "'x'.repeat(5000)", "[undefined,null,true,false,NaN,Infinity,-0]"};

enum { MOST = 1 << 16, WORDS = 12 };
typedef struct { uint8_t *bytes; uint32_t length; } Sample;
static Sample samples[countof(CORPUS)];
static uint32_t own[64], owned; /* export ids that the corpus went out under */
static uint64_t decoded, refused, asked, served;
static int nested;

static uint32_t mutate(uint8_t *out) {
  const Sample *from = &samples[pick(countof(samples))];
  uint32_t n = from->length;
  memcpy(out, from->bytes, n);
  if (pick(4) == 0) { /* two messages in one */
    const Sample *more = &samples[pick(countof(samples))];
    uint32_t at = pick(n + 1), part = pick(more->length + 1);
    memmove(out + at + part, out + at, n - at);
    memcpy(out + at, more->bytes, part);
    n += part;
  }
  static const uint32_t WORDS_OF_INTEREST[] = {0, 1, 2, 7, 8, 255, 256, 65535, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff};
  for (uint32_t i = pick(6); i && n; i--) {
    uint32_t at = pick(n), word = pick(2) ? WORDS_OF_INTEREST[pick(countof(WORDS_OF_INTEREST))] : pick(n + 4);
    switch (pick(5)) {
    case 0: out[at] ^= 1 << pick(8); break;
    case 1: out[at] = pick(TAG_PLATFORM + 2); break;
    case 2: if (at + 4 <= n) memcpy(out + at, &word, 4); break;
    case 3: n = at + pick(n - at + 1); break;
    case 4: memmove(out + at, out + at + 1, n - at - 1), n--; break;
    }
  }
  return n;
}

static void write_words(uint8_t *at) {
  for (uint32_t i = 0; i < WORDS; i++) {
    uint32_t mine = owned ? own[pick(owned)] << 4 : 16, theirs = (1 + pick(20)) << 4 | REF_HANDLE | pick(8) << 1, wild = pick(0xffffffff);
    uint32_t word = pick(10) == 0 ? wild : pick(2) ? mine : theirs;
    memcpy(at + i * 4, &word, 4);
  }
}

int32_t kernel_call(const void *message, uint32_t length) {
  const Head *head = message;
  if (head->kind == KIND_EXHAUSTED) _exit(3);
  asked++;
  uint8_t payload[2 * MOST];
  uint32_t n = mutate(payload);
  uint32_t kind = KIND_REPLY, op = pick(8) ? pick(8) : 0, target = pick(8);
  if (head->kind == KIND_CALL && nested < 6 && pick(5) == 0) kind = KIND_REQUEST, op = 1 + pick(OP_INVOKE), target = owned ? own[pick(owned)] : 1, nested++;
  InHead in = {kind, op, target, WORDS, pick(4) ? 0 : 2};
  uint32_t size = sizeof in + (WORDS + in.nreleased) * 4 + n;
  if (size > inbox_size) inbox = retake(inbox, inbox_size = size);
  memset(inbox, 0, sizeof in + (WORDS + in.nreleased) * 4);
  memcpy(inbox, &in, sizeof in);
  write_words(inbox + sizeof in);
  memcpy(inbox + sizeof in + (WORDS + in.nreleased) * 4, payload, n);
  return size;
}
int64_t kernel_clock(void) { return 1; }
int64_t kernel_random(void) { return 4; }

static JSValue script(const char *source) {
  JSValue value = JS_Eval(ctx, source, strlen(source), "fuzz", JS_EVAL_TYPE_GLOBAL);
  if (JS_IsException(value)) fprintf(stderr, "%s throws\n", source), _exit(2);
  return value;
}

static int patience;
static int interrupt(JSRuntime *r, void *opaque) { return (void)r, (void)opaque, patience-- < 0; }

static void sample_all(void) {
  for (uint32_t i = 0; i < countof(CORPUS); i++) {
    JSValue value = script(CORPUS[i]);
    Encoder e = {.root = "value"};
    if (encode(&e, value)) _exit(4);
    samples[i] = (Sample){malloc(e.used), e.used};
    memcpy(samples[i].bytes, e.bytes, e.used);
    for (uint32_t j = 0; j < e.nrefs && owned < countof(own); j++) own[owned++] = e.refs[j] >> 4;
    encoder_free(&e);
    JS_FreeValue(ctx, value);
  }
}

static void once(JSValueConst poke) {
  uint8_t payload[2 * MOST], words[WORDS * 4];
  uint32_t n = mutate(payload);
  write_words(words);
  uint8_t *exact = malloc(n ? n : 1); /* its own block, so that one byte beyond is seen */
  memcpy(exact, payload, n);
  bool stored = pick(3) == 0;
  Decoder d = {.at = exact, .end = exact + n, .refs = words, .nrefs = stored ? 0 : WORDS, .copy_only = stored, .holder = pick(8) == 0};
  Values values;
  bool good = decode_all(&d, &values);
  free(exact);
  good ? decoded++ : refused++;
  nested = 0;
  for (uint32_t i = 0; i < values.count; i++) {
    Encoder e = {.root = "value", .copy_only = pick(2)};
    if (encode(&e, values.items[i])) JS_FreeValue(ctx, JS_GetException(ctx));
    encoder_free(&e);
    patience = 100;
    JSValue result = JS_Call(ctx, poke, JS_UNDEFINED, 1, vc(&values.items[i]));
    if (JS_IsException(result)) result = JS_GetException(ctx);
    JS_FreeValue(ctx, result);
  }
  if (good && owned) {
    uint32_t status = 0;
    patience = 100;
    JSValue result = serve(1 + pick(OP_INVOKE), own[pick(owned)], values.count, vc(values.items), &status);
    encode_result(&(Encoder){0}, JS_UNDEFINED, &status);
    if (JS_IsException(result)) result = JS_GetException(ctx);
    JS_FreeValue(ctx, result);
    served++;
  }
  values_free(&values);
  patience = 100;
  run_jobs();
  released_count = pick(2) ? 0 : released_count;
}

static const char POKE[] =
  "(v => { const t = f => { try { return f() } catch {} }; t(() => Object.keys(v)); t(() => Object.getPrototypeOf(v)); t(() => v.x); t(() => v.next());"
  " t(() => { v.y = [v] }); t(() => delete v.y); t(() => 'z' in v); t(() => v(1, {}, v)); t(() => new v(1)); t(() => v instanceof Map); const short = !(t(() => v.length) > 999); if (short) t(() => JSON.stringify([v], (k, x) => (x?.length > 999 ? 0 : x)));"
  " t(() => Object.defineProperty(v, 'q', {get() { return v }})); t(() => { for (const x of v) x; }); t(() => Object.getOwnPropertyDescriptor(v, 'x'));"
  " if (short) t(() => `${v}`); t(() => structuredClone(v)); t(() => decode(v)); t(() => { v.size = 2 }); t(() => v.go(v)); t(() => v._inside); t(() => class extends v {}); t(() => Object.setPrototypeOf(Object.create(v), v)); })";

int main(int argc, char **argv) {
  state = argc > 1 ? strtoull(argv[1], NULL, 10) * 2654435761u + 1 : 1;
  time_t end = time(NULL) + (argc > 2 ? atoi(argv[2]) : 10);
  static const char RUNTIME[] =
    "(function (glue, global) { class Copied { #s; constructor(s) { this.#s = s } get s() { return this.#s } static of(x) { return #s in x ? x.#s : undefined } }"
    " class Native { constructor() { this._inside = [] } get size() { return 1 } set size(x) { this.z = x } go(f) { return f?.(this) } }"
    " glue.platform(3, Copied, Copied.of, (state) => { if (state?.length > 2) throw state; return new Copied(state) }, true); glue.native(Native); glue.inside(new Native());"
    " Object.assign(global, { Copied, Native, structuredClone: (x) => glue.clone(x), decode: (x) => glue.decodeText(x, false) });"
    " return {enter() {}, load() {}, end() {}, pure() {}} })";
  guest_boot(1 << 20);
  memcpy(guest_buffer(sizeof RUNTIME), RUNTIME, sizeof RUNTIME);
  if (guest_load(sizeof RUNTIME - 1)) return fprintf(stderr, "%s\n", (char *)inbox), 2;
  JS_UpdateStackTop(rt);
  JS_SetInterruptHandler(rt, interrupt, NULL);
  max_depth = 256, max_message = MOST;
  patience = 1 << 30;
  sample_all();
  JSValue poke = script(POKE);
  while (time(NULL) < end) {
    alarm(60); /* a hang is a finding too */
    for (int i = 0; i < 200; i++) {
      once(poke);
      if (pick(300) == 0) JS_RunGC(rt);
    }
  }
  printf("%llu decoded, %llu refused, %llu questions, %llu served\n", (unsigned long long)decoded, (unsigned long long)refused, (unsigned long long)asked, (unsigned long long)served);
  fflush(stdout);
  _exit(0);
}

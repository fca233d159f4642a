/* Who is who: objects of mine that others hold, objects of others that I hold, and intrinsics, which never cross. */

static JSRuntime *rt;
static JSContext *ctx;

/* -- intrinsics: everything of JavaScript's own, reachable from the global object before the runtime or any val ran. Both sides
   number them alike, and a number that crosses means the receiver's own object. That must not lend a giver the receiver's: no
   eval, no Function, nothing of the runtime's (it crosses as any function does), nothing that would be changed in its place.
   So only `lent` functions cross as values, and `root` prototypes only where a receiver asked for what an object inherits.
   The runtime's own classes (`native`: Response, ReadableStream …) are numbered after it booted, and lent alike. -- */
typedef struct { JSValue value; bool lent, root, native; } Intrinsic;
static Table intrinsic_index;
static Intrinsic *intrinsics;
static uint32_t intrinsic_count, intrinsic_room;

static void note_intrinsic(JSValueConst value) {
  if (!JS_IsObject(value)) return;
  uintptr_t key = (uintptr_t)JS_VALUE_GET_PTR(value);
  if (table_find(&intrinsic_index, key)) return;
  intrinsics = grown(intrinsics, intrinsic_count, &intrinsic_room, sizeof *intrinsics);
  table_put(&intrinsic_index, key, intrinsic_count);
  intrinsics[intrinsic_count++] = (Intrinsic){JS_DupValue(ctx, value), false, false, false};
}

static void note_properties(JSValueConst object) {
  JSPropertyEnum *names;
  uint32_t count;
  if (JS_VALUE_GET_OBJ(object)->class_id == JS_CLASS_PROXY) return; /* its traps ask the host */
  JSValue prototype = JS_GetPrototype(ctx, object);
  note_intrinsic(prototype);
  JS_FreeValue(ctx, prototype);
  if (JS_GetOwnPropertyNames(ctx, &names, &count, object, JS_GPN_STRING_MASK | JS_GPN_SYMBOL_MASK)) __builtin_trap();
  for (uint32_t i = 0; i < count; i++) {
    JSPropertyDescriptor found;
    if (JS_GetOwnProperty(ctx, &found, object, names[i].atom) <= 0) continue;
    note_intrinsic(found.value);
    note_intrinsic(found.getter);
    note_intrinsic(found.setter);
    JS_FreeValue(ctx, found.value);
    JS_FreeValue(ctx, found.getter);
    JS_FreeValue(ctx, found.setter);
  }
  JS_FreePropertyEnum(ctx, names, count);
}

static Intrinsic *intrinsic_of(JSValueConst value) {
  Slot *slot = table_find(&intrinsic_index, (uintptr_t)JS_VALUE_GET_PTR(value));
  return slot ? &intrinsics[slot->value] : NULL;
}

/* Lend the functions that are own properties of a built-in object; with `only`, those names. */
static void lend(JSValueConst holder, const char *const *only) {
  JSPropertyEnum *names;
  uint32_t count;
  if (JS_GetOwnPropertyNames(ctx, &names, &count, holder, JS_GPN_STRING_MASK)) __builtin_trap();
  for (uint32_t i = 0; i < count; i++) {
    const char *name = JS_AtomToCString(ctx, names[i].atom);
    bool wanted = !only;
    for (const char *const *at = only; at && *at; at++) wanted |= !strcmp(*at, name);
    JS_FreeCString(ctx, name);
    JSValue value = wanted ? JS_GetProperty(ctx, holder, names[i].atom) : JS_UNDEFINED;
    bool makes_code = JS_IsObject(value) && (JS_VALUE_GET_PTR(value) == JS_VALUE_GET_PTR(ctx->eval_obj) || JS_VALUE_GET_PTR(value) == JS_VALUE_GET_PTR(ctx->function_ctor));
    Intrinsic *found = JS_IsFunction(ctx, value) && !makes_code ? intrinsic_of(value) : NULL;
    if (found) found->lent = true;
    JS_FreeValue(ctx, value);
  }
  JS_FreePropertyEnum(ctx, names, count);
}

static void lend_members(JSValueConst global, const char *name, const char *const *only) {
  JSValue holder = JS_GetPropertyStr(ctx, global, name);
  if (JS_IsObject(holder)) lend(holder, only);
  JS_FreeValue(ctx, holder);
}

static void note_all_intrinsics(void) {
  JSValue global = JS_GetGlobalObject(ctx);
  for (int i = JS_CLASS_OBJECT; i < JS_CLASS_INIT_COUNT; i++) note_intrinsic(ctx->class_proto[i]);
  note_intrinsic(ctx->function_proto);
  note_intrinsic(ctx->iterator_proto);
  note_intrinsic(ctx->async_iterator_proto);
  for (int i = 0; i < JS_NATIVE_ERROR_COUNT; i++) note_intrinsic(ctx->native_error_proto[i]);
  for (uint32_t i = 0; i < intrinsic_count; i++) { /* and what these inherit from */
    JSValue next = JS_GetPrototype(ctx, intrinsics[i].value);
    note_intrinsic(next);
    JS_FreeValue(ctx, next);
    intrinsics[i].root = JS_VALUE_GET_PTR(intrinsics[i].value) != JS_VALUE_GET_PTR(global);
  }
  note_intrinsic(global);
  note_intrinsic(ctx->throw_type_error);
  note_intrinsic(ctx->array_proto_values);
  for (uint32_t i = 0; i < intrinsic_count; i++) note_properties(intrinsics[i].value);
  /* What neither reaches code nor changes what it is given. Not Reflect, nor methods of prototypes: with those, and an object
     of the receiver's that runs them at home, a giver could walk to the receiver's Function. */
  static const char *const OF_OBJECT[] = {"keys", "values", "entries", "is", "fromEntries", "hasOwn", NULL}, *const OF_ARRAY[] = {"isArray", "of", "from", NULL};
  static const char *const WHOLE[] = {"Math", "JSON", "Number", "String", "Date", "BigInt"};
  lend(global, NULL);
  lend_members(global, "Object", OF_OBJECT);
  lend_members(global, "Array", OF_ARRAY);
  for (uint32_t i = 0; i < countof(WHOLE); i++) lend_members(global, WHOLE[i], NULL);
  JS_FreeValue(ctx, global);
}

/* A class of the runtime's: its constructor and prototype are everybody's own, its methods run where the instance lives. */
static bool note_native(JSValueConst constructor) {
  if (!JS_IsConstructor(ctx, constructor)) return false;
  JSValue prototype = JS_GetProperty(ctx, constructor, JS_ATOM_prototype);
  bool good = JS_IsObject(prototype);
  if (good) {
    note_intrinsic(constructor);
    note_intrinsic(prototype);
    intrinsic_of(constructor)->lent = true;
    intrinsic_of(prototype)->root = intrinsic_of(prototype)->native = true;
    note_properties(prototype);
    note_properties(constructor);
  }
  JS_FreeValue(ctx, prototype);
  return good;
}

/* Every object that was there when the image was taken, the runtime's `fetch` and `crypto` too: others use them, and change nothing
   of them. They are never freed, so an address here is no later object's. */
static uintptr_t *booted;
static uint32_t booted_count, booted_room;

static void note_booted(uintptr_t object) {
  booted = grown(booted, booted_count, &booted_room, sizeof *booted);
  booted[booted_count++] = object;
}

static int by_address(const void *one, const void *other) {
  uintptr_t a = *(const uintptr_t *)one, b = *(const uintptr_t *)other;
  return a < b ? -1 : a > b;
}

static bool is_booted(JSValueConst object) {
  uintptr_t key = (uintptr_t)JS_VALUE_GET_PTR(object);
  return booted_count && bsearch(&key, booted, booted_count, sizeof *booted, by_address);
}

/* Own keys by which the runtime's classes keep their inside (a stream's queue): to others they are not there. */
static Table inside_keys;

static void note_inside(JSValueConst sample) {
  JSPropertyEnum *names;
  uint32_t count;
  if (!JS_IsObject(sample) || JS_GetOwnPropertyNames(ctx, &names, &count, sample, JS_GPN_STRING_MASK | JS_GPN_SYMBOL_MASK)) return;
  for (uint32_t i = 0; i < count; i++) table_put(&inside_keys, JS_DupAtom(ctx, names[i].atom), 1);
  JS_FreePropertyEnum(ctx, names, count);
}

/* The native prototype that an object's chain comes to, without asking any Proxy. */
static bool is_of_native(JSValueConst value) {
  for (JSObject *at = JS_VALUE_GET_OBJ(value)->shape->proto; at && at->class_id != JS_CLASS_PROXY; at = at->shape->proto) {
    Intrinsic *known = intrinsic_of(JS_MKPTR(JS_TAG_OBJECT, at));
    if (known) return known->native;
  }
  return false;
}

static bool is_inside(JSValueConst object, JSAtom key) { return table_find(&inside_keys, key) && is_of_native(object); }

/* -- what of the runtime's crosses by copy: `dehydrate` says its state, `hydrate` makes it again from one -- */
typedef struct { JSValue prototype, dehydrate, hydrate; bool cloneable; } Platform;
#define MOST_PLATFORMS 32
static Platform platforms[MOST_PLATFORMS]; /* numbers are kept in stored values: never give one to another class */

static Platform *platform_of(JSValueConst value) {
  JSObject *object = JS_VALUE_GET_OBJ(value);
  if (object->class_id != JS_CLASS_OBJECT || !object->shape->proto) return NULL;
  for (uint32_t i = 0; i < MOST_PLATFORMS; i++)
    if (JS_IsObject(platforms[i].prototype) && JS_VALUE_GET_PTR(platforms[i].prototype) == object->shape->proto) return &platforms[i];
  return NULL;
}

/* -- exports: a strong reference for as long as somebody outside holds it; numbers are never reused -- */
static Table export_by_object, export_by_id;
static JSValue *export_values;
static Table read_only; /* prototypes that went out: others may not change them */
static uint32_t export_count, export_room, next_export = 1;
static uint32_t *free_exports;
static uint32_t free_export_count, free_export_room;

static uint32_t export_object(JSValueConst value, bool *fresh) {
  uintptr_t key = (uintptr_t)JS_VALUE_GET_PTR(value);
  Slot *known = table_find(&export_by_object, key);
  *fresh = !known;
  if (known) return known->value;
  uint32_t place = free_export_count ? free_exports[--free_export_count] : export_count;
  if (place == export_count) {
    export_values = grown(export_values, export_count, &export_room, sizeof *export_values);
    export_count++;
  }
  export_values[place] = JS_DupValue(ctx, value);
  uint32_t id = next_export++;
  table_put(&export_by_object, key, id);
  table_put(&export_by_id, id, place);
  return id;
}

static void release_export(uint32_t id) {
  Slot *slot = table_find(&export_by_id, id);
  if (!slot) return;
  uint32_t place = slot->value;
  JSValue value = export_values[place];
  free_exports = grown(free_exports, free_export_count, &free_export_room, sizeof *free_exports);
  free_exports[free_export_count++] = place;
  export_values[place] = JS_UNDEFINED;
  table_remove(&export_by_id, id);
  table_remove(&export_by_object, (uintptr_t)JS_VALUE_GET_PTR(value));
  table_remove(&read_only, (uintptr_t)JS_VALUE_GET_PTR(value));
  JS_FreeValue(ctx, value);
}

static JSValue exported(uint32_t id) {
  Slot *slot = id ? table_find(&export_by_id, id) : NULL;
  return slot ? JS_DupValue(ctx, export_values[slot->value]) : JS_UNDEFINED;
}

/* -- remotes: my stand-ins for objects of others, by handle -- */
static JSClassID remote_class;
static Table remote_by_handle;  /* weak: the finalizer takes it out */
static Table mirror_by_object;  /* my mirror of a foreign promise -> its handle, while it is pending */
typedef struct { JSValue promise, resolve, reject; bool given; } Mirror; /* given: an argument; who gave it looks what it comes to */
static bool mirrors_given;
static Table mirror_by_handle;  /* handle -> Mirror* */
static uint32_t *released;
static uint32_t released_count, released_room;

static void release_handle(uint32_t handle) {
  released = grown(released, released_count, &released_room, sizeof *released);
  released[released_count++] = handle;
}

static void keep_handle(uint32_t handle) { /* dropped and given again before the release left: still mine */
  for (uint32_t i = 0; i < released_count; i++)
    if (released[i] == handle) {
      released[i] = released[--released_count];
      return;
    }
}

static void remote_finalizer(JSRuntime *runtime, JSValueConst handler) {
  (void)runtime;
  uint32_t handle = (uint32_t)(uintptr_t)JS_GetOpaque(handler, remote_class);
  table_remove(&remote_by_handle, handle);
  release_handle(handle);
}
static JSClassDef remote_definition = {"Remote", .finalizer = remote_finalizer};

static uint32_t handle_of_handler(JSValueConst handler) {
  return JS_GetClassID(handler) == remote_class ? (uint32_t)(uintptr_t)JS_GetOpaque(handler, remote_class) : 0;
}

/* The handle behind a stand-in of mine, or 0. */
static uint32_t handle_of(JSValueConst value) {
  JSObject *object = JS_VALUE_GET_OBJ(value);
  if (object->class_id == JS_CLASS_PROXY) return handle_of_handler(object->u.proxy_data->handler);
  Slot *mirror = object->class_id == JS_CLASS_PROMISE ? table_find(&mirror_by_object, (uintptr_t)object) : NULL;
  return mirror ? mirror->value : 0;
}

/* Who is who: objects of mine that others hold, objects of others that I hold, and intrinsics, which never cross. */

static JSRuntime *rt;
static JSContext *ctx;

/* -- intrinsics: everything reachable from the global object before any val ran. Both sides number them alike. -- */
static Table intrinsic_index;
static JSValue *intrinsics;
static uint32_t intrinsic_count, intrinsic_room;

static void note_intrinsic(JSValueConst value) {
  if (!JS_IsObject(value)) return;
  uintptr_t key = (uintptr_t)JS_VALUE_GET_PTR(value);
  if (table_find(&intrinsic_index, key)) return;
  intrinsics = grown(intrinsics, intrinsic_count, &intrinsic_room, sizeof *intrinsics);
  table_put(&intrinsic_index, key, intrinsic_count);
  intrinsics[intrinsic_count++] = JS_DupValue(ctx, value);
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

/* Hidden ones first: the prototypes no global name leads to. */
static void note_all_intrinsics(void) {
  JSValue global = JS_GetGlobalObject(ctx);
  note_intrinsic(global);
  JS_FreeValue(ctx, global);
  for (int i = JS_CLASS_OBJECT; i < JS_CLASS_INIT_COUNT; i++) note_intrinsic(ctx->class_proto[i]);
  note_intrinsic(ctx->function_proto);
  note_intrinsic(ctx->iterator_proto);
  note_intrinsic(ctx->async_iterator_proto);
  note_intrinsic(ctx->throw_type_error);
  note_intrinsic(ctx->array_proto_values);
  for (int i = 0; i < JS_NATIVE_ERROR_COUNT; i++) note_intrinsic(ctx->native_error_proto[i]);
  for (uint32_t i = 0; i < intrinsic_count; i++) note_properties(intrinsics[i]);
}

static Slot *intrinsic_of(JSValueConst value) {
  return table_find(&intrinsic_index, (uintptr_t)JS_VALUE_GET_PTR(value));
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
typedef struct { JSValue promise, resolve, reject; } Mirror;
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

/* The membrane's two ends in JavaScript's world: stand-ins for objects of others, and what others may do to mine.

   No handle leads to the giver's intrinsics: what an object inherits from a built-in is answered with the receiver's own
   (INHERIT), or, where it needs the object's inside (a generator's next), invoked at home by name (METHOD).
   set, delete and define act on the object itself; prototypes of user classes are read-only to others. */

static JSValue call_out(uint32_t kind, uint32_t op, uint32_t target, int argc, JSValueConst *argv, uint32_t *status);

/* ---- what others may do to an object of mine ------------------------------------------------ */

/* A prototype, whichever way others came by it, is read-only to them. */
static void note_prototype(JSValueConst value) {
  if (JS_IsObject(value) && !intrinsic_of(value)) table_put(&read_only, (uintptr_t)JS_VALUE_GET_PTR(value), 1);
}

static bool is_prototype_of_class(JSValueConst object) {
  JSPropertyDescriptor constructor, prototype;
  if (JS_VALUE_GET_OBJ(object)->class_id == JS_CLASS_PROXY) return false;
  if (JS_GetOwnProperty(ctx, &constructor, object, JS_ATOM_constructor) <= 0) return false;
  bool is = false;
  if (JS_IsFunction(ctx, constructor.value) && JS_VALUE_GET_OBJ(constructor.value)->class_id != JS_CLASS_PROXY &&
      JS_GetOwnProperty(ctx, &prototype, constructor.value, JS_ATOM_prototype) > 0) {
    is = JS_IsObject(prototype.value) && JS_VALUE_GET_PTR(prototype.value) == JS_VALUE_GET_PTR(object);
    js_free_desc(ctx, &prototype);
  }
  js_free_desc(ctx, &constructor);
  return is;
}

static bool is_read_only(JSValueConst object, JSAtom key) {
  if (key == JS_ATOM_prototype && JS_IsFunction(ctx, object)) return true; /* what its holder makes with new is its own affair */
  return intrinsic_of(object) || is_booted(object) || table_find(&read_only, (uintptr_t)JS_VALUE_GET_PTR(object)) || is_prototype_of_class(object);
}

static bool is_plain_root(JSValueConst prototype) { /* whose methods work on a stand-in, or must never be lent */
  const void *at = JS_VALUE_GET_PTR(prototype);
  if (at == JS_VALUE_GET_PTR(ctx->class_proto[JS_CLASS_OBJECT]) || at == JS_VALUE_GET_PTR(ctx->class_proto[JS_CLASS_ERROR])) return true;
  for (int i = 0; i < JS_NATIVE_ERROR_COUNT; i++)
    if (at == JS_VALUE_GET_PTR(ctx->native_error_proto[i])) return true;
  return false;
}

typedef struct { enum { NOWHERE, HERE, BUILTIN, LENT } kind; JSValue holder; } Found;

/* Who answers for this key: the object or a user class (HERE), a built-in by inheritance (BUILTIN),
   a built-in that must run at home because it needs the object's inside (LENT), nobody. */
static Found find_key(JSValueConst object, JSAtom key) {
  JSValue at = JS_DupValue(ctx, object);
  while (JS_IsObject(at)) {
    if (intrinsic_of(at)) break;
    if (JS_VALUE_GET_OBJ(at)->class_id == JS_CLASS_PROXY) return (Found){HERE, at};
    int own = JS_GetOwnProperty(ctx, NULL, at, key);
    if (own) return own > 0 ? (Found){HERE, at} : (Found){NOWHERE, JS_EXCEPTION};
    JSValue next = JS_GetPrototype(ctx, at);
    JS_FreeValue(ctx, at);
    at = next;
  }
  if (!JS_IsObject(at)) return (Found){NOWHERE, at};
  if (JS_IsFunction(ctx, object) || key == JS_ATOM_constructor || key == JS_ATOM___proto__) return (Found){BUILTIN, at};
  JSValue first = JS_DupValue(ctx, at);
  while (JS_IsObject(at) && !is_plain_root(at)) {
    if (JS_VALUE_GET_OBJ(at)->class_id != JS_CLASS_PROXY && JS_GetOwnProperty(ctx, NULL, at, key) > 0) {
      JS_FreeValue(ctx, first);
      return (Found){LENT, at};
    }
    JSValue next = JS_GetPrototype(ctx, at);
    JS_FreeValue(ctx, at);
    at = next;
  }
  JS_FreeValue(ctx, at);
  return (Found){BUILTIN, first};
}

static bool is_native(Found found) { return found.kind == LENT && intrinsic_of(found.holder)->native; }

static JSValue serve_get(JSValueConst object, JSAtom key, uint32_t *status) {
  Found found = find_key(object, key);
  if (found.kind == BUILTIN) {
    *status |= STATUS_INHERIT;
    return found.holder;
  }
  if (found.kind == NOWHERE) return JS_IsException(found.holder) ? JS_EXCEPTION : JS_UNDEFINED;
  JSValue value = JS_GetPropertyInternal(ctx, found.holder, key, object, false);
  JS_FreeValue(ctx, found.holder);
  if (key == JS_ATOM_prototype) note_prototype(value);
  if (found.kind == LENT && JS_IsFunction(ctx, value)) {
    *status |= STATUS_METHOD;
    JS_FreeValue(ctx, value);
    return JS_UNDEFINED;
  }
  return value;
}

static JSValue serve_has(JSValueConst object, JSAtom key, uint32_t *status) {
  Found found = find_key(object, key);
  if (found.kind == BUILTIN) {
    *status |= STATUS_INHERIT;
    return found.holder;
  }
  if (found.kind == NOWHERE) return JS_IsException(found.holder) ? JS_EXCEPTION : JS_FALSE;
  int has = found.kind == LENT ? 1 : JS_HasProperty(ctx, found.holder, key);
  JS_FreeValue(ctx, found.holder);
  return has < 0 ? JS_EXCEPTION : JS_NewBool(ctx, has);
}

static JSValue truth(int result) { return result < 0 ? JS_EXCEPTION : JS_NewBool(ctx, result); }

static JSValue set_own(JSValueConst object, JSAtom key, JSValueConst value) {
  JSPropertyDescriptor own;
  int there = JS_GetOwnProperty(ctx, &own, object, key);
  if (there < 0) return JS_EXCEPTION;
  if (!there) return truth(JS_DefineProperty(ctx, object, key, value, JS_UNDEFINED, JS_UNDEFINED, JS_PROP_C_W_E | JS_PROP_HAS_VALUE | JS_PROP_HAS_CONFIGURABLE | JS_PROP_HAS_WRITABLE | JS_PROP_HAS_ENUMERABLE));
  bool writable = own.flags & JS_PROP_WRITABLE;
  js_free_desc(ctx, &own);
  return writable ? truth(JS_DefineProperty(ctx, object, key, value, JS_UNDEFINED, JS_UNDEFINED, JS_PROP_HAS_VALUE)) : JS_FALSE;
}

static JSValue serve_set(JSValueConst object, JSAtom key, JSValueConst value) {
  if (is_read_only(object, key)) return JS_FALSE;
  Found found = find_key(object, key);
  if (JS_IsException(found.holder)) return JS_EXCEPTION;
  JSValue result;
  JSPropertyDescriptor there = {0};
  if (found.kind == HERE && JS_VALUE_GET_OBJ(found.holder)->class_id == JS_CLASS_PROXY && key != JS_ATOM___proto__) { /* a Proxy of the giver's decides itself */
    result = truth(JS_SetPropertyInternal2(ctx, found.holder, key, JS_DupValue(ctx, value), object, 0));
  } else if ((found.kind == HERE || is_native(found)) && JS_GetOwnProperty(ctx, &there, found.holder, key) > 0) {
    if (there.flags & JS_PROP_GETSET) {
      result = JS_FALSE;
      if (!JS_IsUndefined(there.setter)) {
        JSValue done = JS_Call(ctx, there.setter, object, 1, &value);
        result = JS_IsException(done) ? done : JS_TRUE;
        if (!JS_IsException(done)) JS_FreeValue(ctx, done);
      }
    } else result = there.flags & JS_PROP_WRITABLE ? set_own(object, key, value) : JS_FALSE;
    js_free_desc(ctx, &there);
  } else result = set_own(object, key, value);
  JS_FreeValue(ctx, found.holder);
  return result;
}

static bool visible_key(JSAtom atom) {
  return JS_AtomGetKind(ctx, atom) == JS_ATOM_KIND_STRING || (atom >= JS_ATOM_Symbol_toPrimitive && atom < JS_ATOM_END) || rt->atom_array[atom]->atom_type == JS_ATOM_TYPE_GLOBAL_SYMBOL;
}

static JSValue serve_keys(JSValueConst object) {
  JSPropertyEnum *names;
  uint32_t count, n = 0;
  if (JS_GetOwnPropertyNames(ctx, &names, &count, object, JS_GPN_STRING_MASK | JS_GPN_SYMBOL_MASK)) return JS_EXCEPTION;
  JSValue keys = JS_NewArray(ctx);
  for (uint32_t i = 0; i < count; i++)
    if (visible_key(names[i].atom) && !is_inside(object, names[i].atom)) JS_DefinePropertyValueUint32(ctx, keys, n++, JS_AtomToValue(ctx, names[i].atom), JS_PROP_C_W_E);
  JS_FreePropertyEnum(ctx, names, count);
  return keys;
}

/* [flags, value, getter, setter] or undefined; always configurable, as a Proxy's answer must be */
static JSValue serve_describe(JSValueConst object, JSAtom key) {
  JSPropertyDescriptor own;
  int there = JS_GetOwnProperty(ctx, &own, object, key);
  if (there <= 0) return there < 0 ? JS_EXCEPTION : JS_UNDEFINED;
  if (key == JS_ATOM_prototype) note_prototype(own.value);
  JSValue answer = JS_NewArray(ctx);
  JSValue parts[4] = {JS_NewInt32(ctx, own.flags & (JS_PROP_WRITABLE | JS_PROP_ENUMERABLE | JS_PROP_GETSET)), own.value, own.getter, own.setter};
  for (int i = 0; i < 4; i++) JS_DefinePropertyValueUint32(ctx, answer, i, parts[i], JS_PROP_C_W_E);
  return answer;
}

static JSValue serve_define(JSValueConst object, JSAtom key, JSValueConst description) {
  JSPropertyDescriptor wanted;
  if (is_read_only(object, key)) return JS_FALSE;
  if (js_obj_to_desc(ctx, &wanted, description) < 0) return JS_EXCEPTION;
  int done = JS_DefineProperty(ctx, object, key, wanted.value, wanted.getter, wanted.setter, wanted.flags);
  js_free_desc(ctx, &wanted);
  return truth(done);
}

static JSValue serve_delete(JSValueConst object, JSAtom key) {
  if (is_read_only(object, key)) return JS_FALSE;
  return truth(JS_DeleteProperty(ctx, object, key, 0));
}

/* A built-in's method on an object whose inside it needs. */
static JSValue serve_invoke(JSValueConst object, JSAtom key, int argc, JSValueConst *argv) {
  Found found = find_key(object, key);
  JSValue method = found.kind == LENT ? JS_GetPropertyInternal(ctx, found.holder, key, object, false) : JS_UNDEFINED;
  JS_FreeValue(ctx, found.holder);
  if (JS_IsException(method)) return JS_EXCEPTION;
  JSValue result = JS_IsFunction(ctx, method) ? JS_Call(ctx, method, object, argc, argv) : JS_ThrowTypeError(ctx, "not a function");
  JS_FreeValue(ctx, method);
  return result;
}

static JSValue serve_construct(JSValueConst object, int argc, JSValueConst *argv) {
  JSValueConst target = argc && JS_IsObject(argv[0]) ? argv[0] : object;
  if (!JS_IsConstructor(ctx, object) || !JS_IsConstructor(ctx, target)) return JS_ThrowTypeError(ctx, "not a constructor");
  return JS_CallConstructor2(ctx, object, target, argc ? argc - 1 : 0, argc ? argv + 1 : argv);
}

static JSValue serve_keyed(uint32_t op, JSValueConst object, JSAtom key, int argc, JSValueConst *argv, uint32_t *status) {
  if (is_inside(object, key)) return op == OP_GET || op == OP_DESCRIBE ? JS_UNDEFINED : op == OP_INVOKE ? JS_ThrowTypeError(ctx, "not a function") : JS_FALSE;
  switch (op) {
  case OP_GET: return serve_get(object, key, status);
  case OP_SET: return serve_set(object, key, argc > 1 ? argv[1] : JS_UNDEFINED);
  case OP_HAS: return serve_has(object, key, status);
  case OP_DELETE: return serve_delete(object, key);
  case OP_DESCRIBE: return serve_describe(object, key);
  case OP_DEFINE: return argc > 1 && JS_IsObject(argv[1]) ? serve_define(object, key, argv[1]) : JS_FALSE;
  case OP_INVOKE: return serve_invoke(object, key, argc - 1, argv + 1);
  }
  return JS_ThrowTypeError(ctx, "no such operation");
}

/* One operation of another's on an object of mine. */
static JSValue serve(uint32_t op, uint32_t id, int argc, JSValueConst *argv, uint32_t *status) {
  JSValue object = exported(id);
  if (JS_IsUndefined(object)) return JS_ThrowReferenceError(ctx, "no such handle");
  JSValue result;
  if (op == OP_APPLY) result = JS_Call(ctx, object, argc ? argv[0] : JS_UNDEFINED, argc ? argc - 1 : 0, argc ? argv + 1 : argv);
  else if (op == OP_CONSTRUCT) result = serve_construct(object, argc, argv);
  else if (op == OP_KEYS) result = serve_keys(object);
  else if (op == OP_PROTOTYPE) {
    note_prototype(result = JS_GetPrototype(ctx, object));
    if (JS_IsObject(result) && intrinsic_of(result)) *status |= STATUS_INHERIT;
  }
  else if (!argc) result = JS_ThrowTypeError(ctx, "no such operation");
  else {
    JSAtom key = JS_ValueToAtom(ctx, argv[0]);
    result = key == JS_ATOM_NULL ? JS_EXCEPTION : serve_keyed(op, object, key, argc, argv, status);
    JS_FreeAtom(ctx, key);
  }
  JS_FreeValue(ctx, object);
  return result;
}

/* ---- my stand-in for an object of another's ---------------------------------------------------- */

static JSValue remote_traps, callable_target, constructor_target;

static JSValue invoke_at_home(JSContext *c, JSValueConst self, int argc, JSValueConst *argv, int magic, JSValueConst *data) {
  (void)magic;
  uint32_t handle = JS_IsObject(self) ? handle_of(self) : 0, status; /* taken from one stand-in, it may be called on another */
  if (!handle) handle = handle_of(data[0]);
  JSValue *all = take((argc + 1) * sizeof *all);
  all[0] = JS_DupValue(c, data[1]);
  for (int i = 0; i < argc; i++) all[i + 1] = JS_DupValue(c, argv[i]);
  JSValue result = call_out(KIND_CALL, OP_INVOKE, handle, argc + 1, vc(all), &status);
  for (int i = 0; i <= argc; i++) JS_FreeValue(c, all[i]);
  free(all);
  return result;
}

/* Handlers do not know their proxy; the table does. */
static JSValue stand_in(uint32_t handle) {
  Slot *slot = table_find(&remote_by_handle, handle);
  return slot ? JS_DupValue(ctx, JS_MKPTR(JS_TAG_OBJECT, (void *)slot->value)) : JS_UNDEFINED;
}

static JSValue trap_get(JSContext *c, uint32_t handle, JSValueConst *argv, int op) {
  uint32_t status = 0;
  JSValue answer = call_out(KIND_CALL, op, handle, 1, argv + 1, &status);
  if (status & STATUS_METHOD && !JS_IsException(answer)) {
    JS_FreeValue(c, answer);
    JSValue data[2] = {stand_in(handle), JS_DupValue(c, argv[1])};
    answer = JS_NewCFunctionData(c, invoke_at_home, 0, 0, 2, vc(data));
    JS_FreeValue(c, data[0]);
    JS_FreeValue(c, data[1]);
  } else if (status & STATUS_INHERIT && JS_IsObject(answer)) {
    JSAtom key = JS_ValueToAtom(c, argv[1]);
    JSValue found = op == OP_GET ? JS_GetPropertyInternal(c, answer, key, argv[2], false) : truth(JS_HasProperty(c, answer, key));
    JS_FreeAtom(c, key);
    JS_FreeValue(c, answer);
    answer = found;
  }
  return answer;
}

static JSValue trap_describe(JSContext *c, uint32_t handle, JSValueConst *argv) {
  uint32_t status;
  JSValue answer = call_out(KIND_CALL, OP_DESCRIBE, handle, 1, argv + 1, &status);
  if (!JS_IsArray(answer)) return answer;
  JSValue flags = JS_GetPropertyUint32(c, answer, 0), description = JS_NewObject(c);
  int32_t set = 0;
  JS_ToInt32(c, &set, flags);
  static const char *const ACCESSOR[] = {"get", "set"};
  if (set & JS_PROP_GETSET)
    for (int i = 0; i < 2; i++) JS_DefinePropertyValueStr(c, description, ACCESSOR[i], JS_GetPropertyUint32(c, answer, 2 + i), JS_PROP_C_W_E);
  else {
    JS_DefinePropertyValueStr(c, description, "value", JS_GetPropertyUint32(c, answer, 1), JS_PROP_C_W_E);
    JS_DefinePropertyValueStr(c, description, "writable", JS_NewBool(c, set & JS_PROP_WRITABLE), JS_PROP_C_W_E);
  }
  JS_DefinePropertyValueStr(c, description, "enumerable", JS_NewBool(c, set & JS_PROP_ENUMERABLE), JS_PROP_C_W_E);
  JS_DefinePropertyValueStr(c, description, "configurable", JS_TRUE, JS_PROP_C_W_E);
  JS_FreeValue(c, flags);
  JS_FreeValue(c, answer);
  return description;
}

/* An ordinary object's set: on the receiver, as if nobody in the chain knew the key. */
static JSValue set_on_receiver(JSContext *c, JSValueConst *argv, JSValue from) {
  JSAtom key = JS_ValueToAtom(c, argv[1]);
  JSValue result = key == JS_ATOM_NULL ? JS_EXCEPTION : truth(JS_SetPropertyInternal2(c, from, key, JS_DupValue(c, argv[2]), argv[3], 0));
  JS_FreeAtom(c, key);
  JS_FreeValue(c, from);
  return result;
}

/* set: (target, key, value, receiver). Where a stand-in is only in the receiver's chain (a class that extends another owner's),
   it answers for setters and read-only keys, and the receiver is what changes. */
static JSValue trap_set(JSContext *c, uint32_t handle, JSValueConst *argv) {
  uint32_t status;
  Slot *self = table_find(&remote_by_handle, handle);
  if (!JS_IsObject(argv[3]) || (self && (uintptr_t)JS_VALUE_GET_PTR(argv[3]) == self->value)) return call_out(KIND_CALL, OP_SET, handle, 2, argv + 1, &status);
  JSValue answer = call_out(KIND_CALL, OP_DESCRIBE, handle, 1, argv + 1, &status);
  if (JS_IsException(answer)) return answer;
  if (!JS_IsArray(answer)) {
    JS_FreeValue(c, answer);
    JSValue next = call_out(KIND_CALL, OP_PROTOTYPE, handle, 0, NULL, &status);
    if (JS_IsException(next)) return next;
    return set_on_receiver(c, argv, JS_IsObject(next) ? next : JS_NewObjectProto(c, JS_NULL));
  }
  JSValue flags = JS_GetPropertyUint32(c, answer, 0), setter = JS_GetPropertyUint32(c, answer, 3), result = JS_FALSE;
  int32_t set = 0;
  JS_ToInt32(c, &set, flags);
  if (set & JS_PROP_GETSET) {
    if (JS_IsFunction(c, setter)) {
      JSValue done = JS_Call(c, setter, argv[3], 1, argv + 2);
      result = JS_IsException(done) ? done : JS_TRUE;
      if (!JS_IsException(done)) JS_FreeValue(c, done);
    }
  } else if (set & JS_PROP_WRITABLE) result = set_on_receiver(c, argv, JS_NewObjectProto(c, JS_NULL));
  JS_FreeValue(c, flags);
  JS_FreeValue(c, setter);
  JS_FreeValue(c, answer);
  return result;
}

/* apply: (target, this, list); construct: (target, list, newTarget) */
static JSValue trap_call(JSContext *c, uint32_t handle, JSValueConst *argv, int op) {
  JSValueConst list = argv[op == OP_APPLY ? 2 : 1];
  int64_t n;
  uint32_t status;
  if (JS_GetLength(c, list, &n)) return JS_EXCEPTION;
  JSValue *all = take((n + 1) * sizeof *all);
  bool itself = op == OP_CONSTRUCT && handle_of(argv[2]) == handle;
  all[0] = op == OP_APPLY ? JS_DupValue(c, argv[1]) : itself ? JS_UNDEFINED : JS_DupValue(c, argv[2]);
  for (int64_t i = 0; i < n; i++) all[i + 1] = JS_GetPropertyInt64(c, list, i);
  JSValue result = call_out(KIND_CALL, op, handle, n + 1, vc(all), &status);
  for (int64_t i = 0; i <= n; i++) JS_FreeValue(c, all[i]);
  free(all);
  return result;
}

static JSValue trap(JSContext *c, JSValueConst self, int argc, JSValueConst *argv, int op) {
  (void)argc;
  uint32_t handle = handle_of_handler(self), status;
  if (!handle) return JS_ThrowTypeError(c, "not a handle");
  switch (op) {
  case OP_GET: case OP_HAS: return trap_get(c, handle, argv, op);
  case OP_SET: return trap_set(c, handle, argv);
  case OP_DEFINE: return call_out(KIND_CALL, op, handle, 2, argv + 1, &status);
  case OP_DELETE: return call_out(KIND_CALL, op, handle, 1, argv + 1, &status);
  case OP_DESCRIBE: return trap_describe(c, handle, argv);
  case OP_KEYS: case OP_PROTOTYPE: return call_out(KIND_CALL, op, handle, 0, NULL, &status);
  case OP_APPLY: case OP_CONSTRUCT: return trap_call(c, handle, argv, op);
  }
  return JS_FALSE; /* setPrototypeOf, preventExtensions: refused */
}

static const struct { const char *name; int op; } TRAPS[] = {
  {"get", OP_GET}, {"set", OP_SET}, {"has", OP_HAS}, {"deleteProperty", OP_DELETE}, {"apply", OP_APPLY}, {"construct", OP_CONSTRUCT},
  {"ownKeys", OP_KEYS}, {"getOwnPropertyDescriptor", OP_DESCRIBE}, {"getPrototypeOf", OP_PROTOTYPE}, {"defineProperty", OP_DEFINE},
  {"setPrototypeOf", 0}, {"preventExtensions", 0}};

/* A function without own keys and prototype: a Proxy's invariants look at its target. */
static JSValue bare_target(const char *source) {
  JSValue made = JS_Eval(ctx, source, strlen(source), "valgate:engine", JS_EVAL_TYPE_GLOBAL);
  JSAtom bind = JS_NewAtom(ctx, "bind");
  JSValue bound = JS_Invoke(ctx, made, bind, 0, NULL);
  JS_FreeAtom(ctx, bind);
  JS_DeleteProperty(ctx, bound, JS_ATOM_name, 0);
  JS_DeleteProperty(ctx, bound, JS_ATOM_length, 0);
  JS_SetPrototype(ctx, bound, JS_NULL);
  JS_FreeValue(ctx, made);
  return bound;
}

/* The engine forgets that what a trap describes with `get` or `set` is an accessor. */
static int own_property_of_proxy(JSContext *c, JSPropertyDescriptor *found, JSValueConst proxy, JSAtom key) {
  int there = js_proxy_get_own_property(c, found, proxy, key);
  if (there > 0 && found && found->flags & (JS_PROP_HAS_GET | JS_PROP_HAS_SET)) found->flags |= JS_PROP_GETSET;
  return there;
}
static JSClassExoticMethods proxy_methods;

static void remote_boot(void) {
  proxy_methods = js_proxy_exotic_methods;
  proxy_methods.get_own_property = own_property_of_proxy;
  rt->class_array[JS_CLASS_PROXY].exotic = &proxy_methods;
  JS_NewClassID(rt, &remote_class);
  JS_NewClass(rt, remote_class, &remote_definition);
  remote_traps = JS_NewObjectProto(ctx, JS_NULL);
  for (uint32_t i = 0; i < countof(TRAPS); i++)
    JS_SetPropertyStr(ctx, remote_traps, TRAPS[i].name, JS_NewCFunctionMagic(ctx, trap, "valgate:handle", 3, JS_CFUNC_generic_magic, TRAPS[i].op));
  callable_target = bare_target("(() => {})");
  constructor_target = bare_target("(function () {})");
}

static JSValue make_mirror(uint32_t handle) {
  JSValue on[2], promise = JS_NewPromiseCapability(ctx, on);
  if (JS_IsException(promise)) return promise;
  Mirror *mirror = take(sizeof *mirror);
  *mirror = (Mirror){JS_DupValue(ctx, promise), on[0], on[1], mirrors_given};
  table_put(&mirror_by_handle, handle, (uintptr_t)mirror);
  table_put(&mirror_by_object, (uintptr_t)JS_VALUE_GET_PTR(promise), handle);
  return promise;
}

static JSValue make_remote(uint32_t handle, uint32_t flags) {
  Slot *mirror = table_find(&mirror_by_handle, handle);
  if (mirror) return JS_DupValue(ctx, ((Mirror *)mirror->value)->promise);
  Slot *known = table_find(&remote_by_handle, handle);
  if (known) return JS_DupValue(ctx, JS_MKPTR(JS_TAG_OBJECT, (void *)known->value));
  if (flags & REF_PROMISE) return make_mirror(handle);
  keep_handle(handle);
  JSValue handler = JS_NewObjectProtoClass(ctx, remote_traps, remote_class);
  JS_SetOpaque(handler, (void *)(uintptr_t)handle);
  JSValue target = !(flags & REF_CALLABLE) ? JS_NewObjectProto(ctx, JS_NULL) : JS_DupValue(ctx, flags & REF_CONSTRUCTOR ? constructor_target : callable_target);
  JSValue proxy = JS_NewProxy(ctx, target, handler);
  if (!JS_IsException(proxy)) table_put(&remote_by_handle, handle, (uintptr_t)JS_VALUE_GET_PTR(proxy));
  JS_FreeValue(ctx, target);
  JS_FreeValue(ctx, handler);
  return proxy;
}

/* A promise I mirrored has settled at home. */
static JSValue settle_mirror(uint32_t handle, bool threw, JSValueConst value) {
  Slot *slot = table_find(&mirror_by_handle, handle);
  if (!slot) return JS_UNDEFINED;
  Mirror *mirror = (Mirror *)slot->value;
  table_remove(&mirror_by_handle, handle);
  table_remove(&mirror_by_object, (uintptr_t)JS_VALUE_GET_PTR(mirror->promise));
  release_handle(handle);
  if (mirror->given) ((JSPromiseData *)JS_GetOpaque(mirror->promise, JS_CLASS_PROMISE))->is_handled = true;
  JSValue done = JS_Call(ctx, threw ? mirror->reject : mirror->resolve, JS_UNDEFINED, 1, &value);
  JS_FreeValue(ctx, mirror->promise);
  JS_FreeValue(ctx, mirror->resolve);
  JS_FreeValue(ctx, mirror->reject);
  free(mirror);
  return done;
}

/* The order in which hot functions of the engine take their arguments.

   Cranelift passes a function's first four arguments in registers and the others on the stack: there it writes 32 bits of a 32-bit
   argument and the callee reads 64, which the processor cannot forward from its store buffer; each such call waits some fifteen
   cycles. A value is 64 bits wide and does not wait. So numbers and pointers go first, values last. The names are macros before
   quickjs.c is read, so that declarations, definitions and calls all change alike; what they do does not.
   Elsewhere (tests/fuzz) a value is a literal with commas in it, and no argument of such macros. */
#ifdef __wasm__
#define JS_CallInternal(ctx, function, self, target, argc, argv, flags) JS_CallInternal(ctx, argc, argv, flags, function, self, target)
#define JS_Call(ctx, function, self, argc, argv) JS_Call(ctx, argc, argv, function, self)
#define JS_CallFree(ctx, function, self, argc, argv) JS_CallFree(ctx, argc, argv, function, self)
#define JS_CallConstructorInternal(ctx, function, target, argc, argv, flags) JS_CallConstructorInternal(ctx, argc, argv, flags, function, target)
#define JS_CallConstructor2(ctx, function, target, argc, argv) JS_CallConstructor2(ctx, argc, argv, function, target)
#define JS_Invoke(ctx, self, name, argc, argv) JS_Invoke(ctx, name, argc, argv, self)
#define JS_InvokeFree(ctx, self, name, argc, argv) JS_InvokeFree(ctx, name, argc, argv, self)
#define JS_IteratorNext(ctx, iterator, method, argc, argv, done) JS_IteratorNext(ctx, argc, argv, done, iterator, method)
#define JS_IteratorNext2(ctx, iterator, method, argc, argv, done) JS_IteratorNext2(ctx, argc, argv, done, iterator, method)

#define JS_GetPropertyInternal(ctx, object, name, self, throws) JS_GetPropertyInternal(ctx, name, throws, object, self)
#define JS_SetPropertyInternal(ctx, object, name, value, flags) JS_SetPropertyInternal(ctx, name, flags, object, value)
#define JS_SetPropertyInternal2(ctx, object, name, value, self, flags) JS_SetPropertyInternal2(ctx, name, flags, object, value, self)
#define JS_SetPropertyValue(ctx, object, name, value, flags) JS_SetPropertyValue(ctx, flags, object, name, value)
#define JS_CreateProperty(ctx, object, name, value, get, set, flags) JS_CreateProperty(ctx, object, name, flags, value, get, set)
#define JS_DefineProperty(ctx, object, name, value, get, set, flags) JS_DefineProperty(ctx, name, flags, object, value, get, set)
#define JS_DefinePropertyValue(ctx, object, name, value, flags) JS_DefinePropertyValue(ctx, name, flags, object, value)
#define JS_DefinePropertyValueConst(ctx, object, name, value, flags) JS_DefinePropertyValueConst(ctx, name, flags, object, value)
#define JS_DefinePropertyValueValue(ctx, object, name, value, flags) JS_DefinePropertyValueValue(ctx, flags, object, name, value)
#define JS_DefinePropertyValueUint32(ctx, object, index, value, flags) JS_DefinePropertyValueUint32(ctx, index, flags, object, value)
#define JS_DefinePropertyValueInt64(ctx, object, index, value, flags) JS_DefinePropertyValueInt64(ctx, index, flags, object, value)
#define JS_CreateDataPropertyUint32(ctx, object, index, value, flags) JS_CreateDataPropertyUint32(ctx, index, flags, object, value)

/* What a class does when one of its objects is called: the type, the pointer, and who stands behind it. */
#define IN_ORDER(name, ctx, function, self, argc, argv, flags) name(ctx, argc, argv, flags, function, self)
#define JSClassCall(...) IN_ORDER(JSClassCall, __VA_ARGS__)
#define call_func(...) IN_ORDER(call_func, __VA_ARGS__)
#define js_call_c_function(...) IN_ORDER(js_call_c_function, __VA_ARGS__)
#define js_call_c_function_data(...) IN_ORDER(js_call_c_function_data, __VA_ARGS__)
#define js_call_c_closure(...) IN_ORDER(js_call_c_closure, __VA_ARGS__)
#define js_call_bound_function(...) IN_ORDER(js_call_bound_function, __VA_ARGS__)
#define js_call_generator_function(...) IN_ORDER(js_call_generator_function, __VA_ARGS__)
#define js_proxy_call(...) IN_ORDER(js_proxy_call, __VA_ARGS__)
#define js_promise_resolve_function_call(...) IN_ORDER(js_promise_resolve_function_call, __VA_ARGS__)
#define js_async_function_call(...) IN_ORDER(js_async_function_call, __VA_ARGS__)
#define js_async_function_resolve_call(...) IN_ORDER(js_async_function_resolve_call, __VA_ARGS__)
#define js_async_generator_function_call(...) IN_ORDER(js_async_generator_function_call, __VA_ARGS__)

#endif

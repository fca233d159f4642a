/* The guest: one import that carries authority, one main(), one loop of reply-or-request. See ABI.md.

   Exports: boot(stack) and load(length) for the image builder, main(stack, depth, message, got) for a life, buffer(length). */
#include "order.h"
#include "quickjs.c"
#include <malloc.h>
#include "wire.h"
#include "heap.c"
#include "libc.c"
#include "memory.c"
#include "exports.c"
#include "encode.c"
#include "decode.c"
#include "remote.c"
#include "text.c"
#include "messages.c"
#include "requests.c"
#include "glue.c"

#define EXPORT(name) __attribute__((export_name(name)))
#include "image.c"

/* ---- a life ------------------------------------------------------------------------------------------ */

/* A RESULT that is left where it lies, for the kernel to read: where, and how long. */
static uint64_t left(Encoder *e, uint32_t op) {
  uint32_t n;
  uint8_t *message = written(e, KIND_RESULT, op, 0, &n);
  return (uint64_t)n << 32 | (uint32_t)(uintptr_t)message;
}

static __attribute__((noinline)) uint64_t live(uint32_t stack, uint32_t depth, uint32_t message, uint32_t got) {
  max_depth = depth;
  max_message = message;
  JS_SetMaxStackSize(rt, stack);
  JS_UpdateStackTop(rt);
  Encoder e = {0};
  spoke = false; /* what an image was made of has spoken */
  if (!got) got = send(&e, KIND_READY, 0, 0);
  for (;;) {
    InHead head = {0};
    Values values;
    uint32_t op;
    bool good = receive(got, false, &head, &values);
    if (!good && !head.kind) __builtin_trap();
    answer_request(&e, &op, &head, &values, good);
    if (op == RESULT_FINISHED && !spoke) return left(&e, op); /* nobody knows of it who could ask it anything more */
    got = send(&e, KIND_RESULT, op, 0);
    if (!got) return 0; /* it is over: the kernel wipes all of this */
  }
}

#define STACK_MARGIN (128u << 10) /* for what does not measure: see C_STACK in build.py */

/* `got` is the length of a first request that the kernel has put into the inbox already, or 0: then the guest asks for one.
   A stack that does not fit in front of the heap is taken from the heap: the compiler nests deeper than any val may. */
EXPORT("main") uint64_t guest_main(uint32_t stack, uint32_t depth, uint32_t message, uint32_t got) {
#ifdef __wasm__ /* elsewhere (tests/fuzz) stacks are the system's */
  if (stack > (uintptr_t)__builtin_frame_address(0) - STACK_MARGIN) {
    uintptr_t top = ((uintptr_t)take(stack + STACK_MARGIN) + stack + STACK_MARGIN) & ~(uintptr_t)15;
    __asm__ volatile("local.get %0\n\tglobal.set __stack_pointer" : : "r"(top) : "memory");
  }
#endif
  return live(stack, depth, message, got);
}

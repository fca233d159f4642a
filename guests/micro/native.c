/* The measure of the engine's speed: the same quickjs-ng as a program of this machine. `native FILE` runs the function that the file
   holds, in a fresh runtime, and prints its result and the milliseconds of the call. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "quickjs.h"

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e3 + time.tv_nsec / 1e6;
}

static char *text_of(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  if (!file) return NULL;
  fseek(file, 0, SEEK_END);
  *length = ftell(file);
  rewind(file);
  char *text = calloc(1, *length + 1);
  bool whole = text && fread(text, 1, *length, file) == *length;
  fclose(file);
  return whole ? text : NULL;
}

int main(int argc, char **argv) {
  size_t length;
  char *source = argc == 2 ? text_of(argv[1], &length) : NULL;
  if (!source) return fprintf(stderr, "usage: native FILE\n"), 2;
  JSRuntime *runtime = JS_NewRuntime();
  JSContext *context = JS_NewContext(runtime);
  JSValue function = JS_Eval(context, source, length, argv[1], JS_EVAL_TYPE_GLOBAL | JS_EVAL_FLAG_STRICT);
  double began = now();
  JSValue result = JS_Call(context, function, JS_UNDEFINED, 0, NULL);
  double took = now() - began, number = 0;
  if (JS_IsException(result) || JS_ToFloat64(context, &number, result)) {
    fprintf(stderr, "%s\n", JS_ToCString(context, JS_GetException(context)));
    return 1;
  }
  printf("%.17g %.3f\n", number, took);
  return 0; /* the runtime ends with the process: its end is not measured */
}

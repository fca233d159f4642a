/* What guest and kernel say to each other: ABI.md in numbers. kernel/wire.py holds the other copy; a test compares the two. */
#ifndef VALGATE_WIRE_H
#define VALGATE_WIRE_H
#include <stdint.h>

/* guest -> kernel: Head, refs[nrefs], released[nreleased], payload */
typedef struct { uint32_t inbox, capacity, kind, op, target, nrefs, nreleased; } Head;
/* kernel -> guest: InHead, refs[nrefs], released[nreleased], payload */
typedef struct { uint32_t kind, op, target, nrefs, nreleased; } InHead;

enum { KIND_CALL = 1, KIND_RESULT, KIND_READY, KIND_FETCH, KIND_SETTLE, KIND_WAIT, KIND_EXHAUSTED };
enum { KIND_REPLY = 1, KIND_REQUEST = 2 };

/* low byte of a RESULT's op, handed on as a REPLY's op */
enum { STATUS_THREW = 1, STATUS_INHERIT = 2, STATUS_METHOD = 4 };
/* what only the kernel reads of a RESULT's op */
enum { RESULT_JOBS = 0x100, RESULT_FINISHED = 0x200, RESULT_ATTENTION = 0x400 };
/* a REQUEST made while nothing else is open: run the jobs before the RESULT */
enum { REQUEST_PUMP = 0x100 };

enum {
  OP_GET = 1, OP_SET, OP_HAS, OP_DELETE, OP_APPLY, OP_CONSTRUCT, OP_KEYS, OP_DESCRIBE, OP_PROTOTYPE, OP_DEFINE, OP_INVOKE,
  OP_ENTER = 20, OP_LOAD, OP_PUMP, OP_SETTLED, OP_END, OP_PURE, OP_SEAL, OP_PREPARE,
};

/* a reference word: id << 4 | flags; HANDLE: a number in the reader's table, else an export of the reader's (the writer's, on the way out) */
enum { REF_HANDLE = 1, REF_CALLABLE = 2, REF_CONSTRUCTOR = 4, REF_PROMISE = 8 };

enum {
  TAG_UNDEFINED, TAG_NULL, TAG_TRUE, TAG_FALSE, TAG_INT, TAG_FLOAT, TAG_STRING, TAG_BIGINT,
  TAG_ARRAY, TAG_OBJECT, TAG_NULL_OBJECT, TAG_MAP, TAG_SET, TAG_DATE, TAG_REGEXP, TAG_BUFFER, TAG_TYPED, TAG_DATAVIEW,
  TAG_BOXED, TAG_ERROR, TAG_BACK, TAG_REF, TAG_INTRINSIC, TAG_SYMBOL_FOR, TAG_SYMBOL_KNOWN, TAG_HOLE, TAG_DOM_EXCEPTION, TAG_PLATFORM,
};
/* distinct references of one message */
enum { MOST_REFS = 16384 };
#endif

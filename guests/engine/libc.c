/* What libc wants from a system, answered here: there is no file, no environment, no WASI.
   The build fails on any import but memory, kernel.call, kernel.clock and kernel.random. */
#include <stdint.h>

__attribute__((import_module("kernel"), import_name("call"))) int32_t kernel_call(const void *message, uint32_t length);
__attribute__((import_module("kernel"), import_name("clock"))) int64_t kernel_clock(void);   /* nanoseconds since 1970 */
__attribute__((import_module("kernel"), import_name("random"))) int64_t kernel_random(void); /* 64 fresh bits */

#define BADF 8
#define WASI(name, ...) int32_t __imported_wasi_snapshot_preview1_##name(__VA_ARGS__)
WASI(fd_fdstat_get, int32_t fd, int32_t out) { return (void)fd, (void)out, BADF; }
WASI(fd_seek, int32_t fd, int64_t to, int32_t whence, int32_t out) { return (void)fd, (void)to, (void)whence, (void)out, BADF; }
WASI(fd_write, int32_t fd, int32_t vectors, int32_t n, int32_t out) { return (void)fd, (void)vectors, (void)n, (void)out, BADF; }
WASI(clock_time_get, int32_t id, int64_t precision, int32_t out) { return (void)id, (void)precision, *(int64_t *)(uintptr_t)out = kernel_clock(), 0; }
_Noreturn void __imported_wasi_snapshot_preview1_proc_exit(int32_t code) { (void)code, __builtin_trap(); }
/* This one under libc's own name: its import cannot be shadowed. */
int close(int fd) { return (void)fd, -1; }

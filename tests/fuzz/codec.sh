#!/bin/sh
# Fuzz the guest's codec with sanitizers: tests/fuzz/codec.sh [SEED [SECONDS]]. Needs a built guest (make guests) and gcc or clang.
set -e
cd "$(dirname "$0")/../.."
quickjs=guests/.build/quickjs
out=guests/.build/fuzz
mkdir -p "$out"
flags="-g -O1 -w -D_GNU_SOURCE -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize=alignment,shift,nonnull-attribute -fno-sanitize-recover=undefined"
if [ ! -e "$out/codec" ] || [ -n "$(find guests/engine tests/fuzz guests/.build/edited "$quickjs" -newer "$out/codec" -name '*.[ch]')" ]; then
  for name in libregexp libunicode dtoa; do
    ${CC:-cc} $flags -c "$quickjs/$name.c" -o "$out/$name.o"
  done
  ${CC:-cc} $flags -Dclose=valgate_close -Iguests/.build/edited -I"$quickjs" -Iguests/engine -c tests/fuzz/codec.c -o "$out/codec.o"
  ${CC:-cc} $flags "$out"/*.o -lm -lpthread -o "$out/codec"
fi
ulimit -s unlimited 2>/dev/null || true
ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1:detect_stack_use_after_return=0 "$out/codec" "${1:-1}" "${2:-60}"

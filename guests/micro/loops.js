// Nested loops over numbers and an array: a sieve, and a sum that wraps.
() => {
  const size = 200_000, composite = new Uint8Array(size);
  let primes = 0, sum = 0;
  for (let i = 2; i < size; i++) {
    if (composite[i]) continue;
    primes++;
    for (let j = i * 2; j < size; j += i) composite[j] = 1;
  }
  for (let i = 0; i < 500_000; i++) sum = (sum * 31 + i) | 0;
  return primes * 1000 + (sum & 511);
};

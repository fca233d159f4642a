// Calls and nothing else: Fibonacci's numbers as they are defined.
() => {
  const fib = (n) => (n < 2 ? n : fib(n - 1) + fib(n - 2));
  return fib(29);
};

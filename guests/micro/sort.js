// A hundred thousand numbers in no order, sorted with a comparison.
() => {
  const size = 100_000, list = new Array(size);
  let seed = 42;
  for (let i = 0; i < size; i++) {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    list[i] = seed >>> 4;
  }
  list.sort((a, b) => a - b);
  let wrong = 0;
  for (let i = 1; i < size; i++) if (list[i - 1] > list[i]) wrong++;
  return list[0] + list[size >> 1] + list[size - 1] + wrong;
};

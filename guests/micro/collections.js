// Maps and Sets: numbers and texts as keys, filled, asked, walked and emptied.
() => {
  const byText = new Map(), byNumber = new Map(), seen = new Set();
  let sum = 0;
  for (let i = 0; i < 20_000; i++) {
    byNumber.set(i * 7, i);
    byText.set("key" + (i % 5000), i);
    seen.add(i % 999);
  }
  for (let i = 0; i < 40_000; i++) if (byNumber.has(i)) sum += byNumber.get(i);
  for (let i = 0; i < 10_000; i++) sum += byText.get("key" + i) ?? 1;
  for (const [key, value] of byNumber) sum += key - value;
  for (let i = 0; i < 20_000; i++) byNumber.delete(i * 7);
  return sum + seen.size + byNumber.size + byText.size;
};

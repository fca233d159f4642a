// Regular expressions as vals use them: dates, addresses, words, a template.
() => {
  let text = "";
  for (let i = 0; i < 3000; i++) text += `user${i}@host${i % 50}.example.com wrote on 2023-0${(i % 9) + 1}-1${i % 10}: hello, wide world ${i * 7}; `;
  let sum = 0;
  for (const [, year, month, day] of text.matchAll(/(\d{4})-(\d\d)-(\d\d)/g)) sum += Number(year) + Number(month) * Number(day);
  sum += text.match(/[\w.]+@[\w.]+\.\w+/g).length;
  sum += text.replace(/\b([a-z])([a-z]*)\b/g, (_, first, rest) => first.toUpperCase() + rest).length;
  sum += text.split(/[\s,;:]+/).length;
  sum += (text.match(/(?:hello|goodbye), (?:wide|small)? ?world/gi) || []).length;
  return sum;
};

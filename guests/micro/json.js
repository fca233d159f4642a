// A hundred kilobytes of rows as an API answers them, written and read ten times.
() => {
  const rows = [];
  for (let id = 0; id < 1000; id++)
    rows.push({ id, name: `row number ${id}`, active: id % 3 === 0, score: id * 1.25, tags: ["red", "green\n", "b\"lue"], owner: { id: id % 7, login: "somebody" } });
  let value = rows, length = 0;
  for (let i = 0; i < 10; i++) {
    const text = JSON.stringify(value);
    length += text.length;
    value = JSON.parse(text);
  }
  return length + value[999].score;
};

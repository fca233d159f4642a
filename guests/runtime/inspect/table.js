// console.table as Node draws it.
import { entries, items } from "./brand.js";
import { inspect } from "./inspect.js";
import { width } from "./layout.js";

const { hasOwn, keys } = Object;

function cell(value) {
  const deep = value !== null && typeof value === "object" && !Array.isArray(value) && keys(value).length > 2;
  return inspect(value, { maxArrayLength: 3, breakLength: Infinity, depth: deep ? -1 : 0 });
}

function drawn(heads, columns) {
  const rows = Math.max(...columns.map((column) => column.length));
  const widths = heads.map((head, i) => Math.max(width(head), ...columns[i].map((text) => width(text ?? ""))) + 2);
  const line = (texts) =>
    texts.map((text = "", i) => {
      const room = widths[i] - width(text);
      return " ".repeat(Math.floor(room / 2)) + text + " ".repeat(Math.ceil(room / 2));
    }).join("│");
  const rule = (left, middle, right) => left + widths.map((each) => "─".repeat(each)).join(middle) + right;
  const made = [rule("┌", "┬", "┐"), `│${line(heads)}│`, rule("├", "┼", "┤")];
  for (let i = 0; i < rows; i++) made.push(`│${line(columns.map((column) => column[i]))}│`);
  return [...made, rule("└", "┴", "┘")].join("\n");
}

// Of a Map or Set the items and, in front, which they are; else undefined.
function counted(data) {
  try {
    const all = entries(data);
    const at = all.filter((_, i) => i % 2 === 0);
    return drawn(["(iteration index)", "Key", "Values"], [at.map((_, i) => `${i}`), at.map(cell), at.map((_, i) => cell(all[2 * i + 1]))]);
  } catch {
    // no Map
  }
  try {
    const all = items(data);
    return drawn(["(iteration index)", "Values"], [all.map((_, i) => `${i}`), all.map(cell)]);
  } catch {
    return undefined;
  }
}

export function table(data, wanted) {
  const special = counted(data);
  if (special !== undefined) return special;
  const names = keys(data);
  const columns = Object.create(null);
  const values = [];
  let hasValues = false;
  for (let i = 0; i < names.length; i++) {
    const row = data[names[i]];
    if (row === null || (typeof row !== "object" && typeof row !== "function")) {
      values[i] = cell(row);
      hasValues = true;
      continue;
    }
    for (const name of wanted ?? keys(row)) {
      columns[name] ??= [];
      columns[name][i] = hasOwn(row, name) ? cell(row[name]) : "";
    }
  }
  const heads = keys(columns);
  const made = heads.map((head) => Array.from({ length: names.length }, (_, i) => columns[head][i] ?? ""));
  if (hasValues) {
    heads.push("Values");
    made.push(Array.from({ length: names.length }, (_, i) => values[i] ?? ""));
  }
  return drawn(["(index)", ...heads], [names, ...made]);
}

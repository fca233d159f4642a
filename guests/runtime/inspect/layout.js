// How parts become lines, as Node's util.inspect lays them out: one line if short, columns for long arrays, else one part a line.
const { max, min, round, sqrt, floor } = Math;
const WIDE = /[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3040-\u4dbf\u4e00-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1b000}-\u{1b001}\u{1f200}-\u{1f251}\u{1f300}-\u{1f64f}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u;
const NARROW = /[\0-\x1f\x7f-\x9f\u0300-\u036f\u200b-\u200f\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f\u{e0100}-\u{e01ef}]/u;
const ASCII = /^[ -~]*$/;

// Columns a text takes on a terminal.
export function width(text) {
  if (ASCII.test(text)) return text.length;
  let columns = 0;
  for (const character of text.normalize("NFC")) if (!NARROW.test(character)) columns += WIDE.test(character) ? 2 : 1;
  return columns;
}

const isNumeric = (value) => typeof value === "number" || typeof value === "bigint";

// Parts in columns, when they are many and of about one length; `values` says whether they are numbers, and stand to the right.
function columns(context, parts, values) {
  const count = context.maxArrayLength < parts.length ? parts.length - 1 : parts.length; // not "... n more items"
  const lengths = [];
  let total = 0;
  let longest = 0;
  for (let i = 0; i < count; i++) {
    lengths[i] = width(parts[i]);
    total += lengths[i] + 2;
    longest = max(longest, lengths[i]);
  }
  const room = longest + 2;
  if (room * 3 + context.indent >= context.breakLength || (total / room <= 5 && longest > 6)) return parts;
  const biased = max(room - 3 - sqrt(room - total / parts.length), 1);
  const wanted = min(round(sqrt(2.5 * biased * count) / biased), floor((context.breakLength - context.indent) / room), context.compact * 4, 15);
  if (wanted <= 1) return parts;
  let right = values !== undefined;
  for (let i = 0; right && i < parts.length; i++) right = isNumeric(values[i]);
  return rows(parts, lengths, count, wanted, right);
}

function rows(parts, lengths, count, wanted, right) {
  const widths = [];
  for (let column = 0; column < wanted; column++) {
    let widest = 0;
    for (let i = column; i < count; i += wanted) widest = max(widest, lengths[i]);
    widths[column] = widest + 2;
  }
  const made = [];
  for (let i = 0; i < count; i += wanted) {
    const end = min(i + wanted, count);
    let row = "";
    for (let j = i; j < end; j++) {
      const last = j === end - 1;
      const room = widths[j - i] + parts[j].length - lengths[j];
      const cell = last ? parts[j] : `${parts[j]}, `;
      row += right ? cell.padStart(last ? room - 2 : room) : last ? cell : cell.padEnd(room);
    }
    made.push(row);
  }
  if (count < parts.length) made.push(parts[count]);
  return made;
}

function isShort(context, parts, start, base) {
  let total = parts.length + start;
  if (total + parts.length > context.breakLength) return false;
  for (let i = 0; i < parts.length; i++) {
    total += parts[i].length;
    if (total > context.breakLength) return false;
  }
  return base === "" || !base.includes("\n");
}

// `base` [open parts close], for an object at `level`; `values` is the array the parts are of, if they are one's items.
export function joined(context, parts, base, [open, close], level, values) {
  const before = base ? `${base} ` : "";
  if (context.compact) {
    const count = parts.length;
    if (values !== undefined && count > 6) parts = columns(context, parts, values);
    if (context.current - level < context.compact && count === parts.length) {
      const start = parts.length + context.indent + open.length + base.length + 10;
      const line = isShort(context, parts, start, base) ? parts.join(", ") : "\n";
      if (!line.includes("\n")) return `${before}${open} ${line} ${close}`;
    }
  }
  const margin = `\n${" ".repeat(context.indent)}`;
  return `${before}${open}${margin}  ${parts.join(`,${margin}  `)}${margin}${close}`;
}

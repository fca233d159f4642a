// Writes the compiled body from the source, left to right, and remembers what came from where.
//
// The cursor only moves forward: text is copied, replaced by `put` and `skip`, or blanked.
// Every line terminator of the source is written exactly once, so the lines stay the val's own.

const LINE_END = /\r\n|[\n\r]/g;
const NOT_NEWLINE = /[^\n\r\u2028\u2029]/g;

/** Offsets at which lines start, as engines and editors count them: \n, \r\n and \r end a line. */
export function lineStarts(text) {
  const starts = [0];
  for (const end of text.matchAll(LINE_END)) starts.push(end.index + end[0].length);
  return starts;
}

/** The 1-based line and column (in UTF-16 units) of an offset. */
export function locate(starts, offset) {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle] <= offset) low = middle;
    else high = middle - 1;
  }
  return [low + 1, offset - starts[low] + 1];
}

export class Writer {
  constructor(source) {
    this.source = source;
    this.pos = 0;
    this.length = 0;
    this.parts = [];
    this.marks = [];
    this.methods = [];
    /** Whether the last thing written is the source's own text, up to the cursor. */
    this.verbatim = true;
    this.shift = 0;
    this.linear = 1;
  }

  /** Copy the source up to an offset. */
  copy(to) {
    if (to <= this.pos) return;
    this.mark(1);
    this.append(this.source.slice(this.pos, to));
    this.pos = to;
    this.verbatim = true;
  }

  /** Write text that stands for what follows the cursor. */
  put(text) {
    this.mark(0);
    this.append(text);
    this.verbatim = false;
  }

  /** Leave the source out up to an offset, but for its line terminators. */
  skip(to) {
    if (to <= this.pos) return;
    this.mark(0);
    this.append("\n".repeat(this.source.slice(this.pos, to).match(LINE_END)?.length ?? 0));
    this.pos = to;
    this.verbatim = false;
  }

  /** Write spaces instead of the source up to an offset: nothing after it moves. */
  blank(to) {
    if (to <= this.pos) return;
    this.mark(1);
    this.append(this.source.slice(this.pos, to).replace(NOT_NEWLINE, " "));
    this.pos = to;
    this.verbatim = false;
  }

  /** Take a statement or class member out; the semicolon keeps its neighbours apart. */
  remove(start, end) {
    this.copy(start);
    this.put(";");
    if (this.source.charCodeAt(start) === 10 || this.source.charCodeAt(start) === 13) return this.blank(end);
    this.pos = start + 1;
    this.blank(end);
  }

  append(text) {
    // A CR and an LF that were apart must not become one line's end.
    if (text[0] === "\n" && this.parts.at(-1)?.endsWith("\r")) text = ` ${text}`;
    if (text) this.parts.push(text);
    this.length += text.length;
  }

  mark(linear) {
    const shift = this.length - this.pos;
    if (linear && this.linear && shift === this.shift) return;
    this.marks.push([this.length, this.pos, linear]);
    this.shift = shift;
    this.linear = linear;
  }

  /** The offset in the source that an offset in what was written stands for. */
  origin(at) {
    const mark = this.marks.findLast(([start]) => start <= at);
    return mark ? mark[1] + mark[2] * (at - mark[0]) : Math.max(0, at);
  }

  /** Remember that the key of a method stands where the cursor is: its text alone is no expression. */
  method(name) {
    this.methods.push([this.length, name]);
  }

  /**
   * The text with a line's end behind it, its map, and where methods are named.
   *
   * A mark: [line, column, source line, source column, 1 if what follows runs along / 0 if it stands for that one place].
   */
  finish(starts) {
    this.mark(0);
    this.append("\n");
    const text = this.parts.join("");
    const lines = lineStarts(text);
    const map = this.marks.map(([at, from, linear]) => [...locate(lines, at), ...locate(starts, from), linear]);
    const methods = this.methods.map(([at, name]) => [...locate(lines, at), name]);
    return { text, map, methods };
  }
}

// globalThis.compile: the source of a val in, JSON out. It never throws.

import { Emitter } from "./emit.js";
import { pragmas } from "./jsx.js";
import { parse, progress, verify } from "./grammar.js";
import { SourceError } from "./nodes.js";
import { emitExpression, emitProgram } from "./program.js";
import { resolve } from "./scope.js";
import { lineStarts, locate } from "./writer.js";

const ACORN_PLACE = / \(\d+:\d+\)$/;

/** A name such that neither it nor it with `_…` behind is used in the source. */
function freshName(names) {
  const used = [...names].filter((name) => name.startsWith("$"));
  for (let i = 0; ; i++) {
    const name = `$${i || ""}`;
    if (!used.some((each) => each === name || each.startsWith(`${name}_`))) return name;
  }
}

/** Declarations for CommonJS names that the source uses and does not declare. */
function commonjs(walk) {
  const free = new Set(walk.uses.filter(([node]) => node.free).map(([node]) => node.name));
  if (free.has("module")) return `let module = {exports: {}}${free.has("exports") ? ", exports = module.exports" : ""};`;
  return free.has("exports") ? "let module = {exports: {}}, exports = module.exports;" : "";
}

function translate(source, starts) {
  const { expression, program } = parse(source);
  const walk = resolve(expression ?? program);
  const emitter = new Emitter(source, freshName(walk.names), pragmas(source));
  progress.parser = null;
  progress.emitter = emitter;
  const { form, name, head, tail } = expression ? emitExpression(emitter, expression) : emitProgram(emitter, program);
  const { text, map, methods } = emitter.writer.finish(starts);
  const temporaries = emitter.temporaries.length ? `let ${emitter.temporaries.join(", ")};` : "";
  const opening = `(${walk.awaits ? "async " : ""}function(${emitter.dollar}){"use strict";${temporaries}${commonjs(walk)}${head}`;
  const code = `${opening}\n${text}${tail}})`;
  verified(code, opening.length + 1, emitter.writer);
  const references = emitter.references.map(({ pos, ...rest }) => {
    const [line, column] = locate(starts, pos);
    return { ...rest, line, column };
  });
  return { ok: true, code, form, name, async: walk.awaits, references, map, methods };
}

/** Verify, and place what is wrong in the source. */
function verified(code, offset, writer) {
  try {
    verify(code);
  } catch (error) {
    if (typeof error.pos !== "number" || error.message.startsWith("Not enough stack")) throw new RangeError(error.message);
    throw new SourceError(writer.origin(error.pos - offset), error.message);
  }
}

/** Say what went wrong, and where; where is not always known exactly. */
function failure(error, source, starts) {
  const known = typeof error?.pos === "number" && (error instanceof SyntaxError || error instanceof SourceError);
  const pos = Math.min(known ? error.pos : (progress.emitter?.at ?? progress.parser?.start ?? 0), source.length);
  const [line, column] = locate(starts, pos);
  return { ok: false, message: known ? readable(error.message) : vague(error), line, column };
}

/** The parser's message without its place; a fragment's tag has no name. */
function readable(message) {
  return message.replace(ACORN_PLACE, "").replace("<undefined>", "<>");
}

function vague(error) {
  if (error instanceof RangeError) return "The code is nested too deeply";
  if (String(error?.message).includes("memory")) return "The code is too large to compile";
  return "The code cannot be understood from here on";
}

globalThis.compile = (text) => {
  let source = String(text);
  // A hashbang is a comment, and the val is not at the start of what runs.
  if (source.startsWith("#!")) source = `//${source.slice(2)}`;
  const starts = lineStarts(source);
  progress.parser = progress.emitter = null;
  try {
    return JSON.stringify(translate(source, starts));
  } catch (error) {
    return JSON.stringify(failure(error, source, starts));
  }
};

// Errors: who and what once, then where, then what else they hold. The engine's `stack` holds frames only.
import { prefix } from "./names.js";

const { hasOwn } = Object;

function read(error, name) {
  try {
    return error[name];
  } catch {
    return undefined;
  }
}

// "RangeError: too far", with the class where the name does not tell it.
function head(error, name, tag) {
  const own = read(error, "name");
  const message = read(error, "message");
  let title = own === undefined || own === null ? "Error" : String(own);
  const known = prefix(name, tag, "Error").slice(0, -1);
  if (known.startsWith("DOMException [")) title = known;
  else if (known !== title && (name === null || title.endsWith("Error"))) title = known.includes(title) ? known : `${known} [${title}]`;
  return message === undefined || message === "" ? title : `${title}: ${String(message)}`;
}

export function errorBase(context, error, name, tag, keys) {
  const stack = read(error, "stack");
  for (const each of ["name", "message", "stack"]) {
    const at = keys.indexOf(each);
    if (at !== -1 && !context.showHidden) keys.splice(at, 1);
  }
  for (const each of ["cause", "errors"]) {
    if (hasOwn(error, each) && !keys.includes(each) && (each === "cause" || Array.isArray(read(error, each)))) keys.push(each);
  }
  let base = head(error, name, tag);
  const frames = typeof stack === "string" ? stack.trimEnd() : "";
  if (frames === "") base = `[${base}]`;
  else base = frames.startsWith(base) || !/^\s*at /.test(frames) ? frames : `${base}\n${frames}`;
  return context.indent ? base.replaceAll("\n", `\n${" ".repeat(context.indent)}`) : base;
}

// console. The other half is host_api/capabilities/console.py; console.email is mail.js.
import inspect from "object-inspect";
import { install } from "./born.js";

const WRITE = 1;
const OPTIONS = { depth: 4, quoteStyle: "single" };

export function show(value, options = OPTIONS) {
  try {
    if (Error.isError?.(value)) return value.stack ? `${value}\n${value.stack}`.trimEnd() : `${value}`;
    return inspect(value, options);
  } catch {
    return "[not shown: it throws]";
  }
}

const plain = (value) => (typeof value === "string" ? value : show(value));
const DIRECTIVES = {
  __proto__: null,
  s: (value) => (typeof value === "object" && value !== null ? show(value) : String(value)),
  d: (value) => (typeof value === "object" ? "NaN" : String(Number(value))),
  i: (value) => String(parseInt(value, 10)),
  f: (value) => String(parseFloat(value)),
  j: (value) => JSON.stringify(value),
  o: show,
  O: show,
  c: () => "",
};

export function format(args) {
  if (typeof args[0] !== "string" || args.length < 2) return args.map(plain).join(" ");
  let next = 1;
  const head = args[0].replace(/%([sdifjoOc%])/g, (all, letter) => {
    if (letter === "%") return "%";
    return next < args.length ? DIRECTIVES[letter](args[next++]) : all;
  });
  return [head, ...args.slice(next).map(plain)].join(" ");
}

export function installConsole(host, global) {
  const counts = Object.create(null);
  const timers = Object.create(null);
  let indent = "";
  const write = (level, text) => void host.call("console", WRITE, level, indent ? text.replace(/^/gm, indent) : text);
  const elapsed = (label) => `${label}: ${Date.now() - timers[label]}ms`;
  const console = {};
  for (const level of ["log", "info", "warn", "error", "debug"]) install(console, { [level]: (...args) => write(level, format(args)) });
  const group = (...args) => {
    if (args.length) write("log", format(args));
    indent += "  ";
  };
  install(console, {
    trace: (...args) => write("error", `Trace: ${format(args)}\n${new Error().stack}`.trimEnd()),
    dir: (value) => write("log", show(value)),
    table: (value) => write("log", show(value)),
    assert: (condition, ...args) => {
      if (!condition) write("error", args.length ? `Assertion failed: ${format(args)}` : "Assertion failed");
    },
    count: (label = "default") => write("log", `${label}: ${(counts[label] = (counts[label] ?? 0) + 1)}`),
    countReset: (label = "default") => void delete counts[label],
    time: (label = "default") => void (timers[label] = Date.now()),
    timeLog: (label = "default", ...args) => write("log", [elapsed(label), ...args.map(plain)].join(" ")),
    timeEnd: (label = "default") => {
      write("log", elapsed(label));
      delete timers[label];
    },
    group,
    groupCollapsed: group,
    groupEnd: () => void (indent = indent.slice(2)),
  });
  install(global, { console });
}

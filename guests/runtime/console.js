// console. The other half is host_api/capabilities/console.py; console.email is mail.js.
import { install } from "./born.js";
import { format } from "./inspect/format.js";
import { inspect, useGlue } from "./inspect/inspect.js";
import { table } from "./inspect/table.js";

export { format };

const WRITE = 1;
const LEVELS = ["log", "info", "warn", "error", "debug"];
const OWN_FRAME = /^.*valgate:runtime.*\n?/gm;

// A value as text for people; it never throws.
export const show = (value, options = { depth: 4 }) => inspect(value, options);

function lasted(milliseconds) {
  if (milliseconds < 1000) return `${Number(milliseconds.toFixed(3))}ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(3)}s`;
  const minutes = Math.floor(milliseconds / 60_000);
  const [hours, rest] = [Math.floor(minutes / 60), ((milliseconds % 60_000) / 1000).toFixed(3).padStart(6, "0")];
  return hours ? `${hours}:${String(minutes % 60).padStart(2, "0")}:${rest.slice(0, 2)} (h:mm:ss)` : `${minutes}:${rest} (m:ss.mmm)`;
}

function timing(write, now) {
  const started = Object.create(null);
  const told = (label, args) => write("log", format([`${label}: ${lasted(now() - started[label])}`, ...args]));
  const known = (label, method) => label in started || (write("warn", `Warning: No such label '${label}' for console.${method}()`), false);
  return {
    time(label = "default") {
      label = `${label}`;
      if (label in started) write("warn", `Warning: Label '${label}' already exists for console.time()`);
      else started[label] = now();
    },
    timeLog(label = "default", ...args) {
      label = `${label}`;
      if (known(label, "timeLog")) told(label, args);
    },
    timeEnd(label = "default") {
      label = `${label}`;
      if (!known(label, "timeEnd")) return;
      told(label, []);
      delete started[label];
    },
  };
}

function counting(write) {
  const counts = Object.create(null);
  return {
    count(label = "default") {
      label = `${label}`;
      counts[label] = (counts[label] ?? 0) + 1;
      write("log", `${label}: ${counts[label]}`);
    },
    countReset(label = "default") {
      label = `${label}`;
      if (!(label in counts)) write("warn", `Warning: Count for '${label}' does not exist`);
      delete counts[label];
    },
  };
}

function grouping(write, indent) {
  const group = (...args) => {
    if (args.length) write("log", format(args));
    indent.text += "  ";
  };
  return { group, groupCollapsed: group, groupEnd: () => void (indent.text = indent.text.slice(2)) };
}

function failed(args) {
  if (!args.length) return "Assertion failed";
  return typeof args[0] === "string" ? format([`Assertion failed: ${args[0]}`, ...args.slice(1)]) : format(["Assertion failed", ...args]);
}

function trace(args) {
  const frames = String(new Error().stack).replace(OWN_FRAME, "");
  return `Trace${args.length ? `: ${format(args)}` : ""}\n${frames}`.trimEnd();
}

export function installConsole(host, global) {
  useGlue(host.glue);
  const indent = { text: "" };
  const write = (level, text) => void host.call("console", WRITE, level, indent.text ? indent.text + text.replaceAll("\n", `\n${indent.text}`) : text);
  const now = () => (host.glue.now ? host.glue.now() : Date.now());
  const console = {};
  for (const level of LEVELS) install(console, { [level]: (...args) => write(level, format(args)) });
  install(console, {
    trace: (...args) => write("error", trace(args)),
    dir: (value, options) => write("log", inspect(value, { customInspect: false, ...options })),
    dirxml: console.log,
    table: (data, columns) => write("log", data === null || typeof data !== "object" ? format([data]) : table(data, columns)),
    assert: (condition, ...args) => {
      if (!condition) write("error", failed(args));
    },
    clear: () => {},
    ...counting(write),
    ...timing(write, now),
    ...grouping(write, indent),
  });
  Object.defineProperty(console, Symbol.toStringTag, { value: "console", configurable: true });
  install(global, { console });
}

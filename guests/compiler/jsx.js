// JSX, in two dialects.
//
// Built in: `<a b="c">d</a>` is `$.jsx("a", {"b": "c", "children": "d"})`, `<>` is `$.Fragment`.
// Classic, if a pragma or a name in scope says so: `h("a", {"b": "c"}, "d")`.

import { SourceError } from "./nodes.js";
import { entity, skipTrivia } from "./grammar.js";

const LINE_BREAK = /\r\n|[\n\r]/;
const INTRINSIC = /^[a-z]|-/;
const ENTITY = /&[^\s&;]{1,10};/g;
const PRAGMA = /@(jsx\w*)[ \t]+(\S+)/g;
const FACTORY = /^[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*$/;
/** Preact, React or Hono's JSX, as packages and addresses of 2023 spelled them. */
const BUILT_IN = /^(?:npm:\/?|jsr:\/?|https?:\/\/[^\s?#]*\/)?(?:(?:preact|react)(?:@[^/?#]*)?(?:\/[^?#]*)?|(?:@hono\/)?hono(?:@[^/?#]*)?\/(?:middleware\/)?jsx(?:\/[^?#]*)?)(?:[?#].*)?$/;

/** What the comments before the code say of JSX: { factory, fragment }, both null for what is built in. */
export function pragmas(source) {
  const comments = source.slice(0, skipTrivia(source, 0));
  const found = Object.create(null);
  for (const match of comments.matchAll(PRAGMA)) found[match[1]] = { value: match[2].replace(/\*\/$/, ""), pos: match.index };
  const { jsx, jsxFrag, jsxImportSource, jsxRuntime } = found;
  if (jsxImportSource && jsxRuntime?.value !== "classic" && !BUILT_IN.test(jsxImportSource.value)) {
    throw new SourceError(jsxImportSource.pos, `JSX of '${jsxImportSource.value}' is not supported: preact, react and hono/jsx mean the Preact that is built in`);
  }
  for (const each of [jsx, jsxFrag]) {
    if (each && !FACTORY.test(each.value)) throw new SourceError(each.pos, `'${each.value}' is not the name of a function`);
  }
  return { factory: jsx?.value ?? null, fragment: jsxFrag?.value ?? null, builtIn: Boolean(jsxImportSource) };
}

/** JSX text without its indentation, or "" if there is nothing but white space with a line break. */
function trimmed(raw) {
  const lines = raw.split(LINE_BREAK);
  const text = lines
    .map((line, i) => {
      const start = i ? line.replace(/^[ \t]+/, "") : line;
      return i < lines.length - 1 ? start.replace(/[ \t]+$/, "") : start;
    })
    .filter((line) => line)
    .join(" ");
  return text.replace(ENTITY, entity);
}

function nameOf(node) {
  switch (node.type) {
    case "JSXNamespacedName":
      return `${node.namespace.name}:${node.name.name}`;
    case "JSXMemberExpression":
      return `${nameOf(node.object)}.${nameOf(node.property)}`;
    default:
      return node.member ? `${node.member}.${node.name}` : node.name;
  }
}

/** The identifier that the name of an element begins with, or null if the name is a text. */
export function rootOf(name) {
  if (name.type === "JSXNamespacedName" || (name.type === "JSXIdentifier" && INTRINSIC.test(name.name))) return null;
  while (name.type === "JSXMemberExpression") name = name.object;
  return name;
}

/** How an element is made: { open, fragment, classic }. */
function dialect(emitter, node) {
  const { dollar, jsx } = emitter;
  if (jsx.factory) {
    const root = /^(.*)\.[^.]*$/.exec(jsx.factory)?.[1];
    return { open: `${jsx.factory}(`, fragment: jsx.fragment ?? (root ? `${root}.Fragment` : node.fragment ? "Fragment" : `${dollar}.Fragment`), classic: true };
  }
  if (!jsx.builtIn && node.classic === "h") {
    return { open: `${dollar}.h(h)(`, fragment: node.fragment ? "Fragment" : `${dollar}.Fragment`, classic: true };
  }
  if (!jsx.builtIn && node.classic === "React") return { open: "React.createElement(", fragment: "React.Fragment", classic: true };
  return { open: `${dollar}.jsx(`, fragment: `${dollar}.Fragment`, classic: false };
}

function tag(emitter, name) {
  const text = nameOf(name);
  const root = rootOf(name);
  if (!root) return JSON.stringify(text);
  return root.free && (text === "Fragment" || text === "React.Fragment") ? `${emitter.dollar}.Fragment` : text;
}

/** Write an expression from between braces as one argument. */
function emitPart(emitter, node) {
  const { writer } = emitter;
  const sequence = node.type === "SequenceExpression";
  writer.skip(node.start);
  if (sequence) writer.put("(");
  emitter.visit(node);
  writer.copy(node.end);
  if (sequence) writer.put(")");
}

function emitAttribute(emitter, node) {
  const { writer } = emitter;
  writer.skip(node.start);
  if (node.type === "JSXSpreadAttribute") {
    writer.put("...");
    emitPart(emitter, node.argument);
    return writer.skip(node.end);
  }
  const name = nameOf(node.name);
  writer.put(name === "__proto__" ? '["__proto__"]: ' : `${JSON.stringify(name)}: `);
  const { value } = node;
  if (!value) writer.put("true");
  else if (value.type === "Literal") writer.put(JSON.stringify(value.value));
  else emitPart(emitter, value.type === "JSXExpressionContainer" ? value.expression : value);
  writer.skip(node.end);
}

/** What a child is: its text, its expression, or null if it is nothing. */
function content(node) {
  if (node.type === "JSXText") return trimmed(node.raw) || null;
  if (node.type === "JSXElement" || node.type === "JSXFragment") return node;
  return node.expression.type === "JSXEmptyExpression" ? null : node.expression;
}

function emitChild(emitter, node, before) {
  const { writer } = emitter;
  const inner = content(node);
  if (inner !== null) {
    writer.put(before);
    if (typeof inner === "string") writer.put(JSON.stringify(inner));
    else {
      writer.skip(node.start);
      if (node.type === "JSXSpreadChild") writer.put("...");
      emitPart(emitter, inner);
    }
  }
  writer.skip(node.end);
}

function emitAttributes(emitter, attributes) {
  attributes.forEach((attribute, i) => {
    if (i) emitter.writer.put(", ");
    emitAttribute(emitter, attribute);
  });
}

/** `, {"b": "c"}, "d", "e")` */
function emitClassic(emitter, attributes, end, children) {
  const { writer } = emitter;
  writer.put(attributes.length ? ", {" : ", null");
  emitAttributes(emitter, attributes);
  if (attributes.length) writer.put("}");
  writer.skip(end);
  for (const child of children) emitChild(emitter, child, ", ");
  writer.put(")");
}

/** `, {"b": "c", "children": ["d", "e"]})` */
function emitBuiltIn(emitter, attributes, end, children) {
  const { writer } = emitter;
  const kept = children.filter((child) => content(child) !== null);
  const list = kept.length > 1 || kept[0]?.type === "JSXSpreadChild";
  if (!attributes.length && !kept.length) writer.put(", null");
  else {
    writer.put(", {");
    emitAttributes(emitter, attributes);
  }
  writer.skip(end);
  if (kept.length) writer.put(`${attributes.length ? ", " : ""}"children": ${list ? "[" : ""}`);
  for (const child of children) emitChild(emitter, child, kept.length && child !== kept[0] ? ", " : "");
  if (list) writer.put("]");
  writer.put(attributes.length || kept.length ? "})" : ")");
}

function emitElement(emitter, node, name, attributes, end) {
  const { writer } = emitter;
  const { open, fragment, classic } = dialect(emitter, node);
  writer.copy(node.start);
  writer.put(`${open}${name ? tag(emitter, name) : fragment}`);
  writer.skip(name ? name.end : end);
  (classic ? emitClassic : emitBuiltIn)(emitter, attributes, end, node.children);
  writer.skip(node.end);
}

export const jsxHandlers = {
  JSXElement(emitter, node) {
    const { name, attributes, end } = node.openingElement;
    emitElement(emitter, node, name, attributes, end);
  },
  JSXFragment(emitter, node) {
    emitElement(emitter, node, null, [], node.openingFragment.end);
  },
};

// JSX by the classic pragma: `<a b="c">d</a>` is `h("a", {"b": "c"}, "d")`, `<>` is `h(Fragment, null)`.

const LINE_BREAK = /\r\n|[\n\r]/;
const INTRINSIC = /^[a-z]|-/;

/** JSX text without its indentation, or "" if there is nothing but white space with a line break. */
function trimmed(value) {
  const lines = value.split(LINE_BREAK);
  return lines
    .map((line, i) => {
      const start = i ? line.replace(/^[ \t]+/, "") : line;
      return i < lines.length - 1 ? start.replace(/[ \t]+$/, "") : start;
    })
    .filter((line, i) => line || lines.length === 1)
    .join(" ");
}

function nameOf(node) {
  switch (node.type) {
    case "JSXNamespacedName":
      return `${node.namespace.name}:${node.name.name}`;
    case "JSXMemberExpression":
      return `${nameOf(node.object)}.${nameOf(node.property)}`;
    default:
      return node.name;
  }
}

function tag(node) {
  const name = nameOf(node);
  if (node.type === "JSXMemberExpression") return name;
  return node.type === "JSXNamespacedName" || INTRINSIC.test(name) ? JSON.stringify(name) : name;
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
    return emitPart(emitter, node.argument);
  }
  const name = nameOf(node.name);
  writer.put(name === "__proto__" ? '["__proto__"]: ' : `${JSON.stringify(name)}: `);
  const { value } = node;
  if (!value) writer.put("true");
  else if (value.type === "Literal") writer.put(JSON.stringify(value.value));
  else emitPart(emitter, value.type === "JSXExpressionContainer" ? value.expression : value);
  writer.skip(node.end);
}

function emitAttributes(emitter, attributes) {
  if (!attributes.length) return emitter.writer.put(", null");
  emitter.writer.put(", {");
  attributes.forEach((attribute, i) => {
    if (i) emitter.writer.put(", ");
    emitAttribute(emitter, attribute);
  });
  emitter.writer.put("}");
}

function emitChild(emitter, node) {
  const { writer } = emitter;
  if (node.type === "JSXText") {
    const text = trimmed(node.value);
    if (text) writer.put(`, ${JSON.stringify(text)}`);
    return writer.skip(node.end);
  }
  const inner = node.type === "JSXElement" || node.type === "JSXFragment" ? node : node.expression;
  if (inner.type !== "JSXEmptyExpression") {
    writer.skip(node.start);
    writer.put(node.type === "JSXSpreadChild" ? ", ..." : ", ");
    emitPart(emitter, inner);
  }
  writer.skip(node.end);
}

export const jsxHandlers = {
  JSXElement(emitter, node) {
    const { writer } = emitter;
    const { name, attributes, end } = node.openingElement;
    writer.copy(node.start);
    writer.put(`h(${tag(name)}`);
    writer.skip(name.end);
    emitAttributes(emitter, attributes);
    writer.skip(end);
    for (const child of node.children) emitChild(emitter, child);
    writer.put(")");
    writer.skip(node.end);
  },
  JSXFragment(emitter, node) {
    const { writer } = emitter;
    writer.copy(node.start);
    writer.put("h(Fragment, null");
    writer.skip(node.openingFragment.end);
    for (const child of node.children) emitChild(emitter, child);
    writer.put(")");
    writer.skip(node.end);
  },
};

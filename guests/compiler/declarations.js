// Declarations that are more than types: enums, namespaces, parameter properties, and what a val exports.

import { SourceError, bare, boundNames, declaredNames, isTypeOnly } from "./nodes.js";

/** Whether an enum member's value is a string by its looks: such members have no reverse entry. */
function isText(node, known) {
  const value = bare(node);
  switch (value.type) {
    case "Literal":
      return typeof value.value === "string";
    case "TemplateLiteral":
      return true;
    case "BinaryExpression":
      return value.operator === "+" && (isText(value.left, known) || isText(value.right, known));
    case "Identifier":
      return known.has(value.name);
    default:
      return false;
  }
}

function numberOf(node) {
  const value = bare(node);
  if (value.type === "Literal" && typeof value.value === "number") return value.value;
  if (value.type !== "UnaryExpression" || value.operator !== "-") return null;
  const inner = numberOf(value.argument);
  return inner === null ? null : -inner;
}

function emitMembers(emitter, node) {
  const { writer } = emitter;
  const name = node.id.name;
  const texts = new Set();
  let next = "0";
  for (const { id, initializer, start } of node.members) {
    const member = id.name ?? id.value;
    const key = JSON.stringify(member);
    writer.skip(start);
    if (!initializer) {
      if (next === null) throw new SourceError(start, `The enum member '${member}' must have a value`);
      writer.put(` ${name}[${name}[${key}] = ${next}] = ${key};`);
    } else {
      const text = isText(initializer, texts);
      if (text) texts.add(member);
      writer.put(text ? ` ${name}[${key}] = ` : ` ${name}[${name}[${key}] = `);
      writer.skip(initializer.start);
      emitter.visit(initializer);
      writer.copy(initializer.end);
      writer.put(text ? ";" : `] = ${key};`);
      const number = numberOf(initializer);
      next = text ? null : number === null ? `${name}[${key}] + 1` : `${number + 1}`;
      continue;
    }
    next = /^-?\d+$/.test(next) ? `${Number(next) + 1}` : `${name}[${key}] + 1`;
  }
}

/** Open `let N; (function (N) {`; a class, function, enum or namespace of that name is added to. */
function open(emitter, name) {
  const known = emitter.declared.has(name);
  emitter.declared.add(name);
  return `${known ? "" : `let ${name}; `}(function (${name}) {`;
}

function close(name, owner) {
  return owner ? `})(${name} = ${owner}.${name} || (${owner}.${name} = {}));` : `})(${name} || (${name} = {}));`;
}

function emitEnum(emitter, node) {
  const { writer } = emitter;
  if (!emitter.declared) throw new SourceError(node.start, "An enum cannot stand here");
  const owner = emitter.takeExported();
  writer.copy(node.start);
  writer.put(open(emitter, node.id.name));
  writer.skip(emitter.trivia(node.id.end) + 1);
  emitMembers(emitter, node);
  writer.skip(node.end);
  writer.put(close(node.id.name, owner));
}

function emitNamespace(emitter, node) {
  const { writer } = emitter;
  const { name } = node.id;
  const owner = emitter.takeExported();
  writer.copy(node.start);
  writer.put(open(emitter, name));
  const outer = emitter.namespace;
  const declared = emitter.declared;
  emitter.namespace = name;
  emitter.declared = new Set();
  if (node.body.type === "TSModuleDeclaration") {
    writer.skip(node.body.start);
    emitter.exported = name;
    emitNamespace(emitter, node.body);
  } else {
    writer.skip(node.body.start + 1);
    emitter.list(node.body.body);
    writer.copy(node.body.end - 1);
  }
  emitter.namespace = outer;
  emitter.declared = declared;
  writer.skip(node.end);
  writer.put(close(name, owner));
}

/** Make an exported name of a namespace its property: by value, or live if it can change. */
function publish(emitter, declaration) {
  const { namespace, writer, dollar } = emitter;
  if (declaration.type === "TSEnumDeclaration" || declaration.type === "TSModuleDeclaration") return;
  const live = declaration.type === "VariableDeclaration" && declaration.kind !== "const";
  const value = `${dollar}_`;
  for (const name of declaredNames(declaration)) {
    const key = JSON.stringify(name);
    if (live) {
      writer.put(
        ` Object.defineProperty(${namespace}, ${key}, {enumerable: true, get: () => ${name}, set: (${value}) => { ${name} = ${value}; }});`,
      );
    } else writer.put(` ${namespace}.${name} = ${name};`);
  }
}

function emitNamed(emitter, node) {
  const { writer } = emitter;
  if (isTypeOnly(node) || !node.declaration) return writer.remove(node.start, node.end);
  const { declaration } = node;
  writer.copy(node.start);
  if (node.implicit) writer.put("let");
  if (node.implicit) writer.skip(node.start + "export".length);
  else writer.blank(declaration.start);
  emitter.exported = emitter.namespace;
  emitter.visit(declaration);
  emitter.exported = null;
  if (!emitter.namespace) return;
  writer.copy(declaration.end);
  if (emitter.source[declaration.end - 1] !== ";") writer.put(";");
  publish(emitter, declaration);
}

/** `export default value`: kept as a property named `default`, which is also what names a nameless function. */
function emitDefault(emitter, node, value) {
  const { writer } = emitter;
  if (isTypeOnly(node)) return writer.remove(node.start, node.end);
  if (emitter.namespace) throw new SourceError(node.start, "A namespace has no default export");
  writer.copy(node.start);
  if (value.id && value.type.endsWith("Declaration")) {
    writer.blank(value.start);
    return emitter.visit(value);
  }
  emitter.default ??= emitter.temporary();
  writer.put(`${emitter.default} = {"default": `);
  writer.skip(value.start);
  const sequence = value.type === "SequenceExpression";
  if (sequence) writer.put("(");
  emitter.visit(value);
  writer.copy(value.end);
  writer.put(sequence ? ")};" : "};");
  writer.skip(node.end);
}

/** Assign parameter properties where the constructor's `this` begins. */
export function emitConstructorBody(emitter, node, names) {
  const { writer } = emitter;
  const assignments = names.map((name) => ` this.${name} = ${name};`).join("");
  const isSuper = ({ expression }) => expression?.type === "CallExpression" && expression.callee.type === "Super";
  const index = emitter.derived ? node.body.findIndex(isSuper) : node.body.findLastIndex((each) => each.directive);
  if (emitter.derived && index < 0) throw new SourceError(node.start, "super() must be a statement of its own before parameter properties");
  const after = node.body[index];
  node.body.slice(0, index + 1).forEach((each) => emitter.visit(each));
  writer.copy(after ? after.end : node.start + 1);
  if (after && emitter.source[after.end - 1] !== ";") writer.put(";");
  writer.put(assignments);
  node.body.slice(index + 1).forEach((each) => emitter.visit(each));
}

/** The names that constructor parameters make properties of. */
export function parameterProperties(node) {
  return node.params.filter((param) => param.type === "TSParameterProperty").flatMap(boundNames);
}

export const declarationHandlers = {
  TSEnumDeclaration(emitter, node) {
    if (node.declare) emitter.writer.remove(node.start, node.end);
    else emitEnum(emitter, node);
  },
  TSModuleDeclaration(emitter, node) {
    if (isTypeOnly(node)) emitter.writer.remove(node.start, node.end);
    else emitNamespace(emitter, node);
  },
  TSParameterProperty(emitter, node) {
    const { parameter } = node;
    emitter.writer.copy(node.start);
    emitter.writer.blank((parameter.left ?? parameter).start);
    emitter.visit(parameter);
  },
  TSImportEqualsDeclaration(emitter, node) {
    if (isTypeOnly(node)) return emitter.writer.remove(node.start, node.end);
    if (node.isExport) throw new SourceError(node.start, "'export import' is not supported");
    emitter.writer.copy(node.start);
    emitter.writer.put("const ");
    emitter.writer.skip(node.start + "import".length);
  },
  TSExportAssignment: (emitter, node) => emitDefault(emitter, node, node.expression),
  ExportDefaultDeclaration: (emitter, node) => emitDefault(emitter, node, node.declaration),
  ExportNamedDeclaration: emitNamed,
  BlockStatement(emitter, node) {
    emitter.within(node.body);
  },
  StaticBlock(emitter, node) {
    emitter.within(node.body);
  },
};

// How `@user.name` is written: each use becomes a call on the references object.
//
// Operands keep their places, so they are evaluated as JavaScript would: keys, then the right side, then the operation.

import { SourceError, bare, path, reference } from "./nodes.js";

const LOGICAL = new Set(["&&=", "||=", "??="]);
const ROOTS = new Set(["MemberExpression", "TSNonNullExpression", "TaggedTemplateExpression", "TSInstantiationExpression"]);

/** Note a reference; its number is what the code says. */
function note(emitter, root, use, name = root.ref.name) {
  const { owner, version } = root.ref;
  emitter.references.push({ owner: owner.toLowerCase(), name, version, use, pos: root.start });
  return emitter.references.length - 1;
}

function replace(emitter, node, text) {
  emitter.writer.copy(node.start);
  emitter.writer.put(text);
  emitter.writer.skip(node.end);
}

function emitReference(emitter, root, use, method) {
  replace(emitter, root, `${emitter.dollar}.${method}(${note(emitter, root, use)})`);
}

/** The path of something written to, or null for an ordinary target. */
function target(node) {
  const found = path(node);
  if (!found) return null;
  const { ref, start } = found.root;
  if (ref.secrets) throw new SourceError(start, "Secrets are read-only: set them with the secrets API or `valgate secret set`");
  if (ref.version !== null) {
    throw new SourceError(start, `@${ref.owner}.${ref.name}@${ref.version} is pinned: a version cannot be written`);
  }
  return found;
}

/** Write `[key, key]` for the links of a path; the cursor is then behind the last one. */
function emitKeys(emitter, { root, links }) {
  const { writer } = emitter;
  writer.put("[");
  writer.skip(root.end);
  links.forEach((link, index) => {
    if (index) writer.put(", ");
    writer.skip(link.property.start);
    if (!link.computed) {
      writer.put(JSON.stringify(link.property.name));
      writer.skip(link.property.end);
      return;
    }
    const sequence = link.property.type === "SequenceExpression";
    if (sequence) writer.put("(");
    emitter.visit(link.property);
    writer.copy(link.property.end);
    if (sequence) writer.put(")");
  });
  writer.put("]");
}

/** Write `$.method(i` or `$.deepMethod(i, [keys]`, up to the end of the path. */
function emitHead(emitter, found, use, method) {
  const index = note(emitter, found.root, use);
  const deep = found.links.length > 0;
  emitter.writer.put(`${emitter.dollar}.${deep ? `deep${method[0].toUpperCase()}${method.slice(1)}` : method}(${index}`);
  if (!deep) return emitter.writer.skip(found.root.end);
  emitter.writer.put(", ");
  emitKeys(emitter, found);
}

function emitValue(emitter, node) {
  const { writer } = emitter;
  writer.put(", ");
  writer.skip(node.start);
  emitter.visit(node);
  writer.copy(node.end);
}

/** `@me.x ??= v`: the right side only runs where it should. A conditional fits wherever an assignment does. */
function emitLogical(emitter, node, found) {
  const { writer, dollar } = emitter;
  const index = note(emitter, found.root, "write");
  const operator = node.operator.slice(0, -1);
  const deep = found.links.length > 0;
  let where = `${index}`;
  if (deep) {
    const keys = emitter.temporary();
    writer.put(`${dollar}.deepTest(${index}, ${keys} = `);
    emitKeys(emitter, found);
    writer.put(`, "${operator}") ? ${dollar}.deepUpdate(${index}, ${keys}, "${operator}"`);
    where = `${index}, ${keys}`;
  } else writer.put(`${dollar}.test(${index}, "${operator}") ? ${dollar}.update(${index}, "${operator}"`);
  emitValue(emitter, node.right);
  writer.put(`) : ${dollar}.${deep ? "deepGet" : "get"}(${where})`);
}

function isApiCall(callee) {
  const name = bare(callee);
  return name.type === "Identifier" && name.name === "api" && name.free;
}

/** Whether the expression begins with something that is written as a call, which `new` would take for itself. */
function beginsWithCall(node) {
  while (ROOTS.has(node.type) && !node.ref) node = node.object ?? node.tag ?? node.expression;
  return Boolean(node.ref) || node.type === "JSXElement" || node.type === "JSXFragment";
}

function emitCallee(emitter, callee, method) {
  const root = reference(callee);
  if (!root || root.ref.secrets) return emitter.visit(callee);
  emitter.callee = { root, method, use: method === "ctor" ? "construct" : "call" };
  emitter.visit(callee);
}

/** `@me.list.push(a)`: one step that reads, calls and writes. */
function emitMethodCall(emitter, node, found) {
  const { writer } = emitter;
  writer.copy(node.start);
  writer.put(`${emitter.dollar}.method(${note(emitter, found.root, "read")}, `);
  emitKeys(emitter, found);
  writer.put(", [");
  const types = node.typeArguments ?? node.typeParameters;
  writer.skip(emitter.trivia(types?.end ?? node.callee.end) + 1);
  emitter.visitAll(node.arguments);
  writer.copy(node.end - 1);
  writer.put("])");
  writer.skip(node.end);
}

function emitTarget(emitter, node) {
  const found = target(node);
  if (!found) return emitter.visit(node);
  emitter.writer.copy(node.start);
  emitHead(emitter, found, "write", "slot");
  emitter.writer.put(").v");
  emitter.writer.skip(node.end);
}

function emitLoopTarget(emitter, node) {
  if (bare(node.left).type === "MemberExpression") emitTarget(emitter, node.left);
  else emitter.visitPart(node.left);
  emitter.visit(node.right);
  emitter.visit(node.body);
}

export const referenceHandlers = {
  MemberExpression(emitter, node) {
    const { callee } = emitter;
    if (node.ref && !node.ref.secrets) {
      emitter.callee = null;
      if (callee?.root === node) emitReference(emitter, node, callee.use, callee.method);
      else emitReference(emitter, node, "read", "get");
    } else if (node.ref) {
      replace(emitter, node, `${emitter.dollar}.secrets(${note(emitter, node, "secret", null)})`);
    } else if (reference(node.object)?.ref.secrets && !node.computed) {
      const root = reference(node.object);
      const index = note(emitter, root, "secret", node.property.name);
      replace(emitter, node, `${emitter.dollar}.secret(${index})`);
    } else {
      emitter.visit(node.object);
      if (node.computed) emitter.visit(node.property);
    }
  },
  AssignmentExpression(emitter, node) {
    const found = bare(node.left).type === "MemberExpression" ? target(node.left) : null;
    if (!found) return emitter.below(node);
    emitter.writer.copy(node.start);
    if (LOGICAL.has(node.operator)) return emitLogical(emitter, node, found);
    emitHead(emitter, found, "write", node.operator === "=" ? "set" : "update");
    if (node.operator !== "=") emitter.writer.put(`, "${node.operator.slice(0, -1)}"`);
    emitValue(emitter, node.right);
    emitter.writer.put(")");
  },
  UpdateExpression(emitter, node) {
    const found = target(node.argument);
    if (!found) return emitter.below(node);
    emitter.writer.copy(node.start);
    emitHead(emitter, found, "write", "step");
    emitter.writer.put(`, ${node.operator === "++" ? 1 : -1}, ${node.prefix})`);
    emitter.writer.skip(node.end);
  },
  UnaryExpression(emitter, node) {
    const found = node.operator === "delete" ? target(node.argument) : null;
    if (!found) return emitter.below(node);
    emitter.writer.copy(node.start);
    emitHead(emitter, found, "write", "delete");
    emitter.writer.put(")");
    emitter.writer.skip(node.end);
  },
  CallExpression(emitter, node) {
    const found = node.optional ? null : path(node.callee);
    if (found?.links.length && !found.root.ref.secrets) return emitMethodCall(emitter, node, found);
    emitCallee(emitter, node.callee, node.optional ? "get" : "fn");
    const types = node.typeArguments ?? node.typeParameters;
    if (types) emitter.visit(types);
    const [first, ...others] = node.arguments;
    const named = first && isApiCall(node.callee) ? reference(first) : null;
    if (named && !named.ref.secrets) {
      emitter.callee = { root: named, method: "name", use: "name" };
    }
    if (first) emitter.visit(first);
    emitter.visitAll(others);
  },
  NewExpression(emitter, node) {
    const { callee } = node;
    const wrap = beginsWithCall(callee);
    if (wrap) {
      emitter.writer.copy(callee.start);
      emitter.writer.put("(");
    }
    emitCallee(emitter, callee, "ctor");
    if (wrap) {
      emitter.writer.copy(callee.end);
      emitter.writer.put(")");
    }
    const types = node.typeArguments ?? node.typeParameters;
    if (types) emitter.visit(types);
    emitter.visitAll(node.arguments);
  },
  TaggedTemplateExpression(emitter, node) {
    emitCallee(emitter, node.tag, "fn");
    const types = node.typeArguments ?? node.typeParameters;
    if (types) emitter.visit(types);
    emitter.visit(node.quasi);
  },
  ObjectPattern(emitter, node) {
    for (const property of node.properties) {
      if (property.type === "RestElement") emitter.visit(property);
      else {
        if (property.computed) emitter.visit(property.key);
        else if (property.shorthand) emitter.spellOut(property);
        emitTarget(emitter, property.value);
      }
    }
    emitter.annotation(node);
  },
  ArrayPattern(emitter, node) {
    for (const element of node.elements) if (element) emitTarget(emitter, element);
    emitter.annotation(node);
  },
  RestElement(emitter, node) {
    emitTarget(emitter, node.argument);
    emitter.annotation(node);
  },
  AssignmentPattern(emitter, node) {
    emitTarget(emitter, node.left);
    emitter.annotation(node);
    emitter.visit(node.right);
  },
  ForInStatement: emitLoopTarget,
  ForOfStatement: emitLoopTarget,
};

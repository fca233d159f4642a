// Takes TypeScript's types out: spaces stand where they stood, so columns stay.
//
// Traps: a type that spans lines after `return` or before `=>` would change meaning when only its line breaks remain;
// a parenthesis moves there. Statements that vanish leave a semicolon.

import { emitConstructorBody, parameterProperties } from "./declarations.js";
import { SourceError, isTypeOnly } from "./nodes.js";

const NAME = /(?:[\p{ID_Continue}$\u200c\u200d]|\\u[0-9a-fA-F]{4}|\\u\{[0-9a-fA-F]+\})+/uy;
const MODIFIER = /[A-Za-z]+/y;
const GONE = new Set(["public", "private", "protected", "readonly", "override", "declare", "abstract"]);
const BREAK = /[\n\r\u2028\u2029]/;

/** Blank what follows the expression inside: `as T`, `satisfies T`, `!`. */
function emitInner(emitter, node) {
  emitter.visit(node.expression);
  emitter.writer.copy(node.expression.end);
  emitter.writer.blank(node.end);
}

function removed(handler) {
  return (emitter, node) => {
    if (isTypeOnly(node)) emitter.writer.remove(node.start, node.end);
    else handler(emitter, node);
  };
}

/** Blank the modifiers before a member's key that are TypeScript's own; keep `static`, `async`, `get`, `set`. */
function emitModifiers(emitter, from, to) {
  const { source, writer } = emitter;
  for (let at = emitter.trivia(from); at < to; at = emitter.trivia(at)) {
    MODIFIER.lastIndex = at;
    const word = MODIFIER.exec(source)?.[0];
    if (!word) return;
    if (word === "accessor") throw new SourceError(at, "'accessor' fields are not supported");
    if (GONE.has(word)) {
      writer.copy(at);
      writer.blank(at + word.length);
    }
    at += word.length;
  }
}

/** Where the key of a member starts, with its bracket. */
function keyStart(emitter, node) {
  if (!node.computed) return node.key.start;
  let at = emitter.trivia(node.start);
  while (at < node.key.start && emitter.source[at] !== "[") {
    MODIFIER.lastIndex = at;
    at = emitter.trivia(at + (MODIFIER.exec(emitter.source)?.[0].length ?? 1));
  }
  return at;
}

/** Blank `?` or `!` and the type between a member's key and what follows. */
function emitMarks(emitter, node, until) {
  let at = node.key.end;
  if (node.computed) at = emitter.trivia(at) + 1;
  emitter.writer.copy(at);
  const mark = emitter.trivia(at);
  if ((emitter.source[mark] === "?" || emitter.source[mark] === "!") && mark < until) {
    emitter.writer.copy(mark);
    emitter.writer.blank(mark + 1);
  }
}

function emitMember(emitter, node) {
  emitModifiers(emitter, node.start, keyStart(emitter, node));
  if (node.type === "MethodDefinition" && node.kind !== "constructor") emitter.noteMethod(node);
  if (node.computed) emitter.visit(node.key);
  emitMarks(emitter, node, node.end);
  for (const part of [node.typeAnnotation, node.typeParameters, node.value]) if (part) emitter.visit(part);
}

function bodiless(node) {
  return node.abstract || node.declare || node.value?.type === "TSDeclareMethod" || node.type.startsWith("TSAbstract");
}

function emitClass(emitter, node) {
  const { writer, source } = emitter;
  const first = emitter.trivia(node.start);
  if (source.startsWith("abstract", first)) {
    writer.copy(first);
    writer.blank(first + "abstract".length);
  }
  if (node.typeParameters) emitter.visit(node.typeParameters);
  if (node.superClass) emitter.visit(node.superClass);
  const types = node.superTypeParameters ?? node.superTypeArguments;
  if (types) emitter.visit(types);
  if (node.implements?.length) {
    const before = types ?? node.superClass ?? node.typeParameters ?? node.id;
    const at = emitter.trivia(before ? before.end : source.indexOf("class", first) + "class".length);
    writer.copy(at);
    writer.blank(node.implements.at(-1).end);
  }
  const outer = emitter.derived;
  emitter.derived = Boolean(node.superClass);
  emitter.visit(node.body);
  emitter.derived = outer;
}

/** The parameters' closing parenthesis. */
function closing(emitter, node) {
  const last = node.params.at(-1);
  let at = last ? emitter.trivia(last.end) : emitter.trivia(emitter.source.indexOf("(", node.typeParameters?.end ?? node.start) + 1);
  if (emitter.source[at] === ",") at = emitter.trivia(at + 1);
  return at;
}

/** `this` as a first parameter is only a type. */
function emitParams(emitter, node) {
  let { params } = node;
  if (params[0]?.type === "Identifier" && params[0].name === "this") {
    let end = emitter.trivia(params[0].end);
    end = emitter.source[end] === "," ? end + 1 : params[0].end;
    emitter.writer.copy(params[0].start);
    emitter.writer.blank(end);
    params = params.slice(1);
  }
  emitter.visitAll(params);
}

function emitFunction(emitter, node) {
  const types = node.typeParameters ?? node.params.typeParameters;
  if (types) emitter.visit(types);
  emitParams(emitter, node);
  if (node.returnType) emitter.visit(node.returnType);
  const properties = parameterProperties(node);
  const declared = emitter.declared;
  const namespace = emitter.namespace;
  emitter.namespace = null;
  if (properties.length) {
    emitter.declared = emitter.classesAndFunctions(node.body.body);
    emitConstructorBody(emitter, node.body, properties);
  } else if (node.body) emitter.visit(node.body);
  emitter.declared = declared;
  emitter.namespace = namespace;
}

/** Arrow functions may have no line break before `=>`, nor between `async` and `(`. */
function emitArrow(emitter, node) {
  const { writer, source } = emitter;
  const { typeParameters: types, returnType } = node;
  if (types && BREAK.test(source.slice(types.start, node.params[0]?.start ?? closing(emitter, node)))) {
    writer.copy(types.start);
    writer.put("(");
    writer.skip(emitter.trivia(types.end) + 1);
  } else if (types) emitter.visit(types);
  emitParams(emitter, node);
  if (returnType) {
    const close = closing(emitter, node);
    const moved = BREAK.test(source.slice(close, returnType.end));
    writer.copy(moved ? close : returnType.start);
    if (moved) writer.skip(returnType.end);
    else writer.blank(returnType.end);
    if (moved) writer.put(")");
  }
  emitter.visit(node.body);
}

export const typeHandlers = {
  TSAsExpression: emitInner,
  TSSatisfiesExpression: emitInner,
  TSNonNullExpression: emitInner,
  TSInstantiationExpression: emitInner,
  Identifier(emitter, node) {
    const { writer } = emitter;
    if (node.member) {
      writer.copy(node.start);
      writer.put(`${node.member}.`);
      return;
    }
    if (!node.typeAnnotation && !node.optional) return;
    NAME.lastIndex = node.start;
    NAME.test(emitter.source);
    writer.copy(NAME.lastIndex);
    writer.blank(node.typeAnnotation?.end ?? node.end);
  },
  VariableDeclaration: removed((emitter, node) => {
    for (const declarator of node.declarations) {
      emitter.visit(declarator.id);
      if (declarator.init) emitter.visit(declarator.init);
    }
  }),
  FunctionDeclaration: removed(emitFunction),
  FunctionExpression: emitFunction,
  ArrowFunctionExpression: emitArrow,
  ClassDeclaration: removed(emitClass),
  ClassExpression: emitClass,
  MethodDefinition(emitter, node) {
    if (bodiless(node) || !node.value.body) emitter.writer.remove(node.start, node.end);
    else emitMember(emitter, node);
  },
  PropertyDefinition(emitter, node) {
    if (bodiless(node)) emitter.writer.remove(node.start, node.end);
    else emitMember(emitter, node);
  },
  TSAbstractMethodDefinition: (emitter, node) => emitter.writer.remove(node.start, node.end),
  TSAbstractPropertyDefinition: (emitter, node) => emitter.writer.remove(node.start, node.end),
  TSIndexSignature: (emitter, node) => emitter.writer.remove(node.start, node.end),
  TSInterfaceDeclaration: (emitter, node) => emitter.writer.remove(node.start, node.end),
  TSTypeAliasDeclaration: (emitter, node) => emitter.writer.remove(node.start, node.end),
  TSDeclareFunction: (emitter, node) => emitter.writer.remove(node.start, node.end),
  ImportDeclaration: (emitter, node) => emitter.writer.remove(node.start, node.end),
  ExportAllDeclaration: (emitter, node) => emitter.writer.remove(node.start, node.end),
};

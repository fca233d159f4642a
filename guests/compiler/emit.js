// Writes a tree back as JavaScript, in place: what has no handler is copied as it stands.
//
// A handler gets (emitter, node), begins with `emitter.writer.copy(node.start)` before it writes anything, and may
// leave the rest of its text to be copied later. Handlers for references, types, declarations and JSX: see the table.

import { bare, children } from "./nodes.js";
import { referenceHandlers } from "./references.js";
import { typeHandlers } from "./types.js";
import { declarationHandlers } from "./declarations.js";
import { jsxHandlers } from "./jsx.js";
import { skipTrivia } from "./grammar.js";
import { Writer } from "./writer.js";

const ENDS_WITH_SEMICOLON = new Set([
  "ExpressionStatement",
  "VariableDeclaration",
  "ReturnStatement",
  "ThrowStatement",
  "BreakStatement",
  "ContinueStatement",
  "DebuggerStatement",
  "DoWhileStatement",
  "PropertyDefinition",
]);

const basicHandlers = {
  // The engine reads `<!--` as a comment in scripts; the val is parsed as a module, where it is three operators.
  BinaryExpression(emitter, node) {
    emitter.visit(node.left);
    if (node.operator === "<") {
      const at = emitter.trivia(node.left.end);
      if (emitter.source.startsWith("<!--", at)) {
        emitter.writer.copy(at + 1);
        emitter.writer.put(" ");
      }
    }
    emitter.visit(node.right);
  },
  ForStatement(emitter, node) {
    if (node.init) emitter.visitPart(node.init);
    for (const part of [node.test, node.update, node.body]) if (part) emitter.visit(part);
  },
  ImportExpression(emitter, node) {
    emitter.writer.copy(node.start);
    emitter.writer.put(`${emitter.dollar}.import`);
    emitter.writer.skip(node.start + "import".length);
    emitter.below(node);
  },
  Property(emitter, node) {
    if (node.method || node.kind !== "init") emitter.noteMethod(node);
    if (node.shorthand) emitter.spellOut(node);
    if (node.computed) emitter.visit(node.key);
    emitter.visit(node.value);
  },
  // What is no error has no stack: the runtime notes where it was thrown.
  ThrowStatement(emitter, node) {
    const { argument } = node;
    if (bare(argument).type === "NewExpression") return emitter.visit(argument);
    emitter.writer.copy(argument.start);
    const sequence = argument.type === "SequenceExpression";
    emitter.writer.put(`${emitter.dollar}.thrown(${sequence ? "(" : ""}`);
    emitter.visit(argument);
    emitter.writer.copy(argument.end);
    const again = bare(argument).type === "Identifier" ? ", true" : "";
    emitter.writer.put(`${sequence ? ")" : ""}${again})`);
  },
  LabeledStatement(emitter, node) {
    emitter.visit(node.body);
  },
  BreakStatement() {},
  ContinueStatement() {},
};

const HANDLERS = {
  ...basicHandlers,
  ...typeHandlers,
  ...declarationHandlers,
  ...jsxHandlers,
  ...referenceHandlers,
};

export class Emitter {
  /** `dollar`: the name that holds the references object; `jsx`: what pragmas say. */
  constructor(source, dollar, jsx) {
    this.source = source;
    this.dollar = dollar;
    this.jsx = jsx;
    /** Whether there are line separators, after which the engine sees no line break. */
    this.separated = /[\u2028\u2029]/.test(source);
    this.writer = new Writer(source);
    this.references = [];
    /** Names that the wrapper must declare. */
    this.temporaries = [];
    /** A callee or name about to be visited, and how to write it. */
    this.callee = null;
    /** The variable that holds the default export. */
    this.default = null;
    /** The namespace around; and the one that exports the next declaration. */
    this.namespace = null;
    this.exported = null;
    /** Names that the current block declares as something an enum or namespace may add to. */
    this.declared = null;
    /** Whether the class around has a superclass. */
    this.derived = false;
    /** The node being written, for errors that have no place. */
    this.at = 0;
  }

  visit(node) {
    this.at = node.start;
    const { type } = node;
    const handler = HANDLERS[type];
    if (handler) handler(this, node);
    else if (type.startsWith("TS")) {
      this.writer.copy(node.start);
      this.writer.blank(node.end);
    } else this.below(node);
    if (ENDS_WITH_SEMICOLON.has(type)) this.endStatement(node);
  }

  /** Visit something that is a statement elsewhere, such as the declaration in the head of a loop. */
  visitPart(node) {
    const handler = HANDLERS[node.type];
    if (handler) handler(this, node);
    else this.below(node);
  }

  below(node) {
    for (const child of children(node)) this.visit(child);
  }

  /** Write statements; `before` is told each one first. */
  list(statements, before = null) {
    for (const statement of statements) {
      before?.(statement);
      this.visit(statement);
    }
  }

  /** Write the statements of a block of its own. */
  within(statements) {
    const outer = this.declared;
    this.declared = this.classesAndFunctions(statements);
    this.list(statements);
    this.declared = outer;
  }

  /** Names that an enum or namespace in the same block adds to. */
  classesAndFunctions(statements) {
    const names = new Set();
    for (const statement of statements) {
      const node = statement.declaration ?? statement;
      if ((node.type === "ClassDeclaration" || node.type === "FunctionDeclaration") && node.id) names.add(node.id.name);
    }
    return names;
  }

  /** The namespace that the declaration about to be written belongs to, once. */
  takeExported() {
    const { exported } = this;
    this.exported = null;
    return exported;
  }

  /** Tell the map where a method is named; null is a name that cannot be written again. */
  noteMethod(node) {
    const plain = !node.computed && (node.kind === "method" || node.kind === "init") && node.key.type !== "PrivateIdentifier";
    this.writer.copy(node.key.start);
    this.writer.method(plain ? String(node.key.name ?? node.key.value) : null);
  }

  /** `{a}` of what is a member is `{a: N.a}`. */
  spellOut(property) {
    if (!(property.value.left ?? property.value).member) return;
    this.writer.copy(property.start);
    this.writer.put(`${property.key.name}: `);
  }

  visitAll(nodes) {
    for (const node of nodes) if (node) this.visit(node);
  }

  /** Where the source left the semicolon out, and the text before it changed, write it: what follows could join. */
  endStatement(node) {
    if (this.source[node.end - 1] === ";") return;
    this.writer.copy(node.end);
    if (!this.writer.verbatim || this.separated) this.writer.put(";");
  }

  /** The first offset at or after `from` that is neither white space nor comment. */
  trivia(from) {
    return skipTrivia(this.source, from);
  }

  /** Take out what follows a pattern: `?` and its type. */
  annotation(node) {
    if (!node.typeAnnotation && !node.optional) return;
    const end = node.typeAnnotation?.end ?? node.end;
    const last = children(node).findLast((child) => child !== node.typeAnnotation && child.end <= end);
    this.writer.copy(this.typeStart(node, last));
    this.writer.blank(end);
  }

  /** Where the `?` or type of a pattern starts: behind its closing bracket, or behind its last part. */
  typeStart(node, last) {
    const close = { ObjectPattern: "}", ArrayPattern: "]" }[node.type];
    let at = last?.end ?? node.start + 1;
    if (!close) return at;
    at = this.trivia(at);
    while (this.source[at] === ",") at = this.trivia(at + 1);
    return at + 1;
  }

  temporary() {
    const name = `${this.dollar}_${this.temporaries.length}`;
    this.temporaries.push(name);
    return name;
  }
}

// Which identifier means what: one walk declares names and notes the uses that matter, then each use is resolved.
//
// It answers four questions: is this `api` (or `module`, `exports`) the global one; is this identifier a member of
// an enum around it; does the top level await; which names does the source use at all.

import { SourceError, bare, boundNames, children, declaredNames, isTypeOnly } from "./nodes.js";
import { rootOf } from "./jsx.js";

const FUNCTIONS = new Set(["FunctionDeclaration", "FunctionExpression", "ArrowFunctionExpression"]);
const BLOCKS = new Set(["BlockStatement", "ForStatement", "ForInStatement", "ForOfStatement", "SwitchStatement", "CatchClause"]);
const FACTORIES = ["h", "React"];
const GLOBALS = new Set(["api", "module", "exports"]);

class Scope {
  constructor(parent, kind) {
    this.parent = parent;
    this.kind = kind;
    this.names = new Set();
    /** Names of enums declared here, with the members known so far. */
    this.enums = new Map();
    /** Namespaces declared here, with what their blocks so far export. */
    this.spaces = new Map();
    /** Declarators of names that could make JSX: { name, start, end }. */
    this.makers = [];
  }

  /** The scope that `var` declares in. */
  get hoist() {
    let scope = this;
    while (scope.kind === "block") scope = scope.parent;
    return scope;
  }

  find(name) {
    for (let scope = this; scope; scope = scope.parent) if (scope.names.has(name)) return scope;
    return null;
  }
}

/** Mark the tree (`free` on global identifiers, `member` on enum members) and return { awaits, returns, names }. */
export function resolve(root) {
  const walk = new Walk();
  walk.visit(root, new Scope(null, "function"), { depth: 0, arguments: false });
  for (const [node, scope] of walk.uses) {
    const owner = scope.find(node.name);
    if (!owner) node.free = true;
    else if (owner.id) node.member = owner.id;
  }
  for (const [node, scope] of walk.elements) {
    node.classic = FACTORIES.find((name) => makes(name, node, scope)) ?? null;
    node.fragment = scope.find("Fragment") !== null;
  }
  return walk;
}

/** Whether an element is made by a name in scope; what the name itself is made of comes before it. */
function makes(name, node, scope) {
  const owner = scope.find(name);
  return owner !== null && !owner.makers.some((each) => each.name === name && each.start <= node.start && node.end <= each.end);
}

class Walk {
  constructor() {
    this.names = new Set();
    this.uses = [];
    this.awaits = false;
    this.members = new Set();
    this.elements = [];
  }

  /** `where`: how deep in functions, and whether `arguments` means something. */
  visit(node, scope, where) {
    if (isTypeOnly(node)) return;
    const handler = this[node.type];
    if (handler) handler.call(this, node, scope, where);
    else if (FUNCTIONS.has(node.type)) this.func(node, scope, where);
    else if (BLOCKS.has(node.type)) this.block(node, scope, where);
    else if (!node.type.startsWith("TS") || node.expression) this.below(node, scope, where);
  }

  below(node, scope, where) {
    for (const child of children(node)) this.visit(child, scope, where);
  }

  Identifier(node, scope, where) {
    this.names.add(node.name);
    if (node.name === "arguments" && !where.arguments) {
      throw new SourceError(node.start, "'arguments' exists only in functions");
    }
    if (GLOBALS.has(node.name) || this.members.has(node.name)) this.uses.push([node, scope]);
  }

  MemberExpression(node, scope, where) {
    if (node.ref) return;
    this.visit(node.object, scope, where);
    if (node.computed) this.visit(node.property, scope, where);
  }

  Property(node, scope, where) {
    if (node.computed) this.visit(node.key, scope, where);
    this.visit(node.value, scope, where);
  }

  MethodDefinition(node, scope, where) {
    if (node.computed) this.visit(node.key, scope, where);
    if (node.value) this.visit(node.value, scope, where);
  }

  PropertyDefinition(node, scope, where) {
    if (node.computed) this.visit(node.key, scope, where);
    if (node.value) this.visit(node.value, new Scope(scope, "function"), { depth: where.depth + 1, arguments: true });
  }

  StaticBlock(node, scope, where) {
    this.below(node, new Scope(scope, "function"), { depth: where.depth + 1, arguments: true });
  }

  LabeledStatement(node, scope, where) {
    this.names.add(node.label.name);
    this.visit(node.body, scope, where);
  }

  BreakStatement() {}
  ContinueStatement() {}
  MetaProperty(node) {
    if (node.meta.name === "import") throw new SourceError(node.start, "import.meta is not supported");
  }

  ImportDeclaration(node) {
    throw new SourceError(node.start, `Imports are not supported yet: '${node.source.value}'`);
  }

  ExportAllDeclaration(node) {
    throw new SourceError(node.start, `Imports are not supported yet: '${node.source.value}'`);
  }

  ExportNamedDeclaration(node, scope, where) {
    if (node.source) throw new SourceError(node.start, `Imports are not supported yet: '${node.source.value}'`);
    if (node.declaration) this.visit(node.declaration, scope, where);
  }

  TSExternalModuleReference(node) {
    throw new SourceError(node.start, `Imports are not supported yet: '${node.expression.value}'`);
  }

  TSImportEqualsDeclaration(node, scope, where) {
    scope.names.add(node.id.name);
    this.names.add(node.id.name);
    if (node.moduleReference.type === "TSExternalModuleReference") this.TSExternalModuleReference(node.moduleReference);
    let root = node.moduleReference;
    while (root.left) root = root.left;
    this.visit(root, scope, where);
  }

  TSNamespaceExportDeclaration(node) {
    throw new SourceError(node.start, "'export as namespace' is not supported");
  }

  AwaitExpression(node, scope, where) {
    if (!where.depth) this.awaits = true;
    this.below(node, scope, where);
  }

  ForOfStatement(node, scope, where) {
    if (node.await && !where.depth) this.awaits = true;
    this.block(node, scope, where);
  }

  VariableDeclaration(node, scope, where) {
    if (node.kind === "await using" && !where.depth) this.awaits = true;
    const target = node.kind === "var" ? scope.hoist : scope;
    for (const { id, start, end } of node.declarations) {
      for (const name of boundNames(id)) {
        target.names.add(name);
        if (FACTORIES.includes(name)) target.makers.push({ name, start, end });
      }
    }
    this.below(node, scope, where);
  }

  block(node, scope, where) {
    const inner = new Scope(scope, "block");
    if (node.type === "CatchClause") for (const name of boundNames(node.param)) inner.names.add(name);
    this.below(node, inner, where);
  }

  func(node, scope, where) {
    const arrow = node.type === "ArrowFunctionExpression";
    const inner = new Scope(scope, "function");
    if (node.id) {
      (node.type === "FunctionDeclaration" ? scope : inner).names.add(node.id.name);
      this.names.add(node.id.name);
    }
    for (const param of node.params) for (const name of boundNames(param)) inner.names.add(name);
    const within = { depth: where.depth + 1, arguments: where.arguments || !arrow };
    for (const child of children(node)) if (child !== node.id) this.visit(child, inner, within);
  }

  ClassDeclaration(node, scope, where) {
    if (node.id) scope.names.add(node.id.name);
    this.classBody(node, scope, where);
  }

  ClassExpression(node, scope, where) {
    this.classBody(node, scope, where);
  }

  classBody(node, scope, where) {
    const inner = new Scope(scope, "block");
    if (node.id) {
      inner.names.add(node.id.name);
      this.names.add(node.id.name);
    }
    if (node.superClass) this.visit(node.superClass, inner, where);
    this.visit(node.body, inner, where);
  }

  TSParameterProperty(node, scope, where) {
    this.visit(node.parameter, scope, where);
  }

  TSExportAssignment(node, scope, where) {
    this.visit(node.expression, scope, where);
  }

  TSEnumDeclaration(node, scope, where) {
    this.names.add(node.id.name);
    scope.names.add(node.id.name);
    const inner = new Scope(scope, "enum");
    inner.id = node.id.name;
    const known = scope.enums.get(node.id.name) ?? new Set();
    scope.enums.set(node.id.name, known);
    for (const { id } of node.members) known.add(id.name ?? id.value);
    inner.names = known;
    const outside = this.members;
    this.members = new Set([...outside, ...known]);
    for (const { initializer } of node.members) if (initializer) this.visit(initializer, inner, where);
    this.members = outside;
  }

  /** A block sees its own names, then what earlier blocks of the namespace exported, as members of it. */
  TSModuleDeclaration(node, scope, where) {
    const { name } = node.id;
    this.names.add(name);
    scope.names.add(name);
    const space = scope.spaces.get(name) ?? { exports: new Set(), spaces: new Map() };
    scope.spaces.set(name, space);
    const earlier = new Scope(scope, "function");
    earlier.id = name;
    earlier.names = new Set(space.exports);
    const inner = new Scope(earlier, "function");
    const outside = this.members;
    this.members = new Set([...outside, ...space.exports]);
    const body = node.body.type === "TSModuleDeclaration" ? [{ declaration: node.body }] : node.body.body;
    for (const { declaration } of body) {
      if (!declaration) continue;
      for (const each of declaredNames(declaration)) space.exports.add(each);
      if (declaration.type === "TSModuleDeclaration") inner.spaces = space.spaces;
    }
    this.visit(node.body, inner, { depth: where.depth + 1, arguments: where.arguments });
    this.members = outside;
  }

  TSModuleBlock(node, scope, where) {
    this.below(node, scope, where);
  }

  JSXIdentifier(node) {
    this.names.add(node.name);
  }

  JSXElement(node, scope, where) {
    this.elements.push([node, scope]);
    const root = rootOf(node.openingElement.name);
    if (root) this.uses.push([root, scope]);
    this.below(node, scope, where);
  }

  JSXFragment(node, scope, where) {
    this.elements.push([node, scope]);
    this.below(node, scope, where);
  }
}

/** Whether this is `module.exports` (or a member of it) or `exports.name` of no declared variable. */
export function isExportsTarget(node) {
  for (let at = bare(node); at.type === "MemberExpression" && !at.ref; at = bare(at.object)) {
    const object = bare(at.object);
    if (object.type !== "Identifier" || !object.free) continue;
    if (object.name === "exports") return true;
    if (object.name === "module") return (at.property.name ?? at.property.value) === "exports";
  }
  return false;
}

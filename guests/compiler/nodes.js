// Small questions about syntax trees.

const SKIP = new Set(["type", "start", "end", "loc", "ref", "parent"]);
const WRAPPERS = new Set([
  "ParenthesizedExpression",
  "TSNonNullExpression",
  "TSAsExpression",
  "TSSatisfiesExpression",
  "TSInstantiationExpression",
]);

/** A mistake in the val's source, at an offset. */
export class SourceError extends Error {
  constructor(pos, message) {
    super(message);
    this.pos = pos;
  }
}

const isNode = (value) => typeof value?.type === "string" && typeof value.start === "number";

/** The nodes directly below this one, in the order of the source. */
export function children(node) {
  const found = [];
  for (const key in node) {
    if (SKIP.has(key)) continue;
    const value = node[key];
    if (typeof value !== "object" || value === null) continue;
    if (Array.isArray(value)) {
      for (const item of value) if (isNode(item)) found.push(item);
      if (isNode(value.typeParameters)) found.push(value.typeParameters);
    } else if (isNode(value)) found.push(value);
  }
  for (let i = 1; i < found.length; i++) {
    if (found[i].start < found[i - 1].start) return found.sort((a, b) => a.start - b.start);
  }
  return found;
}

/** An expression without its parentheses and types. */
export function bare(node) {
  while (WRAPPERS.has(node.type)) node = node.expression;
  return node;
}

/**
 * The reference that a chain of plain members starts from, with its links, or null.
 * An optional link, a private name, a call or `super` on the way makes it an ordinary expression.
 */
export function path(node) {
  const links = [];
  for (let at = bare(node); at.type === "MemberExpression"; at = bare(at.object)) {
    if (at.ref) return { root: at, links: links.reverse() };
    if (at.optional || at.property.type === "PrivateIdentifier") return null;
    links.push(at);
  }
  return null;
}

/** The reference itself, if the expression is nothing else. */
export function reference(node) {
  const at = bare(node);
  return at.type === "MemberExpression" && at.ref ? at : null;
}

/** The names that a binding pattern declares, in order. */
export function boundNames(pattern) {
  switch (pattern?.type) {
    case "Identifier":
      return [pattern.name];
    case "ObjectPattern":
      return pattern.properties.flatMap((property) => boundNames(property.value ?? property.argument));
    case "ArrayPattern":
      return pattern.elements.flatMap(boundNames);
    case "AssignmentPattern":
      return boundNames(pattern.left);
    case "RestElement":
      return boundNames(pattern.argument);
    case "TSParameterProperty":
      return boundNames(pattern.parameter);
    default:
      return [];
  }
}

/** Whether a namespace holds anything that exists when the code runs. */
export function hasValue(node) {
  switch (node.type) {
    case "TSModuleDeclaration":
      return !node.declare && !node.global && node.id.type === "Identifier" && Boolean(node.body) && hasValue(node.body);
    case "TSModuleBlock":
      return node.body.some(hasValue);
    case "ExportNamedDeclaration":
      return node.declaration ? hasValue(node.declaration) : node.exportKind !== "type" && node.specifiers.length > 0;
    default:
      return !isTypeOnly(node);
  }
}

/** Whether a statement is gone once types are. */
export function isTypeOnly(node) {
  if (node.declare) return true;
  switch (node.type) {
    case "TSInterfaceDeclaration":
    case "TSTypeAliasDeclaration":
    case "TSDeclareFunction":
      return true;
    case "TSModuleDeclaration":
      return !hasValue(node);
    case "ImportDeclaration":
    case "TSImportEqualsDeclaration":
      return node.importKind === "type";
    case "ExportNamedDeclaration":
      return node.exportKind === "type" || (Boolean(node.declaration) && isTypeOnly(node.declaration));
    case "ExportAllDeclaration":
      return node.exportKind === "type";
    case "ExportDefaultDeclaration":
      return isTypeOnly(node.declaration);
    default:
      return false;
  }
}

/** The names that a statement declares for the code that runs, in order. */
export function declaredNames(node) {
  if (isTypeOnly(node)) return [];
  switch (node.type) {
    case "VariableDeclaration":
      return node.declarations.flatMap((declarator) => boundNames(declarator.id));
    case "FunctionDeclaration":
    case "ClassDeclaration":
    case "TSEnumDeclaration":
    case "TSModuleDeclaration":
    case "TSImportEqualsDeclaration":
      return node.id ? [node.id.name] : [];
    default:
      return [];
  }
}

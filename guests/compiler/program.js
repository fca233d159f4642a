// What a val's value is: the exported declaration, else the last one, else the last expression; and the wrapper.

import { bare, declaredNames, isTypeOnly } from "./nodes.js";
import { isExportsTarget } from "./scope.js";

function moduleTarget(statement) {
  const expression = statement.type === "ExpressionStatement" ? bare(statement.expression) : statement;
  if (expression.type !== "AssignmentExpression" || expression.operator !== "=") return null;
  return isExportsTarget(expression.left) ? expression : null;
}

function nameOfValue(node) {
  const value = bare(node);
  return value.type === "Identifier" ? value.name : (value.id?.name ?? null);
}

/** Names that exist when the code runs, by statement order. */
function topLevelNames(body) {
  return body.flatMap((node) => declaredNames(node.declaration ?? node));
}

function exported(body) {
  const names = new Set(topLevelNames(body));
  let last = null;
  for (const node of body) {
    if (isTypeOnly(node)) continue;
    if (node.type === "ExportDefaultDeclaration" || node.type === "TSExportAssignment") {
      const value = node.declaration ?? node.expression;
      return { name: nameOfValue(value), local: value.type.endsWith("Declaration") ? (value.id?.name ?? null) : null, isDefault: true };
    }
    if (node.type !== "ExportNamedDeclaration") continue;
    for (const { local, exported: as } of node.specifiers) {
      if (!names.has(local.name)) continue;
      const isDefault = (as.name ?? as.value) === "default";
      last = { name: isDefault ? local.name : (as.name ?? as.value), local: local.name, isDefault };
      if (isDefault) return last;
    }
    const name = node.declaration && declaredNames(node.declaration).at(-1);
    if (name) last = { name, local: name, isDefault: false };
  }
  return last;
}

/** Where a program's value comes from: { form, name, local | isDefault | module | statement }. */
function valueOf(body) {
  const form = "declarations";
  const found = exported(body);
  if (found) return { form, ...found };
  const assignment = body.map(moduleTarget).findLast(Boolean);
  if (assignment) return { form: "statements", name: nameOfValue(assignment.right), module: true };
  const name = topLevelNames(body).at(-1);
  if (name) return { form, name, local: name };
  const running = body.filter((node) => !isTypeOnly(node) && node.type !== "EmptyStatement");
  if (!running.length) return { form: "empty", name: null };
  const statement = running.findLast((node) => node.type === "ExpressionStatement");
  return { form: "statements", name: null, statement, isLast: statement === running.at(-1) };
}

/** Write the body of a program; return { form, name, head, tail } for the wrapper. */
export function emitProgram(emitter, program) {
  const { writer } = emitter;
  const value = valueOf(program.body);
  let kept = null;
  emitter.declared = emitter.classesAndFunctions(program.body);
  emitter.list(program.body, (statement) => {
    if (statement !== value.statement) return;
    writer.copy(statement.start);
    kept = value.isLast ? null : emitter.temporary();
    writer.put(kept ? `${kept} = ` : "return ");
  });
  writer.copy(emitter.source.length);
  const result = value.local ?? (value.isDefault ? `${emitter.default}.default` : value.module ? "module.exports" : kept);
  return { form: value.form, name: value.name, head: "", tail: result ? `return ${result};` : "" };
}

/** Write a val that is one expression. */
export function emitExpression(emitter, expression) {
  const { writer, source } = emitter;
  const assignment = moduleTarget(bare(expression));
  emitter.visit(expression);
  writer.copy(expression.end);
  writer.skip(source.length);
  return {
    form: "expression",
    name: assignment ? nameOfValue(assignment.right) : null,
    head: assignment ? "" : "return (",
    tail: assignment ? ";return module.exports;" : ")",
  };
}

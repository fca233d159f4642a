// JavaScript and TypeScript with JSX, and `@user.name` where an identifier may stand in an expression.
//
// `@user.name` is read as one token, so it exists only where the tokenizer looks for an expression or operator:
// never in strings, template text, comments, regular expressions or JSX text.
// It becomes a MemberExpression that carries `ref`: every early error about targets and bindings then holds by itself.

import * as acorn from "acorn";
import { tsPlugin } from "@sveltejs/acorn-typescript";
import { SourceError } from "./nodes.js";
import { fastTokens } from "./tokens.js";

const { TokenType, tokTypes: tt, isIdentifierStart, isIdentifierChar } = acorn;
const REFERENCE = new TokenType("@user.name", { startsExpr: true });
const TRIVIA = /(?:\s|\/\/[^\n\r\u2028\u2029]*|\/\*[^]*?\*\/)*/y;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const JSX_END = /<\/|\/>/;
const MAX_NAME = 48;
const NO_OWNER = new Set(["secrets", "anonymous"]);
const NO_NAME = new Set(["me", "anonymous"]);
/** What a type checker complains of; the code runs all the same. */
const UNTOLD = /^(?:This member cannot have an 'override'|A required element cannot follow|'\w+' modifier must precede)/;
/** What the text of an element that nobody closed ends in. */
const TEXT_END = /^Unexpected token `[>}]`/;
const COMPONENT = "Component";
const UNCLOSED = "is not closed. If it is a type, write it behind the value: x as T";
const DECORATORS = "Decorators are not supported. A val is written @user.name";
const OPTIONS = {
  ecmaVersion: 2026,
  sourceType: "module",
  locations: true,
  preserveParens: true,
  allowReturnOutsideFunction: true,
  allowAwaitOutsideFunction: true,
  allowHashBang: false,
};

/** The first offset at or after `from` that is neither white space nor comment. */
export function skipTrivia(text, from) {
  TRIVIA.lastIndex = from;
  TRIVIA.test(text);
  return TRIVIA.lastIndex;
}

/** What looks like an element and is not closed, or is a cast: every val may hold JSX, so `<string>x` begins an element. */
function unclosed(input, pos) {
  const tag = /^<[^<>{}]{0,40}>/.exec(input.slice(pos, pos + 42))?.[0] ?? "<";
  return Object.assign(new SyntaxError(`${tag} ${UNCLOSED}`), { pos });
}

function references(Parser) {
  const { tokTypes = {}, keywordsRegExp } = Parser.acornTypeScript ?? {};
  const contextual = Object.entries(tokTypes).filter(([word]) => keywordsRegExp.test(word));
  const words = new Map([...Object.entries(acorn.keywordTypes), ...contextual]);
  return class extends Parser {
    getTokenFromCode(code) {
      if (code !== 64) return super.getTokenFromCode(code);
      if (this.inType) this.raise(this.pos, "A val is a value: it cannot stand in a type");
      return this.readReference() ?? super.getTokenFromCode(code);
    }

    /** Read `@user.name` or `@user.name@12`; what has no `.name` is left to be a decorator. */
    readReference() {
      const start = this.pos;
      const owner = this.wordAt(start + 1);
      if (!owner) this.raise(start, "A val is written @user.name");
      const dot = skipTrivia(this.input, start + 1 + owner.length);
      if (this.input[dot] !== ".") return null;
      const at = skipTrivia(this.input, dot + 1);
      const name = this.wordAt(at);
      if (!name) return null;
      this.insistName(start + 1, owner, NO_OWNER);
      this.insistName(at, name, NO_NAME);
      const secrets = name.toLowerCase() === "secrets";
      let end = at + name.length;
      let version = null;
      if (this.input[end] === "@") {
        const digits = /^\d{1,9}/.exec(this.input.slice(end + 1, end + 11))?.[0];
        const after = end + 1 + (digits?.length ?? 0);
        if (secrets || !digits || isIdentifierChar(this.fullCodeAt(after), true)) {
          this.raise(end, secrets ? "Secrets have no versions" : "A version is a number: @user.name@12");
        }
        version = Number(digits);
        end = after;
      }
      this.countLines(start, end);
      this.pos = end;
      return this.finishToken(REFERENCE, { owner, name, version, secrets }), true;
    }

    /** As the TypeScript plugin's, which makes a regular expression for every word. */
    readWord() {
      const word = this.readWord1();
      return this.finishToken(words.get(word) ?? tt.name, word);
    }

    fullCodeAt(pos) {
      return this.input.codePointAt(pos) ?? -1;
    }

    wordAt(pos) {
      if (!isIdentifierStart(this.fullCodeAt(pos), true)) return "";
      let end = pos;
      while (end < this.input.length && isIdentifierChar(this.fullCodeAt(end), true)) {
        end += this.fullCodeAt(end) > 0xffff ? 2 : 1;
      }
      return this.input.slice(pos, end);
    }

    insistName(pos, word, reserved) {
      if (!NAME.test(word) || word.length > MAX_NAME) {
        const shown = word.slice(0, MAX_NAME);
        this.raise(pos, `'${shown}' is not a name: letters, digits and _, not starting with a digit, ${MAX_NAME} at most`);
      }
      if (reserved.has(word.toLowerCase())) this.raise(pos, `'${word}' is reserved: nothing can have that name`);
    }

    countLines(start, end) {
      for (let i = start; i < end; i++) {
        const code = this.input.charCodeAt(i);
        if (!acorn.isNewLine(code) || (code === 13 && this.input.charCodeAt(i + 1) === 10)) continue;
        this.curLine++;
        this.lineStart = i + 1;
      }
    }

    parseExprAtom(...rest) {
      if (this.type !== REFERENCE) return super.parseExprAtom(...rest);
      const node = this.startNode();
      node.ref = this.value;
      node.object = this.startNode();
      node.object.name = `@${node.ref.owner}`;
      node.property = this.startNode();
      node.property.name = node.ref.name;
      node.computed = node.optional = false;
      this.next();
      this.finishNode(node.object, "Identifier");
      this.finishNode(node.property, "Identifier");
      return this.finishNode(node, "MemberExpression");
    }

    parseBindingAtom() {
      if (this.type === REFERENCE) {
        const { owner, name } = this.value;
        this.raise(this.start, `@${owner}.${name} cannot be declared: write @${owner}.${name} = …`);
      }
      return super.parseBindingAtom();
    }

    parseStatement(context, topLevel, exports) {
      if (this.type !== REFERENCE) return super.parseStatement(context, topLevel, exports);
      const start = this.start;
      if (this.isDecorated(skipTrivia(this.input, this.pos))) this.raise(start, DECORATORS);
      const node = super.parseStatement(context, topLevel, exports);
      const ended = this.input[node.end - 1] === ";";
      if (!ended && node.expression?.type === "CallExpression" && this.isDecorated(this.start)) {
        this.raise(start, `${DECORATORS}. If this is a call, end it with a semicolon`);
      }
      return node;
    }

    isDecorated(pos) {
      const word = this.wordAt(pos);
      return word === "class" || word === "export";
    }

    parseDecorators() {
      this.raise(this.start, DECORATORS);
    }

    parseDecorator() {
      this.raise(this.start, DECORATORS);
    }

    parseClassElement(...rest) {
      if (this.type === REFERENCE) this.raise(this.start, DECORATORS);
      return super.parseClassElement(...rest);
    }

    /** `export foo = …` is what people wrote: it means `export let foo = …`. */
    parseExport(node, exports) {
      if (this.skipTypeOfAll()) return Object.assign(super.parseExport(node, exports), { exportKind: "type" });
      if (!this.isImplicitExport()) return super.parseExport(node, exports);
      this.next();
      const declaration = this.startNode();
      this.parseVar(declaration, false, "let");
      this.semicolon();
      node.declaration = this.finishNode(declaration, "VariableDeclaration");
      node.implicit = true;
      node.specifiers = [];
      node.source = null;
      this.checkVariableExport(exports, declaration.declarations);
      return this.finishNode(node, "ExportNamedDeclaration");
    }

    /** `export type * from "x"`: move behind `type`. */
    skipTypeOfAll() {
      const start = skipTrivia(this.input, this.pos);
      if (this.wordAt(start) !== "type" || this.input[skipTrivia(this.input, start + 4)] !== "*") return false;
      this.countLines(this.pos, start + 4);
      this.pos = start + 4;
      return true;
    }

    isImplicitExport() {
      const start = skipTrivia(this.input, this.pos);
      const word = this.wordAt(start);
      if (!word || word === "default") return false;
      const after = skipTrivia(this.input, start + word.length);
      const next = this.input[after + 1];
      return this.input[after] === ":" || (this.input[after] === "=" && next !== "=" && next !== ">");
    }

    /** `<const T>` stands in every list of type parameters. */
    tsTryParseTypeParameters(parseModifiers = this.tsParseConstModifier) {
      return super.tsTryParseTypeParameters(parseModifiers);
    }

    /** `<T extends A>(x) => …` is no JSX: what failed to be JSX may be a generic arrow. */
    reportReservedArrowTypeParam() {}

    /** Every val may hold JSX, so `<string>x` begins an element. The last one that was tried is the one that is told. */
    tsParseTypeAssertion() {
      this.cast = Math.max(this.cast ?? 0, this.start);
      throw unclosed(this.input, this.start);
    }

    jsx_parseElementAt(start, place) {
      const { open } = this;
      this.open = start;
      const node = super.jsx_parseElementAt(start, place);
      this.open = open;
      return node;
    }

    jsx_parseIdentifier() {
      if (this.type === REFERENCE) {
        const { owner, name } = this.value;
        this.raise(this.start, `@${owner}.${name} cannot name an element: write const ${COMPONENT} = @${owner}.${name}, then <${COMPONENT}/>`);
      }
      return super.jsx_parseIdentifier();
    }

    /** The error to tell: a generic arrow that failed was also tried as an element, a cast as several things. */
    judged(error) {
      const at = this.cast ?? (error.message.includes(UNCLOSED) ? error.pos : null);
      if (at === null) return error;
      return this.looksLikeArrow(at) ? this.furthest : unclosed(this.input, at);
    }

    /** Whether `<T>(…)` goes on as an arrow function does. */
    looksLikeArrow(pos) {
      let at = skipTrivia(this.input, this.input.indexOf(">", pos) + 1);
      if (this.input[at] !== "(") return false;
      for (let depth = 0; at < this.input.length; at++) {
        if (this.input[at] === "(") depth++;
        else if (this.input[at] === ")" && --depth === 0) break;
      }
      return /^(?:=>|:)/.test(this.input.slice(skipTrivia(this.input, at + 1)));
    }

    raise(pos, message) {
      if (message.startsWith("Not enough stack")) throw new RangeError(message);
      if (UNTOLD.test(message)) return;
      if (message.startsWith("Unterminated JSX") || (TEXT_END.test(message) && !JSX_END.test(this.input))) {
        throw unclosed(this.input, this.open);
      }
      if (pos >= (this.furthest?.pos ?? 0)) this.furthest = new SourceError(pos, message);
      super.raise(pos, message);
    }

    unexpected(pos = this.start) {
      if (pos >= this.input.length) this.raise(this.input.length, "Unexpected end of the code");
      const end = pos === this.start && this.end > pos ? Math.min(this.end, pos + 40) : pos + 1;
      this.raise(pos, `Unexpected token '${this.input.slice(pos, end)}'`);
    }

    parseWhole() {
      this.nextToken();
      const expression = this.parseExpression();
      while (this.eat(tt.semi));
      if (this.type !== tt.eof) this.unexpected();
      return expression;
    }
  };
}

/** Give a class its ancestors' methods as its own: an interpreter would climb the whole chain for each. */
function flattened(Parser) {
  const own = Parser.prototype;
  for (let from = Object.getPrototypeOf(own); from !== Object.prototype; from = Object.getPrototypeOf(from)) {
    for (const [key, method] of Object.entries(Object.getOwnPropertyDescriptors(from))) {
      if (!Object.hasOwn(own, key)) Object.defineProperty(own, key, method);
    }
  }
  return Parser;
}

const WITH_JSX = flattened(acorn.Parser.extend(fastTokens, tsPlugin({ jsx: true }), references));
const WITHOUT_JSX = flattened(acorn.Parser.extend(fastTokens, tsPlugin(), references));
/** For JavaScript that TypeScript reads otherwise, such as `a ? (b) : c => d`. */
const WITHOUT_TYPES = flattened(acorn.Parser.extend(fastTokens, references));
/** For what was written. */
const PLAIN = flattened(acorn.Parser.extend(fastTokens));

/** The character of an entity of JSX text; what is none stays. */
export function entity(text) {
  const parser = new WITH_JSX({ ...OPTIONS }, text);
  return parser.jsx_readEntity() + text.slice(parser.pos);
}

/** Where the parser is, for errors that do not say where they are. */
export const progress = { parser: null };

function attempt(Parser, source, asExpression) {
  const parser = new Parser({ ...OPTIONS }, source);
  progress.parser = parser;
  if (asExpression) return { expression: parser.parseWhole() };
  const program = parser.parse();
  const [only, ...others] = program.body.filter((statement) => statement.type !== "EmptyStatement");
  if (only?.type === "ExpressionStatement" && !others.length) return { expression: only.expression };
  return { program };
}

/** The error of one attempt. Any but those of stack and memory is a mistake in the source that the plugin stumbled over. */
function placed(error) {
  if (error instanceof SyntaxError && typeof error.pos === "number") return error;
  if (!(error instanceof TypeError)) throw error;
  return new SourceError(progress.parser.start, "The code cannot be understood from here on");
}

/**
 * Parse a val: { expression } or { program }.
 *
 * What starts with `{` is an object first, then a block; a nameless function or class is an expression.
 * JSX and `<Type>value` exclude each other: JSX is tried first.
 * Of several errors the one that got furthest is thrown; what looks like JSX is judged as JSX.
 */
export function parse(source) {
  const first = skipTrivia(source, 0);
  const start = source.slice(first, first + 200);
  const orders = start[0] === "{" ? [true, false] : /^(?:async\s+)?(?:function|class)\b/.test(start) ? [false, true] : [false];
  const parsers = source.includes("<") ? [WITH_JSX, WITHOUT_JSX, WITHOUT_TYPES] : [WITHOUT_JSX, WITHOUT_TYPES];
  const isJsx = JSX_END.test(source);
  let worst = null;
  for (const Parser of parsers) {
    for (const asExpression of orders) {
      try {
        return attempt(Parser, source, asExpression);
      } catch (raised) {
        const error = progress.parser.judged(placed(raised));
        const counts = Parser === WITH_JSX || !isJsx;
        if (!worst || (counts && error.pos > worst.pos)) worst = error;
        if (Parser !== WITH_JSX && !isJsx && error.message.includes(UNCLOSED)) throw error;
      }
    }
  }
  throw worst;
}

/**
 * Parse what was written as plain JavaScript: it must be one function expression, alone. Throws a SyntaxError with `pos`.
 *
 * This is the second lock: should the TypeScript parser and the engine ever see a source differently, so that text
 * could leave the wrapper or mean something else, the val does not compile.
 */
export function verify(code) {
  const { body } = PLAIN.parse(code, { ecmaVersion: OPTIONS.ecmaVersion, sourceType: "script" });
  const alone = body.length === 1 && body[0].expression?.type === "FunctionExpression";
  if (!alone) throw Object.assign(new SyntaxError("The code does not stay in its function"), { pos: 0 });
}

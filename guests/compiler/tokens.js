// Reads words and white space by regular expression: in an interpreter, acorn's character by character is most of the time.

import { Position } from "acorn";

const WORD = /[A-Za-z0-9_$]+/y;
const SPACES = / */y;

const NOWHERE = new Position(0, 0);

/** Whether a word may go on with this character: a letter beyond ASCII, or an escape. */
const goesOn = (code) => code === 92 || code > 127;

export function fastTokens(Parser) {
  return class extends Parser {
    readWord1() {
      WORD.lastIndex = this.pos;
      const word = WORD.exec(this.input)?.[0];
      if (!word || goesOn(this.input.charCodeAt(this.pos + word.length))) return super.readWord1();
      this.containsEsc = false;
      this.pos += word.length;
      return word;
    }

    /** The TypeScript plugin insists on positions; nobody reads them, so all are one. */
    curPosition() {
      return NOWHERE;
    }

    skipSpace() {
      const { input } = this;
      for (;;) {
        let code = input.charCodeAt(this.pos);
        if (code === 32) code = input.charCodeAt(++this.pos);
        if (code > 32 && code < 128 && code !== 47) return;
        if (code !== 10) return super.skipSpace();
        SPACES.lastIndex = ++this.pos;
        this.curLine++;
        this.lineStart = this.pos;
        SPACES.test(input);
        this.pos = SPACES.lastIndex;
      }
    }
  };
}

// performance: now and timeOrigin.
import { birth, sinceBirth } from "./clock.js";
import { publish } from "./idl.js";
import { EventTarget } from "./target.js";

const INSIDE = Symbol("inside");

export class Performance extends EventTarget {
  #brand = true;

  constructor(key = undefined) {
    if (key !== INSIDE) throw new TypeError("Illegal constructor");
    super();
  }

  now() {
    this.#brand;
    return sinceBirth();
  }

  get timeOrigin() {
    this.#brand;
    return birth();
  }

  toJSON() {
    return { timeOrigin: this.timeOrigin };
  }
}
publish(Performance, "Performance");

export const performance = new Performance(INSIDE);

// AbortController and AbortSignal.
import { Event, inside } from "./event.js";
import { isObject, needs, publish } from "./idl.js";
import { aims, EventTarget, report } from "./target.js";

const INSIDE = Symbol("inside");
const { apply } = Reflect;
let guts;

export class AbortSignal extends EventTarget {
  #aborted = false;
  #reason = undefined;
  #dependent = false;
  #sources = undefined; // the signals a dependent one follows
  #dependents = undefined;
  #steps = undefined; // functions of the runtime that run before the event
  #handler = null; // onabort
  #listener = undefined;

  static {
    guts = {
      is: (value) => isObject(value) && #aborted in value,
      abort: (signal, reason) => signal.#abort(reason),
      follow: (signal, sources) => signal.#follow(sources),
      add(signal, step) {
        if (signal.#aborted) return;
        (signal.#steps ??= []).push(step);
      },
      remove(signal, step) {
        if (signal.#steps !== undefined) signal.#steps = signal.#steps.filter((one) => one !== step);
      },
    };
  }

  constructor(key = undefined) {
    if (key !== INSIDE) throw new TypeError("Illegal constructor");
    super();
  }

  static abort(reason = undefined) {
    const signal = new AbortSignal(INSIDE);
    signal.#aborted = true;
    signal.#reason = given(reason);
    return signal;
  }

  static timeout(milliseconds) {
    needs(1, arguments.length, "AbortSignal.timeout");
    const delay = Math.trunc(Number(milliseconds));
    if (!(delay >= 0 && delay <= Number.MAX_SAFE_INTEGER)) throw new TypeError("a timeout is a number of milliseconds");
    const signal = new AbortSignal(INSIDE);
    globalThis.setTimeout(() => signal.#abort(new DOMException("The operation timed out.", "TimeoutError")), delay);
    return signal;
  }

  static any(signals) {
    needs(1, arguments.length, "AbortSignal.any");
    const sources = [...signals];
    for (const one of sources) if (!isSignal(one)) throw new TypeError("AbortSignal.any takes signals");
    const signal = new AbortSignal(INSIDE);
    signal.#follow(sources);
    return signal;
  }

  get aborted() {
    return this.#aborted;
  }

  get reason() {
    return this.#reason;
  }

  throwIfAborted() {
    if (this.#aborted) throw this.#reason;
  }

  get onabort() {
    return this.#handler;
  }

  set onabort(handler) {
    const next = isObject(handler) ? handler : null;
    if (next !== null && this.#listener === undefined) {
      this.#listener = (event) => {
        if (typeof this.#handler === "function") apply(this.#handler, this, [event]);
      };
      this.addEventListener("abort", this.#listener);
    }
    if (next === null && this.#listener !== undefined) {
      this.removeEventListener("abort", this.#listener);
      this.#listener = undefined;
    }
    this.#handler = next;
  }

  // A dependent signal of a dependent one follows what that one follows.
  #follow(sources) {
    this.#dependent = true;
    for (const source of sources) {
      if (!source.aborted) continue;
      this.#aborted = true;
      this.#reason = source.reason;
      return;
    }
    this.#sources = [];
    for (const source of sources) {
      if (!guts.is(source)) source.addEventListener("abort", () => this.#abort(source.reason)); // another guest's
      else if (!source.#dependent) this.#hang(source);
      else for (const one of source.#sources ?? []) this.#hang(one);
      if (guts.is(source) && source.#dependent) source.#others(this);
    }
  }

  #hang(source) {
    if (this.#sources.includes(source)) return;
    this.#sources.push(source);
    (source.#dependents ??= []).push(this);
  }

  // Another guest's signals, which a dependent one hears itself.
  #others(follower) {
    (this.#dependents ??= []).push(follower);
  }

  #abort(reason) {
    if (this.#aborted) return;
    const told = [this];
    this.#aborted = true;
    this.#reason = given(reason);
    for (let i = 0; i < told.length; i++) {
      for (const one of told[i].#dependents ?? []) {
        if (one.#aborted) continue;
        one.#aborted = true;
        one.#reason = this.#reason;
        told.push(one);
      }
    }
    for (const one of told) one.#tell();
  }

  #tell() {
    const steps = this.#steps;
    this.#steps = this.#dependents = undefined;
    for (const step of steps ?? []) {
      try {
        step(this.#reason);
      } catch (error) {
        report(error);
      }
    }
    aims.dispatch(this, inside.trust(new Event("abort")));
  }
}
publish(AbortSignal, "AbortSignal", ["abort", "timeout", "any"]);
Object.defineProperty(AbortSignal, "length", { value: 0, configurable: true });

const given = (reason) => (reason === undefined ? new DOMException("This operation was aborted", "AbortError") : reason);

export class AbortController {
  #signal = undefined;

  static {
    guts.signal = (controller) => (controller.#signal ??= new AbortSignal(INSIDE));
  }

  get signal() {
    return (this.#signal ??= new AbortSignal(INSIDE));
  }

  abort(reason = undefined) {
    guts.abort(guts.signal(this), reason);
  }
}
publish(AbortController, "AbortController");
Object.defineProperty(AbortController.prototype.abort, "length", { value: 0, configurable: true });

// ---- for the rest of the house -----------------------------------------------------------------------

// A signal of this guest, or a stand-in for another's.
export const isSignal = (value) => guts.is(value) || (isObject(value) && typeof value.aborted === "boolean" && typeof value.addEventListener === "function");
export const isOwnSignal = (value) => guts.is(value);
// A new signal that follows these.
export function followerOf(signals) {
  const signal = new AbortSignal(INSIDE);
  guts.follow(signal, signals);
  return signal;
}
// Run a function with the reason when this guest's own signal aborts, before its event; and forget it again.
export const onAbort = (signal, step) => guts.add(signal, step);
export const offAbort = (signal, step) => guts.remove(signal, step);

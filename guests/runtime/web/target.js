// EventTarget, without a tree of nodes: a target is its own path.
// What a listener throws is nobody's to catch: it is reported as a rejection that nobody handles, and fails the evaluation at its end.
import { glue } from "./engine.js";
import { CustomEvent, Event, inside } from "./event.js";
import { illegal, isObject, needs, publish } from "./idl.js";

const { apply } = Reflect;

export function report(error) {
  new Promise((_, reject) => reject(error));
}

function flatten(options) {
  return isObject(options) ? !!options.capture : !!options;
}

// Another owner's event goes round as a copy of it.
function copied(event) {
  const { type, bubbles, cancelable, composed, detail } = event;
  return detail === undefined ? new Event(type, { bubbles, cancelable, composed }) : new CustomEvent(type, { bubbles, cancelable, composed, detail });
}

export let aims;

export class EventTarget {
  #listeners = undefined; // made with the first one: {type, callback, capture, passive, once, removed}
  #brand = true;

  static {
    aims = {
      is: (value) => isObject(value) && #brand in value,
      dispatch: (target, event) => target.#dispatch(event),
    };
  }

  addEventListener(type, callback, options = undefined) {
    this.#brand;
    needs(2, arguments.length, "addEventListener");
    const name = `${type}`;
    const [capture, passive, once, signal] = isObject(options)
      ? [!!options.capture, !!options.passive, !!options.once, options.signal]
      : [!!options, false, false, undefined];
    if (signal !== undefined && !(isObject(signal) && typeof signal.aborted === "boolean")) throw new TypeError("the signal is no AbortSignal");
    if (callback === null || callback === undefined) return;
    if (!isObject(callback)) throw new TypeError("a listener is a function, or an object with handleEvent");
    if (signal?.aborted) return;
    const list = (this.#listeners ??= []);
    for (const one of list) if (one.type === name && one.callback === callback && one.capture === capture) return;
    const listener = { type: name, callback, capture, passive, once, removed: false };
    list.push(listener);
    signal?.addEventListener("abort", () => this.#remove(listener), { once: true });
  }

  removeEventListener(type, callback, options = undefined) {
    this.#brand;
    needs(2, arguments.length, "removeEventListener");
    const name = `${type}`;
    const capture = flatten(options);
    if (callback !== null && callback !== undefined && !isObject(callback)) throw new TypeError("a listener is a function, or an object with handleEvent");
    for (const one of this.#listeners ?? []) {
      if (one.type !== name || one.callback !== callback || one.capture !== capture) continue;
      this.#remove(one);
      return;
    }
  }

  dispatchEvent(event) {
    this.#brand;
    needs(1, arguments.length, "dispatchEvent");
    if (glue.foreign(event) && event instanceof Event) {
      const allowed = this.#dispatch(copied(event));
      if (!allowed) event.preventDefault();
      return allowed;
    }
    if (!inside.isEvent(event)) throw illegal("Event");
    if (inside.isDispatching(event)) throw new DOMException("the event is being dispatched", "InvalidStateError");
    inside.distrust(event);
    return this.#dispatch(event);
  }

  // A copy is made where something goes while others are being called.
  #remove(listener) {
    listener.removed = true;
    this.#listeners = this.#listeners.filter((one) => one !== listener);
  }

  #dispatch(event) {
    const { type } = event;
    inside.begin(event, this);
    const list = this.#listeners;
    if (list !== undefined && !inside.isStopped(event)) {
      this.#call(list, event, type, true);
      if (!inside.isStopped(event)) this.#call(this.#listeners, event, type, false);
    }
    inside.end(event);
    return !inside.isCanceled(event);
  }

  #call(list, event, type, capture) {
    const count = list.length; // who comes meanwhile is not called
    for (let i = 0; i < count; i++) {
      const one = list[i];
      if (one.removed || one.type !== type || one.capture !== capture) continue;
      if (one.once) this.#remove(one);
      inside.passive(event, one.passive);
      try {
        this.#tell(one.callback, event);
      } catch (error) {
        report(error);
      }
      inside.passive(event, false);
      if (inside.isStoppedNow(event)) return;
    }
  }

  #tell(callback, event) {
    if (typeof callback === "function") {
      apply(callback, this, [event]);
      return;
    }
    const handle = callback.handleEvent;
    if (typeof handle !== "function") throw new TypeError("the listener's handleEvent is not a function");
    apply(handle, callback, [event]);
  }
}
publish(EventTarget, "EventTarget");

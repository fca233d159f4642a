// Event and CustomEvent.
import { constants, dictionary, needs, publish } from "./idl.js";
import { sinceBirth } from "./clock.js";

const { defineProperty } = Object;
const PHASES = { NONE: 0, CAPTURING_PHASE: 1, AT_TARGET: 2, BUBBLING_PHASE: 3 };

// What EventTarget does to an event while it goes round.
export let inside;
const trusted = Object.getOwnPropertyDescriptor(
  {
    get isTrusted() {
      return inside.isTrusted(this);
    },
  },
  "isTrusted",
);
const TRUSTED = { get: trusted.get, set: undefined, enumerable: true, configurable: false };

export class Event {
  #type;
  #bubbles;
  #cancelable;
  #composed;
  #target = null;
  #current = null;
  #phase = 0;
  #stopped = false;
  #stoppedNow = false;
  #canceled = false;
  #passive = false;
  #dispatching = false;
  #trusted = false;
  #time = sinceBirth();

  static {
    inside = {
      isTrusted: (event) => event.#trusted,
      isEvent: (value) => typeof value === "object" && value !== null && #type in value,
      isDispatching: (event) => event.#dispatching,
      isStopped: (event) => event.#stopped,
      isStoppedNow: (event) => event.#stoppedNow,
      isCanceled: (event) => event.#canceled,
      trust(event) {
        event.#trusted = true;
        return event;
      },
      distrust(event) {
        event.#trusted = false;
      },
      passive(event, is) {
        event.#passive = is;
      },
      begin(event, target) {
        event.#dispatching = true;
        event.#target = event.#current = target;
        event.#phase = PHASES.AT_TARGET;
      },
      end(event) {
        event.#dispatching = event.#stopped = event.#stoppedNow = false;
        event.#current = null;
        event.#phase = PHASES.NONE;
      },
    };
  }

  constructor(type, init = undefined) {
    needs(1, arguments.length, "Event");
    this.#type = `${type}`;
    if (init === undefined) {
      this.#bubbles = this.#cancelable = this.#composed = false;
    } else {
      const { bubbles, cancelable, composed } = dictionary(init, "init");
      this.#bubbles = !!bubbles;
      this.#cancelable = !!cancelable;
      this.#composed = !!composed;
    }
    defineProperty(this, "isTrusted", TRUSTED);
  }

  get type() {
    return this.#type;
  }

  get target() {
    return this.#target;
  }

  get srcElement() {
    return this.#target;
  }

  get currentTarget() {
    return this.#current;
  }

  get eventPhase() {
    return this.#phase;
  }

  get bubbles() {
    return this.#bubbles;
  }

  get cancelable() {
    return this.#cancelable;
  }

  get composed() {
    return this.#composed;
  }

  get defaultPrevented() {
    return this.#canceled;
  }

  get timeStamp() {
    return this.#time;
  }

  get cancelBubble() {
    return this.#stopped;
  }

  set cancelBubble(value) {
    if (value) this.#stopped = true;
    else this.#stopped;
  }

  get returnValue() {
    return !this.#canceled;
  }

  set returnValue(value) {
    if (!value) this.#cancel();
    else this.#canceled;
  }

  composedPath() {
    return this.#current === null ? [] : [this.#current];
  }

  stopPropagation() {
    this.#stopped = true;
  }

  stopImmediatePropagation() {
    this.#stopped = this.#stoppedNow = true;
  }

  preventDefault() {
    this.#cancel();
  }

  initEvent(type, bubbles = false, cancelable = false) {
    this.#type;
    needs(1, arguments.length, "initEvent");
    if (this.#dispatching) return;
    this.#type = `${type}`;
    this.#bubbles = !!bubbles;
    this.#cancelable = !!cancelable;
    this.#target = null;
    this.#trusted = this.#stopped = this.#stoppedNow = this.#canceled = false;
  }

  #cancel() {
    if (this.#cancelable && !this.#passive) this.#canceled = true;
  }
}
constants(Event, PHASES);
publish(Event, "Event");

export class CustomEvent extends Event {
  #detail;

  constructor(type, init = undefined) {
    needs(1, arguments.length, "CustomEvent");
    super(type, init);
    this.#detail = init?.detail === undefined ? null : init.detail;
  }

  get detail() {
    return this.#detail;
  }

  initCustomEvent(type, bubbles = false, cancelable = false, detail = null) {
    this.#detail;
    needs(1, arguments.length, "initCustomEvent");
    if (inside.isDispatching(this)) return;
    super.initEvent(type, bubbles, cancelable);
    this.#detail = detail;
  }
}
publish(CustomEvent, "CustomEvent");

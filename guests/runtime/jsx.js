// What JSX makes where a val brings nothing of its own: elements of Preact that render themselves as HTML.
//
// `$.jsx(type, props)` is what compiled code calls; `key` and `children` are among the props.
// Wherever a text is wanted (String, a template, a Response, JSON) an element is its HTML.
// It crosses by copy, as [type, props, key]; a component goes by reference, and its author's guest runs it.
import { Fragment, createElement, options } from "preact";
import { renderToString } from "preact-render-to-string";
import { install } from "./born.js";

const KIND = 31; // among the classes that cross by copy; the web's count from 0
const INSPECT = Symbol.for("nodejs.util.inspect.custom");
const { getPrototypeOf, setPrototypeOf } = Object;
const { isArray } = Array;
const OBJECT = Object.prototype;

export class Element {}

const ELEMENT = Element.prototype;
export const isElement = (value) => value !== null && typeof value === "object" && getPrototypeOf(value) === ELEMENT;

install(ELEMENT, {
  toString() {
    return renderToString(this);
  },
  toJSON() {
    return renderToString(this);
  },
  [INSPECT]() {
    return renderToString(this);
  },
});
options.vnode = (element) => void setPrototypeOf(element, ELEMENT);

function insist(type) {
  if (typeof type === "string" || typeof type === "function") return;
  const what = type === null ? "null" : isElement(type) ? "an element" : typeof type;
  throw new TypeError(`JSX wants the name of an element or a component, and this is ${what}`);
}

export function jsx(type, props) {
  insist(type);
  return createElement(type, props);
}

function classic(type, ...rest) {
  insist(type);
  return createElement(type, ...rest);
}

// The `h` that is in scope, unless it is something else of that name.
export const factory = (own) => (typeof own === "function" ? own : classic);

// An element as text; any other value as it is.
export const rendered = (value) => (isElement(value) ? renderToString(value) : value);

function dehydrate({ type, props, key }) {
  if ((typeof type !== "string" && typeof type !== "function") || props === null || typeof props !== "object") return undefined;
  return [type === Fragment ? null : type, props, key];
}

export function installJsx(host) {
  const { foreign } = host.glue;
  const isOwn = (value) => value !== null && typeof value === "object" && !foreign(value);
  const isPlain = (value) => isOwn(value) && (getPrototypeOf(value) === OBJECT || getPrototypeOf(value) === null);
  const isKey = (value) => value === null || (typeof value !== "object" && typeof value !== "function" && typeof value !== "symbol");

  function hydrate(state) {
    if (!isOwn(state) || !isArray(state) || state.length !== 3) throw new TypeError("this is no element");
    const type = state[0];
    const props = state[1];
    const key = state[2];
    if ((type !== null && typeof type !== "string" && typeof type !== "function") || !isPlain(props) || !isKey(key)) {
      throw new TypeError("this is no element");
    }
    const element = createElement("x", null); // with its real type, Preact would ask that for defaults
    element.type = type === null ? Fragment : type;
    element.props = props;
    element.key = key;
    return element;
  }

  host.glue.platform(KIND, Element, dehydrate, hydrate);
}

export { Fragment };

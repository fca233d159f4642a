// FormData: a list of name and string or File.
import { bytesOf, fileOf, isBlob, isFile } from "./blob.js";
import { glue } from "./engine.js";
import { illegal, isObject, iterable, needs, publish, scalar } from "./idl.js";
import { all, first, holds, pairAt, remove, replace } from "./list.js";

const INSIDE = Symbol("inside");
let guts;

// A Blob becomes a File called blob; a File keeps its own name unless another is given.
function valueOf(value, filename, count) {
  if (!isBlob(value)) {
    if (count > 2) throw new TypeError("only a Blob has a file's name");
    return scalar(value);
  }
  if (isFile(value) && filename === undefined) return value;
  const name = filename === undefined ? "blob" : scalar(filename);
  return fileOf(bytesOf(value), name, value.type, isFile(value) ? value.lastModified : Math.floor(glue.now()));
}

export class FormData {
  #list = []; // name, value, name, value …

  static {
    guts = {
      is: (value) => isObject(value) && #list in value,
      list: (form) => form.#list,
    };
  }

  constructor(form = undefined, list = undefined) {
    if (form === INSIDE) this.#list = list;
    else if (form !== undefined) throw new TypeError("there are no forms here to take data from");
  }

  append(name, value, filename = undefined) {
    const list = this.#list;
    needs(2, arguments.length, "append");
    list.push(scalar(name), valueOf(value, filename, arguments.length));
  }

  delete(name) {
    const list = this.#list;
    needs(1, arguments.length, "delete");
    remove(list, scalar(name));
  }

  get(name) {
    const list = this.#list;
    needs(1, arguments.length, "get");
    return first(list, scalar(name));
  }

  getAll(name) {
    const list = this.#list;
    needs(1, arguments.length, "getAll");
    return all(list, scalar(name));
  }

  has(name) {
    const list = this.#list;
    needs(1, arguments.length, "has");
    return holds(list, scalar(name));
  }

  set(name, value, filename = undefined) {
    const list = this.#list;
    needs(2, arguments.length, "set");
    const key = scalar(name);
    replace(list, key, valueOf(value, filename, arguments.length));
  }
}
iterable(FormData, "FormData", (form, index) => {
  if (!guts.is(form)) throw illegal("FormData");
  return pairAt(guts.list(form), index);
});
for (const key of ["append", "set"]) Object.defineProperty(FormData.prototype[key], "length", { value: 2, configurable: true });
publish(FormData, "FormData");

// ---- for the rest of the house -----------------------------------------------------------------------

export const isForm = (value) => guts.is(value);
export const entriesOf = (form) => guts.list(form);
export const formOf = (list) => new FormData(INSIDE, list);

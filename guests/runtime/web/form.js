// FormData: a list of name and string or File.
import { bytesOf, fileOf, isBlob, isFile } from "./blob.js";
import { glue } from "./engine.js";
import { illegal, isObject, iterable, needs, publish, scalar } from "./idl.js";

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
    const key = scalar(name);
    let kept = 0;
    for (let i = 0; i < list.length; i += 2) {
      if (list[i] === key) continue;
      list[kept++] = list[i];
      list[kept++] = list[i + 1];
    }
    list.length = kept;
  }

  get(name) {
    const list = this.#list;
    needs(1, arguments.length, "get");
    const key = scalar(name);
    for (let i = 0; i < list.length; i += 2) if (list[i] === key) return list[i + 1];
    return null;
  }

  getAll(name) {
    const list = this.#list;
    needs(1, arguments.length, "getAll");
    const key = scalar(name);
    const found = [];
    for (let i = 0; i < list.length; i += 2) if (list[i] === key) found.push(list[i + 1]);
    return found;
  }

  has(name) {
    const list = this.#list;
    needs(1, arguments.length, "has");
    const key = scalar(name);
    for (let i = 0; i < list.length; i += 2) if (list[i] === key) return true;
    return false;
  }

  set(name, value, filename = undefined) {
    const list = this.#list;
    needs(2, arguments.length, "set");
    const key = scalar(name);
    const entry = valueOf(value, filename, arguments.length);
    let kept = 0;
    let found = false;
    for (let i = 0; i < list.length; i += 2) {
      const mine = list[i] === key;
      if (mine && found) continue;
      found ||= mine;
      list[kept++] = list[i];
      list[kept++] = mine ? entry : list[i + 1];
    }
    list.length = kept;
    if (!found) list.push(key, entry);
  }
}
iterable(FormData, "FormData", (form, index) => {
  if (!guts.is(form)) throw illegal("FormData");
  const list = guts.list(form);
  return 2 * index < list.length ? [list[2 * index], list[2 * index + 1]] : undefined;
});
for (const key of ["append", "set"]) Object.defineProperty(FormData.prototype[key], "length", { value: 2, configurable: true });
publish(FormData, "FormData");

// ---- for the rest of the house -----------------------------------------------------------------------

export const isForm = (value) => guts.is(value);
export const entriesOf = (form) => guts.list(form);
export const formOf = (list) => new FormData(INSIDE, list);

// A list of pairs, name, value, name, value …, and what is done to it in place: how Headers, FormData and URLSearchParams keep what
// they hold. A value that is given as `only` is looked for too; undefined is any.

const is = (list, i, name, only) => list[i] === name && (only === undefined || list[i + 1] === only);

export function holds(list, name, only = undefined) {
  for (let i = 0; i < list.length; i += 2) if (is(list, i, name, only)) return true;
  return false;
}

export function first(list, name) {
  for (let i = 0; i < list.length; i += 2) if (list[i] === name) return list[i + 1];
  return null;
}

export function all(list, name) {
  const found = [];
  for (let i = 0; i < list.length; i += 2) if (list[i] === name) found.push(list[i + 1]);
  return found;
}

export function remove(list, name, start = 0, only = undefined) {
  let kept = start;
  for (let i = start; i < list.length; i += 2) {
    if (is(list, i, name, only)) continue;
    list[kept++] = list[i];
    list[kept++] = list[i + 1];
  }
  list.length = kept;
}

// The first of this name has the value from here on, and is the only one; at the end, when there was none.
export function replace(list, name, value) {
  for (let i = 0; i < list.length; i += 2) {
    if (list[i] !== name) continue;
    list[i + 1] = value;
    remove(list, name, i + 2);
    return;
  }
  list.push(name, value);
}

export const pairAt = (list, index) => (2 * index < list.length ? [list[2 * index], list[2 * index + 1]] : undefined);

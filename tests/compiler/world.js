// A references object for the tests: vals live in `data`, by "owner.name"; what is done to them is in `log`.

globalThis.inWorld = (glue, text) => {
  run(...JSON.parse(text)).then(
    (seen) => glue.finish(JSON.stringify(seen)),
    (error) => glue.finish(JSON.stringify({ error: `${error}\n${error?.stack}` })),
  );
};

const shownTag = (tag) => (typeof tag === "function" ? tag.name : tag);

const run = async (answer, text) => {
  const data = (0, eval)(`(${text})`);
  const log = [];
  const unit = JSON.parse(answer);
  const key = (i) => `${unit.references[i].owner}.${unit.references[i].name}`;
  const operate = {
    "+": (a, b) => a + b, "-": (a, b) => a - b, "*": (a, b) => a * b, "/": (a, b) => a / b, "%": (a, b) => a % b,
    "**": (a, b) => a ** b, "<<": (a, b) => a << b, ">>": (a, b) => a >> b, ">>>": (a, b) => a >>> b,
    "&": (a, b) => a & b, "|": (a, b) => a | b, "^": (a, b) => a ^ b,
    "&&": (a, b) => b, "||": (a, b) => b, "??": (a, b) => b,
  };
  const tested = { "&&": (a) => a, "||": (a) => !a, "??": (a) => a === null || a === undefined };
  const holder = (i, keys) => [keys.slice(0, -1).reduce((at, each) => at[each], data[key(i)]), keys.at(-1)];
  const place = (i) => [data, key(i)];
  const change = ([object, name], op, make) => {
    log.push(op);
    return (object[name] = make(object[name]));
  };
  const step = ([object, name], delta, prefix) => {
    log.push("step");
    const old = object[name];
    object[name] = old + delta;
    return prefix ? object[name] : old;
  };
  const slot = ([object, name]) => ({ set v(value) { log.push("slot"); object[name] = value; } });
  const $ = {
    get: (i) => (log.push("get"), data[key(i)]),
    fn: (i) => (log.push("fn"), data[key(i)]),
    ctor: (i) => (log.push("ctor"), data[key(i)]),
    name: (i) => `name ${key(i)}`,
    secret: (i) => `secret ${key(i)}`,
    secrets: (i) => ({ [`of ${unit.references[i].owner}`]: true, k: "dynamic" }),
    thrown: (value) => value,
    jsx: (tag, props) => [shownTag(tag), props],
    h: (own) => (typeof own === "function" ? own : (tag, props, ...kids) => ["classic", shownTag(tag), props, ...kids]),
    Fragment: "fragment",
    import: (specifier) => Promise.reject(new Error(`no ${specifier}`)),
    method: (i, keys, args) => {
      log.push("method");
      const [object, name] = holder(i, keys);
      return object[name](...args);
    },
    set: (i, value) => change(place(i), "set", () => value),
    update: (i, op, value) => change(place(i), `update ${op}`, (old) => operate[op](old, value)),
    test: (i, op) => Boolean(tested[op](data[key(i)])),
    step: (i, delta, prefix) => step(place(i), delta, prefix),
    delete: (i) => (log.push("delete"), delete data[key(i)]),
    slot: (i) => slot(place(i)),
    deepSet: (i, keys, value) => change(holder(i, keys), "deepSet", () => value),
    deepUpdate: (i, keys, op, value) => change(holder(i, keys), `deepUpdate ${op}`, (old) => operate[op](old, value)),
    deepTest: (i, keys, op) => Boolean(tested[op](holder(i, keys)[0][keys.at(-1)])),
    deepGet: (i, keys) => holder(i, keys)[0][keys.at(-1)],
    deepStep: (i, keys, delta, prefix) => step(holder(i, keys), delta, prefix),
    deepDelete: (i, keys) => {
      log.push("deepDelete");
      const [object, name] = holder(i, keys);
      return delete object[name];
    },
    deepSlot: (i, keys) => slot(holder(i, keys)),
  };
  globalThis.api = (name, ...args) => `api(${[name, ...args].join(", ")})`;
  const value = await (0, eval)(unit.code)($);
  const shown = typeof value === "function" ? `function ${value.name}` : value === undefined ? "undefined" : value;
  return { value: shown, data, log };
};

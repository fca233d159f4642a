// The host as the runtime sees it: the engine's functions, and the handles this guest was granted at birth.
const { defineProperty } = Object;

export function born(glue) {
  let held; // "name name …": the first stands for handle 1
  return {
    __proto__: null,
    glue,
    // granted: names of capabilities, or undefined when they were said before
    born(granted) {
      if (granted !== undefined) held = granted;
    },
    call(capability, op, ...args) {
      return glue.call(this.handle(capability, op), op, ...args);
    },
    handle(capability, op) {
      if (held === undefined) glue.call(0, op); // while an image is built: the builder wants to know who asks
      const handle = glue.find(held, capability);
      if (handle === 0) throw new TypeError(`this guest holds no handle for ${capability}`);
      return handle;
    },
  };
}

// A global or a member as the platform defines its own: writable, configurable, not enumerable.
export function install(object, members) {
  for (const name of Reflect.ownKeys(members)) defineProperty(object, name, { value: members[name], writable: true, configurable: true });
}

// An error with a name that is no built-in's.
export function named(name, message) {
  const error = new Error(message);
  defineProperty(error, "name", { value: name, writable: true, configurable: true });
  return error;
}

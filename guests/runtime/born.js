// The host as the runtime sees it: the engine's functions, and the handles this guest was granted at birth.
const { defineProperty } = Object;

export function born(glue) {
  const handles = Object.create(null);
  let alive = false; // while an image is built the guest holds nothing, and the builder wants to know who asks
  return {
    __proto__: null,
    glue,
    // granted: [name, handle, name, handle, …], or undefined when it was said before
    born(granted) {
      alive = true;
      if (granted === undefined) return;
      for (let i = 0; i < granted.length; i += 2) handles[granted[i]] = granted[i + 1];
    },
    call(capability, op, ...args) {
      const handle = handles[capability];
      if (!alive) glue.call(0, op);
      if (handle === undefined) throw new TypeError(`this guest holds no handle for ${capability}`);
      return glue.call(handle, op, ...args);
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

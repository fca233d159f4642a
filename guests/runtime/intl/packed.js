// What pack.mjs wrote, taken off the global object, where the build puts it before the runtime runs.
const { packed } = globalThis;
delete globalThis.packed;

export default packed;

// structuredClone.
import { glue } from "./engine.js";
import { dictionary, needs } from "./idl.js";

export const { structuredClone } = {
  structuredClone(value, options = undefined) {
    needs(1, arguments.length, "structuredClone");
    const { transfer } = dictionary(options, "options");
    return glue.clone(value, transfer === undefined ? undefined : [...transfer]);
  },
};

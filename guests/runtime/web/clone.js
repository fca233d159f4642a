// structuredClone.
import { glue } from "./engine.js";
import { dictionary, needs } from "./idl.js";

const { defineProperty } = Object;

export const { structuredClone } = {
  structuredClone(value, options = undefined) {
    needs(1, arguments.length, "structuredClone");
    const { transfer } = dictionary(options, "options");
    return glue.clone(value, transfer === undefined ? undefined : [...transfer]);
  },
};
defineProperty(structuredClone, "length", { value: 1, configurable: true });

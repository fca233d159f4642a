// node:vm, a context for each request. No boundary: Node's own documents say that it is no security mechanism.

import { Script, createContext } from "node:vm";

import { CODE, serve } from "./serving.mjs";

const script = new Script(CODE);

serve((args) => script.runInContext(createContext())(...args));

// @x.secrets, process.env and Deno.env. The other half is host_api/capabilities/secret.py.
import { install } from "./born.js";

const READ = 1;
const NAMES = 2;

export const readSecret = (host, owner, name) => host.call("secret", READ, owner, String(name));

const names = (host, owner) => JSON.parse(host.call("secret", NAMES, owner));

// A read-only view; in foreign code the host answers as if there were nothing.
export function secrets(host, owner) {
  const refuse = () => {
    throw new TypeError("secrets are set with the secrets API, not by code");
  };
  const value = (name) => (typeof name === "string" ? readSecret(host, owner, name) : undefined);
  return new Proxy(Object.create(null), {
    get: (_, name) => value(name),
    has: (_, name) => value(name) !== undefined,
    ownKeys: () => names(host, owner),
    getOwnPropertyDescriptor: (_, name) => {
      const found = value(name);
      return found === undefined ? undefined : { value: found, enumerable: true, configurable: true, writable: false };
    },
    set: refuse,
    defineProperty: refuse,
    deleteProperty: refuse,
  });
}

export function installSecret(host, global) {
  const env = secrets(host, "me");
  const deno = {};
  install(deno, { get: (name) => env[String(name)], has: (name) => String(name) in env, toObject: () => ({ ...env }) });
  install(global, { process: { env }, Deno: { env: deno } });
}

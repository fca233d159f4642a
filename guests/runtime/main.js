// The JavaScript every guest boots with. It runs at image build: nothing here may ask the kernel anything before `born`.
// No check lives here: whatever a val does to these objects, the kernel decides, and only its own guest hears it.
import { installApi } from "./api.js";
import { born } from "./born.js";
import { installClock } from "./clock.js";
import { installConsole } from "./console.js";
import { installCrypto } from "./crypto.js";
import { installFetch } from "./fetch.js";
import { learn } from "./inspect/web.js";
import { installJsx } from "./jsx.js";
import { installIntl } from "./intl/index.js";
import { installMail } from "./mail.js";
import { describe, enter } from "./outcome.js";
import { references } from "./references.js";
import { installSecret } from "./secret.js";
import { flush } from "./val.js";
import { installWeb } from "./web/index.js";

const { stringify } = JSON;
const units = Object.create(null);

export default function boot(glue, global) {
  const host = born(glue);
  host.units = units;
  delete global.performance; // it would hold the builder's time
  installWeb(host, global);
  installConsole(host, global);
  installClock(host, global);
  installCrypto(host, global);
  installFetch(host, global);
  installMail(host, global);
  installJsx(host);
  installSecret(host, global);
  installApi(host, global);
  installIntl(host, global);
  learn(global); // last: it looks at what is installed

  // The value of a val's top level in this guest; it runs once.
  function load(granted, key, name, code, list, asynchronous) {
    host.born(granted);
    if (key in units) return units[key].value;
    let value = glue.evaluate(code, name)(references(host, list));
    if (asynchronous) value = awaited(value);
    units[key] = { value };
    return value;
  }

  // Code that an image holds: its top level has run, and what it came to waits for who asks.
  function prepare(key, name, code, list) {
    units[key] = { value: glue.evaluate(code, name)(references(host, list)) };
  }

  // Wait for a promise inside a call: the kernel lets others run meanwhile.
  function awaited(promise) {
    while (glue.state(promise) === "pending") glue.wait();
    const result = glue.result(promise);
    if (glue.state(promise) === "rejected") throw result;
    return result;
  }

  // What is left at the end: changes made in place, and rejections nobody handled.
  function end(reasons) {
    const complaints = [];
    try {
      flush(host);
    } catch (error) {
      complaints.push(describe(error));
    }
    for (let i = 0; i < reasons.length; i++) complaints.push(describe(reasons[i]));
    return complaints.length ? stringify(complaints[0]) : undefined;
  }

  return {
    __proto__: null,
    enter(granted, mode, name, code, list, args, body) {
      host.born(granted);
      enter(host, units, mode, name, code, list, args, body);
    },
    load,
    prepare,
    end,
  };
}

// Timers. The other half is host_api/capabilities/clock.py. Date reads the kernel's clock by itself.
import { install } from "./born.js";

const SLEEP = 1;

export function installClock(host, global) {
  const active = Object.create(null);
  let last = 0;

  async function once(id, callback, delay, args) {
    await host.call("clock", SLEEP, delay);
    if (!(id in active)) return;
    delete active[id];
    callback(...args);
  }

  async function again(id, callback, delay, args) {
    for (;;) {
      await host.call("clock", SLEEP, delay);
      if (!(id in active)) return;
      callback(...args);
    }
  }

  function start(run, least) {
    return (callback, delay, ...args) => {
      if (typeof callback !== "function") throw new TypeError("a timer takes a function");
      const id = ++last;
      active[id] = true;
      const wanted = Number(delay);
      run(id, callback, wanted > least ? Math.min(wanted, 2 ** 31 - 1) : least, args);
      return id;
    };
  }

  const clear = (id) => void delete active[id];
  install(global, { setTimeout: start(once, 0), setInterval: start(again, 1), clearTimeout: clear, clearInterval: clear });
}

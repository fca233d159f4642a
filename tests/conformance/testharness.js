// What the originals ask of the page that runs them: as much of web-platform-tests' testharness.js as their scripts use, written anew.
// `runOriginal(scripts, files)` evaluates the scripts of one test in a guest of its own; `files` are what they fetch, by path.
{
  const tests = [];
  const waiting = [];
  const fail = (what, message) => {
    throw new Error(message === undefined ? what : `${message}: ${what}`);
  };
  const text = (value) => (typeof value === "string" ? JSON.stringify(value) : String(value));
  const insist = (good, what, message) => good || fail(what, message);

  class Test {
    cleanups = [];
    constructor(name) {
      this.name = name;
      tests.push(this);
      this.finished = new Promise((resolve) => {
        this.resolve = resolve;
      });
    }
    settle(error) {
      if (this.settled) return;
      this.settled = true;
      this.error = error;
      for (const cleanup of this.cleanups) cleanup();
      this.resolve();
    }
    step(action, self = this, ...given) {
      try {
        return action.apply(self, given);
      } catch (error) {
        this.settle(error);
      }
    }
    step_func = (action, self) => (...given) => this.step(action, self, ...given);
    step_func_done = (action = () => {}, self) => (...given) => {
      this.step(action, self, ...given);
      this.done();
    };
    step_timeout = (action, time, ...given) => setTimeout(this.step_func(action), time, ...given);
    unreached_func = (message) => this.step_func(() => fail("reached", message));
    add_cleanup = (action) => this.cleanups.push(action);
    done = () => this.settle();
  }

  function throwing(kind, good, action, message) {
    try {
      action();
    } catch (error) {
      return insist(good(error), `${error?.name} (${error?.message}) instead of ${kind}`, message);
    }
    fail(`nothing was thrown instead of ${kind}`, message);
  }
  const rejecting = (kind, good, promise, message) =>
    promise.then(
      () => fail(`nothing was rejected instead of ${kind}`, message),
      (error) => insist(good(error), `${error?.name} (${error?.message}) instead of ${kind}`, message),
    );
  const ofKind = (kind) => (error) => error?.constructor === kind;
  const ofName = (name) => (error) => error instanceof DOMException && (error.name === name || (typeof name === "number" && error.code === name));
  const same = (a, b) => Object.is(a, b);
  const close = (a, b) => a.length === b.length && Array.prototype.every.call(a, (value, i) => i in b && same(value, b[i]));

  Object.assign(globalThis, {
    self: globalThis,
    location: { href: "http://web-platform.test/", search: "" },
    GLOBAL: { isWindow: () => false, isWorker: () => true, isShadowRealm: () => false },
    format_value: text,
    step_timeout: setTimeout,
    setup: (action) => typeof action === "function" && action(),
    promise_setup: (action) => waiting.push(action),
    done() {},
    subsetTest: (run, ...given) => run(...given),
    subsetTestByKey: (key, run, ...given) => run(...given),
    test(action, name) {
      const made = new Test(name);
      made.step(action, made, made);
      made.done();
    },
    async_test(action, name) {
      const made = new Test(typeof action === "string" ? action : name);
      if (typeof action === "function") made.step(action, made, made);
      return made;
    },
    promise_test(action, name) {
      const made = new Test(name);
      waiting.push(() => Promise.resolve().then(() => action.call(made, made)).then(() => made.done(), (error) => made.settle(error ?? new Error("rejected"))));
    },
    generate_tests: (action, list) => list.forEach(([name, ...given]) => globalThis.test(() => action(...given), name)),
    assert_true: (value, message) => insist(value === true, `${text(value)} is not true`, message),
    assert_false: (value, message) => insist(value === false, `${text(value)} is not false`, message),
    assert_equals: (a, b, message) => insist(same(a, b), `${text(a)} instead of ${text(b)}`, message),
    assert_not_equals: (a, b, message) => insist(!same(a, b), `${text(a)}`, message),
    assert_in_array: (a, list, message) => insist(list.includes(a), `${text(a)} is not among ${list}`, message),
    assert_array_equals: (a, b, message) => insist(close(a, b), `${text(a)} instead of ${text(b)}`, message),
    assert_object_equals: (a, b, message) => insist(JSON.stringify(a) === JSON.stringify(b), `${text(a)} instead of ${text(b)}`, message),
    assert_less_than: (a, b, message) => insist(a < b, `${a} is not less than ${b}`, message),
    assert_less_than_equal: (a, b, message) => insist(a <= b, `${a} is more than ${b}`, message),
    assert_greater_than: (a, b, message) => insist(a > b, `${a} is not more than ${b}`, message),
    assert_greater_than_equal: (a, b, message) => insist(a >= b, `${a} is less than ${b}`, message),
    assert_regexp_match: (a, expression, message) => insist(expression.test(a), `${text(a)} does not match ${expression}`, message),
    assert_class_string: (a, name, message) => insist(Object.prototype.toString.call(a) === `[object ${name}]`, `${text(a)} is no ${name}`, message),
    assert_own_property: (a, key, message) => insist(Object.hasOwn(a, key), `no own ${text(key)}`, message),
    assert_not_own_property: (a, key, message) => insist(!Object.hasOwn(a, key), `an own ${text(key)}`, message),
    assert_inherits: (a, key, message) => insist(!Object.hasOwn(a, key) && key in a, `${text(key)} is not inherited`, message),
    assert_idl_attribute: (a, key, message) => insist(key in a, `no ${text(key)}`, message),
    assert_readonly(a, key, message) {
      const before = a[key];
      try {
        a[key] = before + "x";
      } catch {}
      insist(same(a[key], before), `${text(key)} was changed`, message);
    },
    assert_unreached: (message) => fail("reached", message),
    assert_implements: (value, message) => insist(value, "not there", message),
    assert_implements_optional: (value, message) => insist(value, "not there", message),
    assert_throws_js: (kind, action, message) => throwing(kind.name, ofKind(kind), action, message),
    assert_throws_dom(name, ...rest) {
      if (typeof rest[0] === "function" && typeof rest[1] === "function") rest.shift();
      throwing(name, ofName(name), ...rest);
    },
    assert_throws_exactly: (value, action, message) => throwing(text(value), (error) => same(error, value), action, message),
    promise_rejects_js: (test, kind, promise, message) => rejecting(kind.name, ofKind(kind), promise, message),
    promise_rejects_dom(test, name, ...rest) {
      if (typeof rest[0] === "function") rest.shift();
      return rejecting(name, ofName(name), ...rest);
    },
    promise_rejects_exactly: (test, value, promise, message) => rejecting(text(value), (error) => same(error, value), promise, message),

    // Return {count, failed: [name, why] of each}.
    async runOriginal(scripts, files) {
      globalThis.fetch = async (path) => (path in files ? new Response(files[path]) : fail(`${path} is not there`));
      for (const script of scripts) (0, eval)(script);
      for (let i = 0; i < waiting.length; i++) await waiting[i]();
      for (const made of tests) await Promise.race([made.finished, new Promise((resolve) => setTimeout(resolve, 2000))]);
      for (const made of tests) made.settle(new Error("it did not end"));
      const failed = tests.filter((made) => "error" in made && made.error !== undefined);
      return { count: tests.length, failed: failed.map((made) => [String(made.name), String(made.error?.message ?? made.error)]) };
    },
  });
}

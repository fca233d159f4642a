// What a case may say, in any guest: it fails when it throws. Evaluated as a script, in A's guest and in B's.
{
  const { is, keys, getPrototypeOf } = Object;
  const object = (value) => typeof value === "object" && value !== null;

  function show(value) {
    try {
      if (typeof value === "string") return JSON.stringify(value);
      if (Array.isArray(value) || ArrayBuffer.isView(value)) return `[${Array.prototype.map.call(value, show)}]`;
      return object(value) && getPrototypeOf(value) === Object.prototype ? JSON.stringify(value) : String(value);
    } catch {
      return typeof value;
    }
  }

  function same(a, b) {
    if (is(a, b)) return true;
    if (!object(a) || !object(b) || a.length !== b.length) return false;
    return keys(a).length === keys(b).length && keys(a).every((key) => same(a[key], b[key]));
  }

  const kindOf = (error) => (error instanceof DOMException ? error.name : error?.constructor?.name);

  function insist(kind, error) {
    const found = kindOf(error);
    const home = globalThis[kind];
    if (found !== kind) throw new Error(`${found} (${error?.message}) was thrown instead of ${kind}`);
    if (typeof home === "function" && !(error instanceof home)) throw new Error(`a ${kind}, and not of this guest`);
    return error;
  }

  Object.assign(globalThis, {
    ok(value, what) {
      if (!value) throw new Error(what ?? "not so");
    },
    equal(found, wanted, what) {
      if (!same(found, wanted)) throw new Error(`${what ? what + ": " : ""}${show(found)} instead of ${show(wanted)}`);
    },
    throws(kind, action) {
      let value;
      try {
        value = action();
      } catch (error) {
        return insist(kind, error);
      }
      throw new Error(`${show(value)} instead of a ${kind}`);
    },
    async rejects(kind, promise) {
      let value;
      try {
        value = await promise;
      } catch (error) {
        return insist(kind, error);
      }
      throw new Error(`${show(value)} instead of a ${kind}`);
    },
    // Run the cases one after the other; return [name, why] of each that failed. `B` holds what the other guest offers.
    async runCases(cases, B) {
      const failed = [];
      for (const [name, code] of cases) {
        try {
          await (0, eval)(`(async (B) => {${code}\n})`)(B);
        } catch (error) {
          failed.push([name, `${error?.name ?? "thrown"}: ${error?.message ?? show(error)}`]);
        }
      }
      return failed;
    },
  });
}

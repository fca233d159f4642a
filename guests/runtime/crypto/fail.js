// Errors as the Web Cryptography API names them.
const Native = DOMException;

export function fail(name, message) {
  throw new Native(message, name);
}

const NAMED = { __proto__: null, DataError: true, OperationError: true };

// The host's refusals have these names already, but are no DOMExceptions yet.
export function renamed(error) {
  return error?.name in NAMED ? new Native(error.message, error.name) : error;
}

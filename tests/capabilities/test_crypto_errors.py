"""crypto: every mistake rejects, with the name that the standard gives it and a sentence that names what is wrong."""

from __future__ import annotations

import re

from tests.capabilities.guest_crypto import failures
from tests.semantics.live import World

PREPARE = """
const hmac = { name: "HMAC", hash: "SHA-256" }, p256 = { name: "ECDSA", namedCurve: "P-256" }, rsa = { name: "RSA-PSS", hash: "SHA-256" };
const data = new Uint8Array(4), sixteen = new Uint8Array(16), iv = new Uint8Array(12), gcm = { name: "AES-GCM", iv };
const key = await subtle.importKey("raw", sixteen, hmac, true, ["sign"]), sealed = await subtle.importKey("raw", sixteen, "AES-GCM", false, ["encrypt", "decrypt"]);
const pair = await subtle.generateKey(p256, true, ["sign", "verify"]), jwk = await subtle.exportKey("jwk", pair.privateKey), half = await subtle.exportKey("jwk", pair.publicKey);
const cbc = await subtle.importKey("raw", sixteen, "AES-CBC", true, ["decrypt"]), ctr = await subtle.importKey("raw", sixteen, "AES-CTR", true, ["encrypt"]);
const password = await subtle.importKey("raw", data, "PBKDF2", false, ["deriveBits"]), pbkdf2 = { name: "PBKDF2", hash: "SHA-1", salt: data, iterations: 1 };
const agree = { name: "ECDH", namedCurve: "P-256" }, mine = await subtle.generateKey(agree, true, ["deriveBits"]);
const other = await subtle.generateKey({ name: "ECDH", namedCurve: "P-384" }, true, ["deriveBits"]);
const exponent = new Uint8Array([1, 0, 1])
"""

MISTAKES = {
    # which algorithm
    'subtle.digest("MD5", data)': ("NotSupportedError", "MD5"),
    'subtle.digest("HMAC", data)': ("NotSupportedError", "HMAC.*digest"),
    "subtle.digest({}, data)": ("!TypeError", "name"),
    "subtle.digest(null, data)": ("!TypeError", "algorithm"),
    'subtle.sign({ name: "RSA" }, key, data)': ("NotSupportedError", "RSA"),
    'subtle.encrypt("HMAC", key, data)': ("NotSupportedError", "HMAC.*encrypt"),
    'subtle.generateKey("PBKDF2", false, ["deriveBits"])': ("NotSupportedError", "PBKDF2.*generateKey"),
    'subtle.generateKey({ name: "ECDSA", namedCurve: "P-192" }, true, ["sign"])': ("NotSupportedError", "P-192"),
    'subtle.importKey("raw", data, { name: "HMAC", hash: "MD5" }, true, ["sign"])': ("NotSupportedError", "MD5"),
    'subtle.importKey("raw", data, "HMAC", true, ["sign"])': ("!TypeError", "hash"),
    'subtle.importKey("spki", data, hmac, true, ["sign"])': ("NotSupportedError", "HMAC.*spki"),
    'subtle.importKey("raw", data, rsa, true, ["verify"])': ("NotSupportedError", "RSA-PSS.*raw"),
    'subtle.importKey("jwk", {}, "PBKDF2", false, ["deriveBits"])': ("NotSupportedError", "PBKDF2.*jwk"),
    'subtle.exportKey("spki", key)': ("NotSupportedError", "HMAC.*spki"),
    'subtle.exportKey("raw", password)': ("NotSupportedError", "PBKDF2"),
    # arguments
    "subtle.digest('SHA-1', 'text')": ("!TypeError", "ArrayBuffer"),
    "subtle.digest('SHA-1', [1, 2])": ("!TypeError", "ArrayBuffer"),
    "subtle.digest('SHA-1')": ("!TypeError", "ArrayBuffer"),
    "subtle.sign(hmac, {}, data)": ("!TypeError", "CryptoKey"),
    'subtle.importKey("der", data, hmac, true, ["sign"])': ("!TypeError", "der"),
    'subtle.importKey("raw", data, hmac, true, ["draw"])': ("!TypeError", "draw"),
    'subtle.importKey("raw", data, hmac, true, "sign")': ("!TypeError", "usages"),
    'subtle.importKey("jwk", data, hmac, true, ["sign"])': ("!TypeError", "JWK"),
    'subtle.generateKey({ name: "AES-GCM", length: -1 }, true, ["encrypt"])': ("!TypeError", "length"),
    'subtle.encrypt({ ...gcm, iv: "x" }, sealed, data)': ("!TypeError", "iv"),
    # usages
    'subtle.importKey("raw", data, hmac, true, ["encrypt"])': ("SyntaxError", "encrypt"),
    'subtle.importKey("raw", data, hmac, true, [])': ("SyntaxError", "usages"),
    'subtle.generateKey(p256, true, ["verify"])': ("SyntaxError", "sign"),
    'subtle.generateKey(p256, true, ["encrypt"])': ("SyntaxError", "encrypt"),
    'subtle.importKey("jwk", jwk, p256, true, ["verify"])': ("SyntaxError", "private.*verify"),
    'subtle.importKey("jwk", half, p256, true, ["sign"])': ("SyntaxError", "public.*sign"),
    'subtle.importKey("raw", data, "PBKDF2", true, ["deriveBits"])': ("SyntaxError", "extractable"),
    # access
    "subtle.verify(hmac, key, data, data)": ("InvalidAccessError", "verify"),
    "subtle.encrypt(gcm, key, data)": ("InvalidAccessError", "HMAC.*AES-GCM"),
    'subtle.exportKey("raw", sealed)': ("InvalidAccessError", "extractable"),
    'subtle.exportKey("pkcs8", pair.publicKey)': ("InvalidAccessError", "public"),
    'subtle.exportKey("raw", pair.privateKey)': ("InvalidAccessError", "private"),
    'subtle.deriveBits({ name: "ECDH", public: mine.privateKey }, mine.privateKey, 8)': (
        "InvalidAccessError",
        "public",
    ),
    'subtle.deriveBits({ name: "ECDH", public: other.publicKey }, mine.privateKey, 8)': ("InvalidAccessError", "curve"),
    'subtle.deriveKey(pbkdf2, password, { name: "AES-GCM", length: 128 }, true, ["encrypt"])': (
        "InvalidAccessError",
        "deriveKey",
    ),
    # bytes that are no key
    'subtle.importKey("raw", data, "AES-GCM", true, ["encrypt"])': ("DataError", "AES"),
    'subtle.importKey("raw", new Uint8Array(0), hmac, true, ["sign"])': ("DataError", "HMAC"),
    'subtle.importKey("raw", data, { ...hmac, length: 40 }, true, ["sign"])': ("DataError", "HMAC"),
    'subtle.importKey("raw", data, p256, true, ["verify"])': ("DataError", "P-256"),
    'subtle.importKey("raw", new Uint8Array(65).fill(4), p256, true, ["verify"])': ("DataError", "P-256"),
    'subtle.importKey("spki", data, p256, true, ["verify"])': ("DataError", "P-256"),
    'subtle.importKey("pkcs8", data, rsa, true, ["sign"])': ("DataError", "RSA"),
    'subtle.exportKey("spki", pair.publicKey).then((it) => subtle.importKey("spki", it, rsa, true, ["verify"]))': (
        "DataError",
        "RSA",
    ),
    'subtle.exportKey("spki", pair.publicKey).then((it) => subtle.importKey("spki", it, { ...p256, namedCurve: "P-384" }, true, ["verify"]))': (
        "DataError",
        "P-384",
    ),
    'subtle.importKey("jwk", {}, hmac, true, ["sign"])': ("DataError", "kty"),
    'subtle.importKey("jwk", { kty: "oct" }, hmac, true, ["sign"])': ("DataError", "k of"),
    'subtle.importKey("jwk", { kty: "oct", k: "a+/=" }, hmac, true, ["sign"])': ("DataError", "base64url"),
    'subtle.importKey("jwk", { kty: "oct", k: "abcd", alg: "HS512" }, hmac, true, ["sign"])': ("DataError", "HS256"),
    'subtle.importKey("jwk", { ...jwk, crv: "P-384" }, p256, true, ["sign"])': ("DataError", "crv"),
    'subtle.importKey("jwk", { ...jwk, alg: "ES384" }, p256, true, ["sign"])': ("DataError", "ES256"),
    'subtle.importKey("jwk", { ...jwk, ext: false }, p256, true, ["sign"])': ("DataError", "extractable"),
    'subtle.importKey("jwk", { ...jwk, use: "enc" }, p256, true, ["sign"])': ("DataError", "use"),
    'subtle.importKey("jwk", { ...jwk, key_ops: ["verify"] }, p256, true, ["sign"])': ("DataError", "sign"),
    'subtle.importKey("jwk", { ...jwk, key_ops: ["sign", "sign"] }, p256, true, ["sign"])': ("DataError", "twice"),
    'subtle.importKey("jwk", { ...jwk, d: jwk.x }, p256, true, ["sign"])': ("DataError", "P-256"),
    'subtle.importKey("jwk", { ...jwk, x: "AAAA" }, p256, true, ["sign"])': ("DataError", "x of"),
    'subtle.importKey("jwk", { kty: "RSA", n: "AQAB", e: "AQAB" }, rsa, true, ["verify"])': ("DataError", "1024"),
    'subtle.importKey("jwk", { kty: "RSA", n: "AQAB", e: "AQAB", d: "AQAB" }, rsa, true, ["sign"])': (
        "DataError",
        "p of",
    ),
    # what cannot be done
    'subtle.generateKey({ name: "AES-GCM", length: 100 }, true, ["encrypt"])': ("OperationError", "128"),
    'subtle.generateKey({ ...hmac, length: 0 }, true, ["sign"])': ("OperationError", "HMAC"),
    'subtle.generateKey({ ...rsa, modulusLength: 512, publicExponent: exponent }, true, ["sign"])': (
        "OperationError",
        "1024",
    ),
    'subtle.generateKey({ ...rsa, modulusLength: 2048, publicExponent: data }, true, ["sign"])': (
        "OperationError",
        "65537",
    ),
    "subtle.encrypt({ ...gcm, tagLength: 33 }, sealed, data)": ("OperationError", "tagLength"),
    "subtle.encrypt({ ...gcm, iv: data }, sealed, data)": ("OperationError", "iv"),
    "subtle.decrypt(gcm, sealed, data)": ("OperationError", "tag"),
    "subtle.decrypt(gcm, sealed, new Uint8Array(32))": ("OperationError", "decrypted"),
    'subtle.decrypt({ name: "AES-CBC", iv: sixteen }, cbc, data)': ("OperationError", "decrypted"),
    'subtle.decrypt({ name: "AES-CBC", iv: sixteen }, cbc, new Uint8Array(32))': ("OperationError", "decrypted"),
    'subtle.decrypt({ name: "AES-CBC", iv }, cbc, data)': ("OperationError", "16 bytes"),
    'subtle.encrypt({ name: "AES-CTR", counter: sixteen, length: 0 }, ctr, data)': ("OperationError", "length"),
    "subtle.deriveBits(pbkdf2, password)": ("OperationError", "bytes"),
    "subtle.deriveBits(pbkdf2, password, 12)": ("OperationError", "bytes"),
    "subtle.deriveBits({ ...pbkdf2, iterations: 0 }, password, 8)": ("OperationError", "iteration"),
    'subtle.deriveBits({ name: "ECDH", public: mine.publicKey }, mine.privateKey, 264)': ("OperationError", "256 bits"),
    # randomness
    "crypto.getRandomValues([1])": ("!TypeError", "typed array"),
    "crypto.getRandomValues(new Float64Array(1))": ("TypeMismatchError", "integers"),
    "crypto.getRandomValues(new DataView(new ArrayBuffer(1)))": ("TypeMismatchError", "integers"),
    "crypto.getRandomValues(new Uint16Array(32769))": ("QuotaExceededError", "65536"),
    # others' mistakes are theirs
    "subtle.digest({ get name() { throw new RangeError('mine') } }, data)": ("!RangeError", "mine"),
}


async def test_every_mistake_has_its_name_and_says_what_it_is(world: World) -> None:
    seen = await failures(world, PREPARE, {code: code for code in MISTAKES})
    wrong = {
        code: seen[code]
        for code, (name, words) in MISTAKES.items()
        if seen[code][0] != name or not re.search(words, seen[code][1])
    }
    assert wrong == {}


async def test_nothing_throws_at_the_call(world: World) -> None:
    names = await world.eval("""
        const thrown = [];
        for (const name of Object.keys(SubtleCrypto.prototype))
          try { crypto.subtle[name]().catch(() => {}) } catch { thrown.push(name) }
        return [thrown, Object.keys(SubtleCrypto.prototype).length]""")
    assert names == [[], 12]


async def test_a_mistake_that_nobody_catches_is_told_by_its_name(world: World) -> None:
    error = await world.error('return crypto.subtle.digest("MD5", new Uint8Array(1))')
    assert (error.name, error.message) == ("NotSupportedError", "the algorithm MD5 is not supported")

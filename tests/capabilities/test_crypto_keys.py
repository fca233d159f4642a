"""crypto: keys of every kind made, written, read again and used; what a CryptoKey shows, and to whom."""

from __future__ import annotations

import pytest

from tests.capabilities.guest_crypto import ask
from tests.semantics.live import PUBLIC, World

ROUND = """
const data = enc.encode("hello");
const again = async (key, format, algorithm, usages) => subtle.importKey(format, await subtle.exportKey(format, key), algorithm, true, usages);
"""
RSA_2048 = 'modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-256"'

SIGNING = {
    "RSASSA-PKCS1-v1_5": f"{{ name: 'RSASSA-PKCS1-v1_5', {RSA_2048} }}",
    "RSA-PSS": f"{{ name: 'RSA-PSS', {RSA_2048}, saltLength: 32 }}",
    "ECDSA P-256": "{ name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }",
    "ECDSA P-384": "{ name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-1' }",
    "ECDSA P-521": "{ name: 'ECDSA', namedCurve: 'P-521', hash: 'SHA-512' }",
    "Ed25519": "{ name: 'Ed25519' }",
}


@pytest.mark.parametrize("kind", SIGNING)
async def test_a_pair_that_signs_survives_every_format(world: World, kind: str) -> None:
    code = f"""{ROUND}
        const it = {SIGNING[kind]}, made = await subtle.generateKey(it, true, ["verify", "sign"]);
        const keys = [made.privateKey, await again(made.privateKey, "pkcs8", it, ["sign"]), await again(made.privateKey, "jwk", it, ["sign"])];
        const halves = [made.publicKey, await again(made.publicKey, "spki", it, ["verify"]), await again(made.publicKey, "jwk", it, ["verify"])];
        const good = [];
        for (let i = 0; i < 3; i++) good.push(await subtle.verify(it, halves[i], await subtle.sign(it, keys[i], data), data));
        const jwk = await subtle.exportKey("jwk", made.privateKey);
        return [good, Object.keys(jwk).sort().join(), jwk.kty, jwk.key_ops, halves.map((half) => half.type + half.extractable + half.usages)]"""
    good, members, kty, ops, halves = await ask(world, code)
    assert good == [True, True, True]
    wanted = {
        "RSA": "alg,d,dp,dq,e,ext,key_ops,kty,n,p,q,qi",
        "EC": "crv,d,ext,key_ops,kty,x,y",
        "OKP": "crv,d,ext,key_ops,kty,x",
    }
    assert members == wanted[kty]
    assert ops == ["sign"]
    assert halves == ["publictrueverify"] * 3


AGREEING = {
    "ECDH P-256": "{ name: 'ECDH', namedCurve: 'P-256' }",
    "ECDH P-521": "{ name: 'ECDH', namedCurve: 'P-521' }",
    "X25519": "{ name: 'X25519' }",
}


@pytest.mark.parametrize("kind", AGREEING)
async def test_two_pairs_agree_after_every_format(world: World, kind: str) -> None:
    code = f"""{ROUND}
        const it = {AGREEING[kind]}, [a, b] = [await subtle.generateKey(it, true, ["deriveBits"]), await subtle.generateKey(it, true, ["deriveKey", "deriveBits"])];
        const bits = async (mine, theirs) => hex(await subtle.deriveBits({{ ...it, public: theirs }}, mine, 200));
        const one = await bits(a.privateKey, await again(b.publicKey, "raw", it, []));
        const two = await bits(await again(b.privateKey, "jwk", it, ["deriveBits"]), await again(a.publicKey, "jwk", it, []));
        const three = await bits(await again(b.privateKey, "pkcs8", it, ["deriveBits"]), await again(a.publicKey, "spki", it, []));
        const key = await subtle.deriveKey({{ ...it, public: a.publicKey }}, b.privateKey, {{ name: "AES-GCM", length: 128 }}, true, ["encrypt"]);
        const odd = hex(await subtle.deriveBits({{ ...it, public: a.publicKey }}, b.privateKey, 12));
        return [one, two, three, hex(await subtle.exportKey("raw", key)), odd]"""
    one, two, three, key, odd = await ask(world, code)
    assert one == two == three
    assert one.startswith(key)
    assert odd == one[:3] + "0"


async def test_rsa_oaep_opens_what_it_sealed_and_only_with_its_label(world: World) -> None:
    code = f"""{ROUND}
        const it = {{ name: "RSA-OAEP", {RSA_2048} }}, {{ publicKey, privateKey }} = await subtle.generateKey(it, true, ["encrypt", "decrypt"]);
        const half = await again(publicKey, "jwk", it, ["encrypt"]), label = enc.encode("label");
        const sealed = await subtle.encrypt({{ name: "RSA-OAEP", label }}, half, data);
        const opened = await subtle.decrypt({{ name: "RSA-OAEP", label }}, privateKey, sealed);
        return [hex(opened), (await subtle.exportKey("jwk", half)).alg, await subtle.decrypt("RSA-OAEP", privateKey, sealed).catch((e) => e.name),
          await subtle.encrypt("RSA-OAEP", half, new Uint8Array(191)).catch((e) => e.name)]"""
    assert await ask(world, code) == [b"hello".hex(), "RSA-OAEP-256", "OperationError", "OperationError"]


SECRETS = {
    "HMAC": ("{ name: 'HMAC', hash: 'SHA-512' }", ["sign", "verify"], 128, "HS512"),
    "AES-GCM": ("{ name: 'AES-GCM', length: 128 }", ["encrypt", "decrypt"], 16, "A128GCM"),
    "AES-CBC": ("{ name: 'AES-CBC', length: 192 }", ["encrypt", "decrypt"], 24, "A192CBC"),
    "AES-CTR": ("{ name: 'AES-CTR', length: 256 }", ["encrypt", "decrypt"], 32, "A256CTR"),
    "AES-KW": ("{ name: 'AES-KW', length: 256 }", ["wrapKey", "unwrapKey"], 32, "A256KW"),
}


@pytest.mark.parametrize("kind", SECRETS)
async def test_a_secret_key_survives_raw_and_jwk(world: World, kind: str) -> None:
    algorithm, usages, size, alg = SECRETS[kind]
    code = f"""{ROUND}
        const it = {algorithm}, key = await subtle.generateKey(it, true, {usages}), raw = hex(await subtle.exportKey("raw", key));
        const jwk = await subtle.exportKey("jwk", key), one = await again(key, "raw", it, {usages}), two = await again(key, "jwk", it, {usages});
        return [raw.length / 2, jwk.alg, jwk.kty, jwk.ext, jwk.key_ops, hex(await subtle.exportKey("raw", one)) === raw, hex(await subtle.exportKey("raw", two)) === raw]"""
    assert await ask(world, code) == [size, alg, "oct", True, usages, True, True]


async def test_keys_are_derived_from_a_password_and_from_a_secret(world: World) -> None:
    code = """
        const password = await subtle.importKey("raw", enc.encode("open sesame"), "PBKDF2", false, ["deriveKey"]);
        const slow = { name: "PBKDF2", hash: "SHA-256", salt: enc.encode("salt"), iterations: 1000 };
        const key = await subtle.deriveKey(slow, password, { name: "HMAC", hash: "SHA-256" }, true, ["sign"]);
        const secret = await subtle.deriveKey(slow, password, "HKDF", false, ["deriveKey", "deriveBits"]).catch((e) => e.name);
        const hkdf = await subtle.importKey("raw", enc.encode("secret"), "HKDF", false, ["deriveKey", "deriveBits"]);
        const fast = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info: new Uint8Array(0) };
        const aes = await subtle.deriveKey(fast, hkdf, { name: "AES-CBC", length: 256 }, false, ["encrypt"]);
        return [key.algorithm.length, secret, aes.algorithm.length, aes.extractable, (await subtle.deriveBits(fast, hkdf, 0)).byteLength]"""
    assert await ask(world, code) == [512, "OperationError", 256, False, 0]


async def test_a_key_is_wrapped_as_jwk_by_a_cipher(world: World) -> None:
    code = """
        const it = { name: "ECDSA", namedCurve: "P-256" }, pair = await subtle.generateKey(it, true, ["sign", "verify"]);
        const kek = await subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["wrapKey", "unwrapKey"]);
        const gcm = { name: "AES-GCM", iv: new Uint8Array(12) }, wrapped = await subtle.wrapKey("jwk", pair.privateKey, kek, gcm);
        const key = await subtle.unwrapKey("jwk", wrapped, kek, gcm, it, false, ["sign"]), hash = { name: "ECDSA", hash: "SHA-256" };
        const good = await subtle.verify(hash, pair.publicKey, await subtle.sign(hash, key, wrapped), wrapped);
        return [good, await subtle.encrypt(gcm, kek, wrapped).catch((e) => e.name), await subtle.exportKey("jwk", key).catch((e) => e.name)]"""
    assert await ask(world, code) == [True, "InvalidAccessError", "InvalidAccessError"]


async def test_an_hmac_key_may_end_within_a_byte(world: World) -> None:
    code = """
        const key = await subtle.importKey("raw", un("ffff"), { name: "HMAC", hash: "SHA-1", length: 12 }, true, ["sign"]);
        return [key.algorithm.length, hex(await subtle.exportKey("raw", key)), String(key), Object.keys(key), JSON.stringify(key)]"""
    assert await ask(world, code) == [12, "fff0", "[object CryptoKey]", [], "{}"]


async def test_what_is_done_to_a_key_and_to_what_it_shows_changes_nothing(world: World) -> None:
    code = """
        const key = await subtle.importKey("raw", new Uint8Array(16), { name: "HMAC", hash: "SHA-256" }, false, ["verify", "sign", "sign"]);
        const { algorithm, usages } = key;
        for (const work of [() => usages.push("encrypt"), () => { algorithm.name = "AES-GCM" }, () => { algorithm.hash.name = "SHA-1" }, () => { key.extractable = true }])
          try { work(); return "it was changed" } catch {}
        Object.defineProperty(key, "extractable", { value: true });
        return [key.algorithm === algorithm, usages, algorithm, await subtle.exportKey("raw", key).catch((e) => e.name), (await subtle.sign("HMAC", key, un("00"))).byteLength]"""
    shown = {"name": "HMAC", "hash": {"name": "SHA-256"}, "length": 128}
    assert await ask(world, code) == [True, ["sign", "verify"], shown, "InvalidAccessError", 32]


USING = """async (key, subtle = crypto.subtle) => {
    const seen = [key instanceof CryptoKey, key.type, key.usages.join(), Reflect.ownKeys(key).length];
    try { seen.push((await subtle.sign("HMAC", key, new Uint8Array(1))).byteLength) } catch (error) { seen.push(error.name, /another owner/.test(error.message)) }
    try { seen.push((await subtle.exportKey("raw", key)).byteLength) } catch (error) { seen.push(error.name) }
    return seen;
}"""
HANDED = """
const key = await subtle.importKey("raw", enc.encode("the secret of A"), { name: "HMAC", hash: "SHA-256" }, true, ["sign"]);
"""


async def test_another_owners_key_shows_what_it_is_but_is_of_no_use(world: World) -> None:
    await world.save("B", USING, PUBLIC, "using")
    seen = [True, "secret", "sign", 0, "InvalidAccessError", True, "InvalidAccessError"]
    assert await ask(world, f"{HANDED} return await @B.using(key)") == seen


async def test_a_key_works_where_it_lives_for_who_was_handed_the_means(world: World) -> None:
    await world.save("B", "async (sign) => (await sign(new Uint8Array(1))).byteLength", PUBLIC, "signing")
    await world.save("B", USING, PUBLIC, "using")
    assert await ask(world, f"{HANDED} return await @B.signing((data) => subtle.sign('HMAC', key, data))") == 32
    assert (await ask(world, f"{HANDED} return await @B.using(key, subtle)"))[4] == 32


async def test_a_key_that_comes_home_is_the_key(world: World) -> None:
    await world.save("B", "(key) => ({ key })", PUBLIC, "echo")
    code = f"{HANDED} const home = @B.echo(key).key; return [home === key, (await subtle.sign('HMAC', home, un('00'))).byteLength]"
    assert await ask(world, code) == [True, 32]


async def test_a_key_is_not_stored(world: World) -> None:
    assert (
        await world.error(f"const subtle = crypto.subtle, enc = new TextEncoder(); {HANDED} @me.key = key")
    ).name == "DataCloneError"

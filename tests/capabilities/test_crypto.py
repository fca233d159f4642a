"""crypto: the published vectors of each algorithm, in live guests; randomness; what the host half takes."""

from __future__ import annotations

import re

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from host_api.capabilities.crypto import KINDS, Crypto
from host_api.crypto.derive import Pbkdf2
from host_api.crypto.hashing import Digest
from host_api.crypto.work import Order
from kernel.errors import BadRequest, Refusal
from kernel.wire import Value
from tests.capabilities.guest_crypto import ask
from tests.semantics.live import World

FIPS_180 = {
    "SHA-1": "a9993e364706816aba3e25717850c26c9cd0d89d",
    "SHA-256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    "SHA-384": ("cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"),
    "SHA-512": (
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
    ),
}
"""Of "abc"."""


async def test_the_hashes_are_those_of_fips_180(world: World) -> None:
    code = f"""const all = {{}};
        for (const name of {list(FIPS_180)}) all[name] = hex(await subtle.digest(name.toLowerCase(), enc.encode("abc")));
        return all"""
    assert await ask(world, code) == FIPS_180


async def test_a_view_is_hashed_by_its_own_bytes_and_as_they_were_at_the_call(world: World) -> None:
    code = """
        const whole = enc.encode("xabcx"), of = (view) => subtle.digest({ name: "SHA-256" }, view).then(hex);
        const early = of(whole.subarray(1, 4)), view = of(new DataView(whole.buffer, 1, 3)), buffer = of(whole.slice(1, 4).buffer);
        whole.fill(0);
        return new Set(await Promise.all([early, view, buffer])).size"""
    assert await ask(world, code) == 1


RFC_4231 = {
    "SHA-256": "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    "SHA-384": ("af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649"),
    "SHA-512": (
        "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
        "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"
    ),
}
"""Test case 2."""


@pytest.mark.parametrize("name", RFC_4231)
async def test_hmac_is_that_of_rfc_4231(world: World, name: str) -> None:
    code = f"""
        const key = await subtle.importKey("raw", enc.encode("Jefe"), {{ name: "HMAC", hash: "{name}" }}, false, ["sign", "verify"]);
        const data = enc.encode("what do ya want for nothing?"), code = await subtle.sign("HMAC", key, data);
        const good = await subtle.verify("hmac", key, code, data);
        new Uint8Array(code)[0] ^= 1;
        const bad = await subtle.verify("HMAC", key, code, data), short = await subtle.verify("HMAC", key, code.slice(1), data);
        new Uint8Array(code)[0] ^= 1;
        return [hex(code), good, bad, short]"""
    assert await ask(world, code) == [RFC_4231[name], True, False, False]


async def test_hkdf_is_that_of_rfc_5869(world: World) -> None:
    code = """
        const key = await subtle.importKey("raw", new Uint8Array(22).fill(11), "HKDF", false, ["deriveBits"]);
        const params = { name: "HKDF", hash: "SHA-256", salt: un("000102030405060708090a0b0c"), info: un("f0f1f2f3f4f5f6f7f8f9") };
        return hex(await subtle.deriveBits(params, key, 42 * 8))"""
    okm = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
    assert await ask(world, code) == okm


PBKDF2 = {
    "RFC 6070": ("SHA-1", "password", "salt", 4096, "4b007901b765489abead49d926f721d065a429c1"),
    "RFC 7914": (
        "SHA-256",
        "passwd",
        "salt",
        1,
        (
            "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
            "49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783"
        ),
    ),
}


@pytest.mark.parametrize("source", PBKDF2)
async def test_pbkdf2_is_that_of_its_rfc(world: World, source: str) -> None:
    name, password, salt, iterations, wanted = PBKDF2[source]
    code = f"""
        const key = await subtle.importKey("raw", enc.encode("{password}"), {{ name: "PBKDF2" }}, false, ["deriveBits"]);
        const params = {{ name: "PBKDF2", hash: "{name}", salt: enc.encode("{salt}"), iterations: {iterations} }};
        return hex(await subtle.deriveBits(params, key, {len(wanted) * 4}))"""
    assert await ask(world, code) == wanted


AES = {
    "GCM, test case 4 of its specification": (
        "AES-GCM",
        "feffe9928665731c6d6a8f9467308308",
        'iv: un("cafebabefacedbaddecaf888"), additionalData: un("feedfacedeadbeeffeedfacedeadbeefabaddad2")',
        (
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
            "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
        ),
        (
            "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
            "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e0915bc94fbc3221a5db94fae95ae7121a47"
        ),
    ),
    "CBC, F.2.1 of SP 800-38A, before its padding": (
        "AES-CBC",
        "2b7e151628aed2a6abf7158809cf4f3c",
        'iv: un("000102030405060708090a0b0c0d0e0f")',
        "6bc1bee22e409f96e93d7e117393172a",
        "7649abac8119b246cee98e9b12e9197d",
    ),
    "CTR, F.5.1 of SP 800-38A": (
        "AES-CTR",
        "2b7e151628aed2a6abf7158809cf4f3c",
        'counter: un("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"), length: 64',
        "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51",
        "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff",
    ),
}


@pytest.mark.parametrize("source", AES)
async def test_aes_is_that_of_its_standard(world: World, source: str) -> None:
    name, key, params, plain, wanted = AES[source]
    code = f"""
        const key = await subtle.importKey("raw", un("{key}"), "{name}", false, ["encrypt", "decrypt"]);
        const params = {{ name: "{name}", {params} }};
        const sealed = await subtle.encrypt(params, key, un("{plain}"));
        return [hex(sealed), hex(await subtle.decrypt(params, key, sealed))]"""
    sealed, opened = await ask(world, code)
    assert sealed.startswith(wanted)
    assert opened == plain


async def test_a_counter_goes_round_within_its_length_and_no_further(world: World) -> None:
    code = """
        const key = await subtle.importKey("raw", new Uint8Array(16), "AES-CTR", false, ["encrypt"]);
        const run = (counter, length, size) => subtle.encrypt({ name: "AES-CTR", counter: un(counter), length }, key, new Uint8Array(size));
        const [last, first] = ["ab".repeat(15) + "ff", "ab".repeat(15) + "00"];
        const round = hex(await run(last, 8, 32)), apart = hex(await run(last, 8, 16)) + hex(await run(first, 8, 16));
        return [round === apart, await run(first, 8, 4096).then((b) => b.byteLength), await run(first, 8, 4097).catch((e) => e.name)]"""
    assert await ask(world, code) == [True, 4096, "OperationError"]


async def test_a_short_tag_and_a_changed_text_of_aes_gcm(world: World) -> None:
    code = """
        const key = await subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
        const params = { name: "AES-GCM", iv: crypto.getRandomValues(new Uint8Array(12)), tagLength: 96 };
        const sealed = await subtle.encrypt(params, key, enc.encode("hello"));
        const opened = hex(await subtle.decrypt(params, key, sealed));
        new Uint8Array(sealed)[0] ^= 1;
        return [sealed.byteLength, opened, await subtle.decrypt(params, key, sealed).catch((e) => e.name)]"""
    assert await ask(world, code) == [17, b"hello".hex(), "OperationError"]


async def test_a_key_is_wrapped_as_rfc_3394_does(world: World) -> None:
    code = """
        const kek = await subtle.importKey("raw", un("000102030405060708090a0b0c0d0e0f"), "AES-KW", false, ["wrapKey", "unwrapKey"]);
        const key = await subtle.importKey("raw", un("00112233445566778899aabbccddeeff"), "AES-CBC", true, ["encrypt"]);
        const wrapped = await subtle.wrapKey("raw", key, kek, "AES-KW");
        const again = await subtle.unwrapKey("raw", wrapped, kek, "AES-KW", "AES-CBC", true, ["encrypt"]);
        return [hex(wrapped), hex(await subtle.exportKey("raw", again))]"""
    wrapped = "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5"
    assert await ask(world, code) == [wrapped, "00112233445566778899aabbccddeeff"]


async def test_ed25519_is_that_of_rfc_8032(world: World) -> None:
    code = """
        const pkcs8 = un("302e020100300506032b6570042204209d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
        const key = await subtle.importKey("pkcs8", pkcs8, "Ed25519", false, ["sign"]);
        const raw = un("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
        const half = await subtle.importKey("raw", raw, "Ed25519", true, ["verify"]);
        const signature = await subtle.sign("Ed25519", key, new Uint8Array(0));
        return [hex(signature), await subtle.verify("Ed25519", half, signature, new Uint8Array(0)), await subtle.verify("Ed25519", half, signature, new Uint8Array(1))]"""
    signature = (
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
    )
    assert await ask(world, code) == [signature, True, False]


async def test_x25519_is_that_of_rfc_7748(world: World) -> None:
    code = """
        const pkcs8 = un("302e020100300506032b656e042204205dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
        const mine = await subtle.importKey("pkcs8", pkcs8, "X25519", false, ["deriveBits"]);
        const theirs = await subtle.importKey("raw", un("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"), "X25519", true, []);
        return hex(await subtle.deriveBits({ name: "X25519", public: theirs }, mine))"""
    assert await ask(world, code) == "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"


RSA_KEY = rsa.generate_private_key(65537, 2048)
SHA = hashes.SHA256()
RSA_SIGNATURES = {
    "RSASSA-PKCS1-v1_5": RSA_KEY.sign(b"hello", padding.PKCS1v15(), SHA),
    "RSA-PSS": RSA_KEY.sign(b"hello", padding.PSS(padding.MGF1(SHA), 32), SHA),
}


@pytest.mark.parametrize("name", RSA_SIGNATURES)
async def test_a_signature_made_elsewhere_with_rsa_is_verified(world: World, name: str) -> None:
    spki = RSA_KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo).hex()
    code = f"""
        const key = await subtle.importKey("spki", un("{spki}"), {{ name: "{name}", hash: {{ name: "sha-256" }} }}, true, ["verify"]);
        const verify = (text, saltLength = 32) => subtle.verify({{ name: "{name}", saltLength }}, key, un("{RSA_SIGNATURES[name].hex()}"), enc.encode(text));
        return [await verify("hello"), await verify("hullo"), key.algorithm.modulusLength, hex(key.algorithm.publicExponent), key.algorithm.hash.name]"""
    assert await ask(world, code) == [True, False, 2048, "010001", "SHA-256"]


CURVES = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}


@pytest.mark.parametrize("name", CURVES)
async def test_a_signature_made_elsewhere_on_a_curve_is_verified(world: World, name: str) -> None:
    key = ec.generate_private_key(CURVES[name])
    size = (CURVES[name].key_size + 7) // 8
    signature = b"".join(
        n.to_bytes(size, "big") for n in decode_dss_signature(key.sign(b"hello", ec.ECDSA(hashes.SHA384())))
    )
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    code = f"""
        const key = await subtle.importKey("raw", un("{point.hex()}"), {{ name: "ECDSA", namedCurve: "{name}" }}, true, ["verify"]);
        const verify = (text, cut = 0) => subtle.verify({{ name: "ECDSA", hash: "SHA-384" }}, key, un("{signature.hex()}").slice(cut), enc.encode(text));
        return [await verify("hello"), await verify("hullo"), await verify("hello", 1)]"""
    assert await ask(world, code) == [True, False, False]


# -- randomness -----------------------------------------------------------------------------------------


async def test_random_values_fill_the_array_that_was_given(world: World) -> None:
    code = """
        const whole = new Uint8Array(40), view = whole.subarray(8, 32), big = new BigUint64Array(4);
        const same = crypto.getRandomValues(view) === view && crypto.getRandomValues(big) === big;
        return [same, hex(whole.slice(0, 8)) + hex(whole.slice(32)), new Set(view).size > 4, big[0] !== big[1], crypto.getRandomValues(new Uint8Array(65536)).length]"""
    assert await ask(world, code) == [True, "00" * 16, True, True, 65536]


async def test_two_guests_draw_other_numbers(world: World) -> None:
    code = "return hex(crypto.getRandomValues(new Uint8Array(16)))"
    assert await ask(world, code) != await ask(world, code)


async def test_a_random_uuid_is_of_version_4(world: World) -> None:
    uuids = await world.eval("Array.from({ length: 50 }, () => crypto.randomUUID())")
    assert len(set(uuids)) == 50
    shape = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
    assert all(shape.fullmatch(uuid) for uuid in uuids)


async def test_the_globals_are_those_of_the_platform(world: World) -> None:
    code = """
        const made = (Class) => { try { return new Class() } catch (error) { return error.message } };
        return [[Crypto, SubtleCrypto, CryptoKey].map(made), crypto instanceof Crypto, subtle instanceof SubtleCrypto, String(crypto), crypto.subtle === subtle,
          Object.keys(globalThis).includes("crypto"), Object.keys(Crypto.prototype)]"""
    members = ["subtle", "getRandomValues", "randomUUID"]
    assert await ask(world, code) == [["Illegal constructor"] * 3, True, True, "[object Crypto]", True, False, members]


async def test_a_host_call_of_crypto_is_not_recorded(world: World) -> None:
    outcome = await world.outcome('await crypto.subtle.digest("SHA-256", new Uint8Array(1)); return 1')
    assert await world.calls(outcome, "crypto") == []


# -- the host half --------------------------------------------------------------------------------------


def test_each_kind_of_work_has_a_number() -> None:
    assert list(Crypto.parsers) == list(range(1, len(KINDS) + 1))
    assert len({kind.name for kind in KINDS.values()}) == len(KINDS)


def test_work_is_parsed() -> None:
    order = Crypto.parsers[1](("SHA-256", b"abc"))
    assert order == Order(Digest("SHA-256", b"abc"))
    assert (order.name, order.target, order.asks) == ("digest", "", ())


@pytest.mark.parametrize(
    "values", [(), ("SHA-256",), ("sha-256", b""), ("MD5", b""), (1, b""), ("SHA-256", "text"), ("SHA-256", b"", b"")]
)
def test_what_is_not_exact_is_refused(values: tuple[Value, ...]) -> None:
    with pytest.raises(BadRequest):
        Crypto.parsers[1](values)


def test_a_large_number_comes_as_a_float_and_is_looked_at_once() -> None:
    order = Crypto.parsers[8](("SHA-256", b"", b"", float(2**32 - 1), 32.0))
    assert order == Order(Pbkdf2("SHA-256", b"", b"", 2**32 - 1, 32))


PLAIN = st.sampled_from(
    [
        None,
        True,
        False,
        0,
        1,
        16,
        2048,
        2**40,
        -1,
        0.5,
        float("nan"),
        "",
        "RSA",
        "P-256",
        "SHA-1",
        b"",
        b"k" * 16,
        b"0" * 40,
        b"x" * 5000,
    ]
)


@given(st.integers(1, len(KINDS)), st.lists(PLAIN, max_size=7))
def test_any_values_are_work_with_a_price_or_refused(number: int, values: list[Value]) -> None:
    try:
        order = Crypto.parsers[number](tuple(values))
    except Refusal:
        return
    assert isinstance(order, Order)
    assert order.work.price() > 0

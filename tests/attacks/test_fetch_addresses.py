"""The attacker's plan: reach what only the server can reach, by spelling, by lookup, by redirect, or by what an operator allowed."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from aiohttp import ClientSession, web
from aiohttp.abc import AbstractResolver, ResolveResult
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from host_api.net.addresses import FORBIDDEN_PORTS, Allowance, Rules, is_public
from host_api.net.chain import Own
from host_api.net.connector import Connector, Resolver
from host_api.net.failures import FetchFailed, NotPublic
from tests.capabilities.servers import Out, body_of, going_out, names, raw, serving, spelled


def listed(text: str) -> list[str]:
    return text.split()


INSIDE = listed("""
    0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 100.127.255.255 127.0.0.1 127.255.255.255
    168.63.129.16 169.254.0.1 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.192 192.0.2.1 192.88.99.1
    192.168.0.1 192.168.255.255 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1
    255.255.255.255
    :: ::1 ::127.0.0.1 ::a00:1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:0:127.0.0.1
    64:ff9b::127.0.0.1 64:ff9b::10.0.0.1 64:ff9b::169.254.169.254 64:ff9b:1::1 100::1 2001::1 2001:0:7f00:1::
    2001:10::1 2001:20::1 2001:db8::1 2002:7f00:1:: 2002:a00:1::1 2002:a9fe:a9fe:: 3fff::1 5f00::1 fc00::1 fd00::1
    fd00:ec2::254 fd20:ce::254 fe80::1 fe80::1%1 2606:4700::1%1 fec0::1 ff02::1 ff0e::1
""")
OUTSIDE = listed("""
    1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 169.253.255.255
    169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255
    2606:4700::1 2a00:1450::1 2001:4860:4860::8888 ::ffff:8.8.8.8 64:ff9b::8.8.8.8
""")


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", OUTSIDE)
def test_a_public_address_is_permitted(address: str) -> None:
    assert is_public(ip_address(address))


@given(st.ip_addresses(v=4))
def test_what_is_public_here_is_global_to_the_standard_library(address: IPv4Address) -> None:
    assert not is_public(address) or address.is_global


@given(st.ip_addresses(v=6))
def test_so_is_it_in_the_newer_family_but_for_what_only_wraps_the_older(address: IPv6Address) -> None:
    wraps = address.ipv4_mapped is not None or str(address).startswith("64:ff9b::")
    assert not is_public(address) or wraps or address.is_global


@given(st.ip_addresses(v=4), st.sampled_from([0xFFFF << 32, 0x64FF9B << 96]))
def test_an_address_that_wraps_another_is_judged_as_what_is_inside(address: IPv4Address, wrapper: int) -> None:
    assert is_public(IPv6Address(wrapper | int(address))) == is_public(address)


SPELLINGS = listed("""
    127.0.0.1 127.1 127.0.1 0177.0.0.1 0x7f.0.0.1 0x7f.1 0x7f000001 2130706433 017700000001 127.0.0.1. 127.1. 0 0.0 00.0.0.0
    localhost localhost. LOCALHOST a.localhost db.internal printer.local intranet %31%32%37.0.0.1 127%2e0%2e0%2e1 a..b .a
    [::1] [::] [0:0:0:0:0:0:0:1] [::ffff:127.0.0.1] [::ffff:7f00:1] [::ffff:7f.0.0.1] [::127.0.0.1] [64:ff9b::7f00:1] [::1%25lo]
    [fe80::1%25eth0] [fd00:ec2::254] [2002:7f00:1::] 169.254.169.254 2852039166 0xa9fea9fe metadata.google.internal
""")


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_no_spelling_reaches_this_machine_and_all_refusals_read_alike(spelling: str) -> None:
    async with raw([b"HTTP/1.1 200 OK\r\n\r\n"]) as server, going_out(lookup=spelled) as out:
        with pytest.raises(FetchFailed) as refusal:
            await out.exchange("GET", f"http://{spelling}:{server.port}/").head()
        assert server.connections == 0
    assert str(refusal.value).endswith(
        (" is not on the public internet, or not there at all", "this is not an address")
    )


@pytest.mark.parametrize(
    "host",
    [
        "127\u30020\u30020\u30021",
        "\uff11\uff12\uff17.0.0.1",
        "\u2460\u2461\u2466.0.0.1",
        "ex\xe4mple.com",
        "a b",
        "a\tb",
        "a\\b@c",
    ],
)
async def test_an_address_that_is_not_in_the_platforms_form_is_no_address(host: str) -> None:
    async with going_out() as out:
        with pytest.raises(FetchFailed):
            out.exchange("GET", f"http://{host}/")


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://example.com/",
        "gopher://127.0.0.1:70/",
        "unix:///run/docker.sock",
        "http+unix://x/",
        "ws://example.com/",
        "javascript:1",
        "//example.com/",
        "example.com",
        "",
        "http:///path",
        "http://",
        "http://:80/",
        "http://a:99999/",
        "http://a:b/",
        "http://user@example.com/",
        "http://user:word@example.com/",
        "http://:@example.com/",
        "http://example.com/" + "x" * 16_000,
    ],
)
async def test_only_plain_http_and_https_addresses_are_taken(url: str) -> None:
    async with going_out() as out:
        with pytest.raises(FetchFailed):
            out.exchange("GET", url)


@pytest.mark.parametrize("port", sorted(FORBIDDEN_PORTS)[::9])
async def test_a_port_of_another_service_is_refused_without_a_lookup(port: int) -> None:
    async def lookup(host: str, port: int) -> list[str]:
        raise AssertionError(host)

    async with going_out(lookup=lookup) as out:
        with pytest.raises(NotPublic):
            await out.exchange("GET", f"http://example.com:{port}/").head()


# -- by lookup ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "10.0.0.1", "169.254.169.254", "fe80::1%2", "x"]
)
async def test_a_name_that_leads_inside_is_refused_like_one_that_is_not_there(address: str) -> None:
    async with going_out(lookup=names(evil_example=address)) as out:
        with pytest.raises(NotPublic) as refused:
            await out.exchange("GET", "http://evil.example/").head()
        with pytest.raises(NotPublic) as missing:
            await out.exchange("GET", "http://none.example/").head()
    assert str(refused.value).replace("evil", "none") == str(missing.value)


async def test_of_the_addresses_of_a_name_only_public_ones_are_connected_to() -> None:
    resolver = Resolver(Rules(), names(mixed_example="10.0.0.1 1.1.1.1 ::1 ::ffff:127.0.0.1 2606:4700::1 127.0.0.1"))
    found = await resolver.resolve("mixed.example", 443)
    assert [each["host"] for each in found] == ["1.1.1.1", "2606:4700::1"]


async def test_a_name_that_leads_elsewhere_the_next_time_is_judged_the_next_time() -> None:
    async with serving(_hello) as server:
        lookup = names(turns_example=["127.0.0.1", "10.9.9.9"])
        async with going_out("127.0.0.1", lookup=lookup) as out:
            assert (await out.exchange("GET", server.url(host="turns.example")).head()).status == 200
            out.visit.close()
            with pytest.raises(NotPublic):
                await out.exchange("GET", server.url(host="turns.example")).head()


class Liar(AbstractResolver):
    """Says that every name is on this machine, whatever the rules are."""

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        return [ResolveResult(hostname=host, host="127.0.0.1", port=port, family=2, proto=0, flags=0)]

    async def close(self) -> None:
        pass


async def test_the_peer_of_a_connection_is_judged_before_a_byte_is_sent() -> None:
    async with raw([b"HTTP/1.1 200 OK\r\n\r\n"], close=False) as server, going_out() as out:
        connector = Connector(Rules(), Liar(), out.client.trust, out.client.room, 3)  # type: ignore[arg-type]
        async with ClientSession(connector=connector) as session:
            with pytest.raises(NotPublic):
                await session.get(server.url(host="example.com"))
        await server.gone.wait()
    assert (server.connections, server.received) == (1, b"")


def test_this_machine_by_its_public_address_is_reached_only_where_it_serves() -> None:
    rules = Rules.parse(("own.example:5432",), 8787)
    own = ip_address("1.2.3.4")
    assert [port for port in (22, 80, 443, 5432, 6379, 8787, 9200) if rules.permits_self("x", port, own)] == [
        80,
        443,
        8787,
    ]
    assert rules.permits_self("own.example", 5432, own)


# -- by redirect --------------------------------------------------------------------------------------


async def _hello(request: web.BaseRequest) -> web.StreamResponse:
    return web.Response(text="hello")


async def _elsewhere(request: web.BaseRequest) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": request.query["to"].replace("LONG", "x" * 16_000)})


@pytest.mark.parametrize(
    "to",
    [
        "http://127.0.0.1:{port}/",
        "http://localhost:{port}/",
        "//2130706433:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http:\\\\127.0.0.1:{port}\\",
        "file:///etc/passwd",
        "data:text/plain,x",
        "http://user:word@allowed.example:{port}/",
        "http://allowed.example:1/",
        "http://evil.example:{port}/",
        "http://exa mple/",
        "http://allowed.example:{port}/LONG",
    ],
)
async def test_a_host_that_is_allowed_cannot_send_us_to_one_that_is_not(to: str) -> None:
    lookup = names(allowed_example="127.0.0.1", evil_example="127.0.0.1", localhost="127.0.0.1")
    async with serving(_elsewhere) as allowed, raw([b"HTTP/1.1 200 OK\r\n\r\n"]) as inside:
        async with going_out(f"allowed.example:{allowed.port}", lookup=lookup) as out:
            url = URL(allowed.url("/", "allowed.example")).with_query(to=to.format(port=inside.port))
            with pytest.raises(FetchFailed):
                await out.exchange("GET", str(url)).head()
        assert (len(allowed.seen), inside.connections) == (1, 0)


async def test_a_redirect_inside_what_is_allowed_is_followed() -> None:
    async with serving(_hello) as there, serving(_elsewhere) as here, going_out("127.0.0.0/8") as out:
        exchange = out.exchange("GET", here.url(f"/?to={there.url('/x')}"))
        head = await exchange.head()
        assert (head.status, head.url, head.redirected) == (200, there.url("/x"), True)
        assert await body_of(exchange) == b"hello"
        assert out.moved == [f"GET {there.url('/x')}"]


# -- what an operator allows -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "covered", "others"),
    [
        ("localhost", "localhost:1 LOCALHOST:2 localhost.:3", "127.0.0.1:1 a.localhost:1 localhost.evil.example:1"),
        ("localhost:8080", "localhost:8080", "localhost:8081 127.0.0.1:8080"),
        (
            "*.corp.example",
            "a.corp.example:1 a.b.corp.example:1",
            "corp.example:1 xcorp.example:1 a.corp.example.evil:1",
        ),
        ("127.0.0.1", "127.0.0.1:1 rebound.example:1", "127.0.0.2:1"),
        ("127.0.0.1:80", "rebound.example:80", "rebound.example:81 127.0.0.1:81"),
        ("10.0.0.0/8", "10.1.2.3:1 ten.example:9", "127.0.0.1:1 11.0.0.1:1"),
        ("10.0.0.0/8:443", "10.1.2.3:443", "10.1.2.3:80"),
        ("[fd00::1]:443", "fd00::1:443", "fd00::1:444 fd00::2:443"),
        ("fd00::/8", "fd00::1:1", "fe00::1:1"),
        ("[fd00::/8]:443", "fd00::1:443", "fd00::1:1"),
    ],
)
def test_an_entry_covers_what_it_says_and_nothing_else(entry: str, covered: str, others: str) -> None:
    known = {"rebound.example": "127.0.0.1", "ten.example": "10.1.1.1"}
    rules = Rules.parse((entry,), 8787)

    def permitted(place: str) -> bool:
        host, _, port = place.rpartition(":")
        text = known.get(host, host)
        address = ip_address(text if text.replace(".", "").isdigit() or ":" in text else "127.0.0.1")
        return rules.permits(host, int(port), address)

    assert [place for place in covered.split() if not permitted(place)] == []
    assert [place for place in others.split() if permitted(place)] == []


@pytest.mark.parametrize(
    "entry", ["", "*", "*.", "a:0", "a:99999", "a:b", "10.0.0.0/33", "http://a", "a/b", "[::1", "a b", "a..b", "-a"]
)
def test_an_entry_that_could_mean_anything_else_is_refused(entry: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever says so
        Allowance.parse(entry)


def test_an_allowance_opens_a_port_that_is_else_forbidden() -> None:
    assert Rules.parse(("1.1.1.1:25",), 8787).permits("x", 25, ip_address("1.1.1.1"))
    assert not Rules().permits("x", 25, ip_address("1.1.1.1"))


async def test_this_servers_own_addresses_hear_the_depth_and_nobody_else_does() -> None:
    async def echo(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(text=request.headers.get("X-Valgate-Chain", "none"))

    async with serving(echo) as server:
        own = Own("127.0.0.1", "vals.example", frozenset((server.port,)))
        lookup = names(a_vals_example="127.0.0.1", other_example="127.0.0.1")
        async with going_out("127.0.0.1", own=own, lookup=lookup) as out:

            async def heard(out: Out, host: str) -> bytes:
                exchange = out.exchange("GET", server.url(host=host), "X-Valgate-Chain", "0", "x-VALGATE-chain", "-1")
                await exchange.head()
                return await body_of(exchange)

            assert [await heard(out, host) for host in ("127.0.0.1", "a.vals.example", "other.example")] == [
                b"3",
                b"3",
                b"none",
            ]

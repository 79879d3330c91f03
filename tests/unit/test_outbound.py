"""Calls to addresses that applications registered are not led astray (attacks: SSRF)."""

import asyncio

import pytest

from moneyer.outbound import Outbound, Unreachable, is_public

NOT_PUBLIC = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "0.1.2.3", "10.1.2.3", "172.16.0.1", "172.31.255.255",
    "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.127.255.254", "192.0.2.1", "198.18.0.1",
    "203.0.113.9", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0",
    "fc00::1", "fd12::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1",
    "64:ff9b::808:808", "64:ff9b:1::1", "2002:7f00:1::", "2001:0:53aa:64c::1", "2001:db8::1", "x", "",
]  # fmt: skip


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_no_address_inside_is_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_addresses_of_the_open_internet_are(address: str) -> None:
    assert is_public(address)


async def refused(url: str, addresses: list[str]) -> int:
    """How often the name was looked up before the call was refused."""
    asked = 0

    async def resolver(_host: str, _port: int) -> list[str]:
        nonlocal asked
        asked += 1
        return addresses

    with pytest.raises(Unreachable, match="address-not-allowed"):
        await Outbound(resolver=resolver).post_form(url, {"a": "b"})
    return asked


@pytest.mark.requirement("LO-09")
async def test_one_private_address_among_several_spoils_the_name() -> None:
    assert await refused("https://rp.example/bye", ["93.184.215.14", "127.0.0.1"]) == 1
    assert await refused("https://rp.example/bye", ["::ffff:169.254.169.254"]) == 1
    assert await refused("https://rp.example/bye", []) == 1


@pytest.mark.parametrize("url", ["http://rp.example/bye", "https://rp.example:8443/bye", "ftp://x/"])
async def test_only_https_on_its_own_port_is_called(url: str) -> None:
    assert await refused(url, ["93.184.215.14"]) == 0


@pytest.mark.requirement("LO-09")
async def test_a_name_that_changes_its_address_is_looked_up_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """DNS rebinding: the connection goes to the address that was judged, TLS asks for the name."""
    answers = iter([["93.184.215.14"], ["127.0.0.1"]])
    opened: list[tuple[str, object]] = []

    async def resolver(_host: str, _port: int) -> list[str]:
        return next(answers)

    async def connect(host: str, _port: int, **members: object) -> None:
        opened.append((host, members["server_hostname"]))
        raise ConnectionRefusedError

    monkeypatch.setattr(asyncio, "open_connection", connect)
    with pytest.raises(Unreachable, match="connection"):
        await Outbound(resolver=resolver).post_form("https://rp.example/bye", {})
    assert opened == [("93.184.215.14", "rp.example")]


async def test_the_form_arrives_and_a_redirect_is_not_followed() -> None:
    """In development any address will do."""
    heard: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"a=b"))
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    status = await Outbound(allow_private=True).post_form(f"http://127.0.0.1:{port}/bye", {"a": "b"})
    server.close()
    assert status == 302
    assert heard[0].startswith(b"POST /bye HTTP/1.1\r\n")
    assert len(heard) == 1


async def test_what_is_no_http_answer_is_no_status() -> None:
    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 smtp.example ready\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(Unreachable):
        await Outbound(allow_private=True).post_form(f"http://127.0.0.1:{port}/", {})
    server.close()

"""Messages to receivers: to the address that was checked and nowhere else, and only their status counts."""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from platforms.addresses import Targets, UrlProblemError
from platforms.http import Failure, TransportError
from platforms.receivers import AddressRefusedError, Receivers

HOST = "hooks.example.com"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Names:
    """A resolver that answers as it is told, one answer after the other, and the last for ever."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers = list(answers)
        self.asked = 0

    async def addresses(self, host, port):
        self.asked += 1
        found = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [ipaddress.ip_address(each) for each in found]


def receivers(*allowed: str, names: Names | None = None, **more) -> Receivers:
    return Receivers(Targets(allowed or ("127.0.0.0/8",)), resolver=names, **more)


def port_of(server) -> int:
    return int(server.url.rpartition(":")[2])


async def answering(peer):
    await peer.request()
    await peer.say(OK)
    await peer.gone()


async def post(to: Receivers, url: str, seconds: float = 5.0):
    return await to.post(url, {"Content-Type": "application/cloudevents+json"}, b'{"a":1}', seconds=seconds)


async def test_a_message_is_posted_whole_and_the_connection_let_go(raw_server):
    server = await raw_server(answering)
    answer = await post(receivers(), f"{server.url}/in/x?y=1")
    assert answer.status == 200
    (request,) = server.requests
    head, _, body = request.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /in/x?y=1 HTTP/1.1\r\nHost: 127.0.0.1:")
    assert body == b'{"a":1}'
    await post(receivers(), f"{server.url}/in")
    assert server.connections == 2


async def test_a_name_that_leads_elsewhere_later_is_resolved_once_and_spoken_to_by_its_name(raw_server):
    """DNS rebinding: the first answer is checked, and used; the second one would be private."""
    server = await raw_server(answering)
    names = Names(["127.0.0.1"], ["127.0.0.2"])
    answer = await post(receivers(HOST, names=names), f"http://{HOST}:{port_of(server)}/x")
    assert (answer.status, names.asked) == (200, 1)
    assert f"Host: {HOST}:{port_of(server)}".encode() in server.requests[0]


@pytest.mark.parametrize("answer", [["127.0.0.1"], ["93.184.216.34", "127.0.0.1"], ["::1"], ["::ffff:127.0.0.1"]])
async def test_a_public_name_that_leads_to_this_machine_reaches_nobody(raw_server, answer):
    server = await raw_server(answering)
    to = Receivers(Targets(), resolver=Names(answer))
    with pytest.raises(AddressRefusedError):
        await post(to, f"https://{HOST}:{port_of(server)}/x")
    assert server.connections == 0


async def test_an_allowed_name_that_leads_to_metadata_reaches_nobody():
    with pytest.raises(AddressRefusedError):
        await post(receivers(HOST, names=Names(["169.254.169.254"])), f"http://{HOST}/latest")


async def test_a_url_that_would_not_be_registered_any_more_is_not_sent_to(raw_server):
    server = await raw_server(answering)
    with pytest.raises(UrlProblemError):
        await post(Receivers(Targets()), f"{server.url}/x")
    assert server.connections == 0


async def test_redirects_are_told_not_followed(raw_server):
    async def elsewhere(peer):
        await peer.request()
        await peer.say(b"HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
        await peer.gone()

    server = await raw_server(elsewhere)
    assert (await post(receivers(), server.url)).status == 307
    assert server.connections == 1


async def test_an_endless_answer_is_read_to_a_bound_and_its_status_counts(raw_server):
    sent = 0

    async def endless(peer):
        nonlocal sent
        await peer.request()
        await peer.say(b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            await peer.say(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
            sent += 0x10000

    server = await raw_server(endless)
    assert (await post(receivers(), server.url)).status == 202
    assert sent < 20_000_000


async def test_a_body_that_never_ends_costs_no_more_than_the_time(raw_server):
    async def slow(peer):
        await peer.request()
        await peer.say(b"HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 9\r\n\r\nx")
        await peer.gone()

    server = await raw_server(slow)
    answer = await post(receivers(), server.url, seconds=0.2)
    assert (answer.status, answer.headers.get("retry-after")) == (503, "7")


async def test_silence_is_a_timeout(raw_server):
    async def silent(peer):
        await peer.request()
        await peer.gone()

    server = await raw_server(silent)
    with pytest.raises(TransportError) as caught:
        await post(receivers(), server.url, seconds=0.2)
    assert caught.value.failure is Failure.TIMEOUT


async def test_garbage_is_no_answer(raw_server):
    async def garbage(peer):
        await peer.request()
        await peer.say(b"SSH-2.0-OpenSSH\r\n\r\n")

    server = await raw_server(garbage)
    with pytest.raises(TransportError) as caught:
        await post(receivers(), server.url)
    assert caught.value.failure is Failure.GARBAGE


async def test_nobody_there_and_an_unknown_host():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(TransportError) as caught:
            await post(receivers(), f"http://127.0.0.1:{taken.getsockname()[1]}/x")
    assert caught.value.failure is Failure.UNREACHABLE
    with pytest.raises(TransportError, match="unknown host"):
        await post(receivers(HOST, names=Names([])), f"https://{HOST}/x")


async def test_the_next_address_is_tried_where_one_is_closed(raw_server):
    server = await raw_server(answering)
    names = Names(["127.0.0.3", "127.0.0.1"])
    assert (await post(receivers(HOST, names=names), f"http://{HOST}:{port_of(server)}/x")).status == 200


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for HOST that signs itself: a server's context, and a client's that trusts it."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    start = datetime.now(UTC) - timedelta(hours=1)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "host.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(secret + signed.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    return server, ssl.create_default_context(cafile=pem)


async def test_the_certificate_must_be_the_names_although_the_address_is_connected_to(raw_server, certificate):
    asked_for: list[str | None] = []
    certificate[0].sni_callback = lambda _socket, name, _context: asked_for.append(name)
    server = await raw_server(answering, ssl=certificate[0])
    names = Names(["127.0.0.1"])
    to = receivers(HOST, "wrong.example.com", names=names, tls=certificate[1])
    assert (await post(to, f"https://{HOST}:{port_of(server)}/x")).status == 200
    assert asked_for == [HOST]
    with pytest.raises(TransportError, match="TLS"):
        await post(to, f"https://wrong.example.com:{port_of(server)}/x")
    with pytest.raises(TransportError, match="TLS"):
        await post(receivers(HOST, names=names), f"https://{HOST}:{port_of(server)}/x")
    assert len(server.requests) == 1


async def test_a_sender_that_leaves_takes_its_connection_along(raw_server):
    arrived, left = asyncio.Event(), asyncio.Event()

    async def waiting(peer):
        await peer.request()
        arrived.set()
        await peer.gone()
        left.set()

    server = await raw_server(waiting)
    task = asyncio.create_task(post(receivers(), server.url))
    async with asyncio.timeout(5):
        await arrived.wait()
        task.cancel()
        await left.wait()

"""What goes on the wire: the request's bytes, TLS, proxies; and what is refused before anything does."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from platforms.http import Failure, TransportError
from platforms.keepalive import KeepAliveTransport
from schema.errors import Landed

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def answering(peer):
    while True:
        await peer.request()
        await peer.say(OK)


@pytest.fixture
async def transport():
    transport = KeepAliveTransport()
    yield transport
    await transport.close()


async def test_a_request_is_written_whole(raw_server, transport, get):
    server = await raw_server(answering)
    request = get(server.url + "/a%20b?q=1", method="POST", headers={"Authorization": "Bearer t"}, body=b'{"x":1}')
    await transport.send(request, timeout=5)
    host = server.url.removeprefix("http://")
    assert server.requests == [
        f"POST /a%20b?q=1 HTTP/1.1\r\nHost: {host}\r\nAccept-Encoding: gzip\r\nAuthorization: Bearer t\r\n".encode()
        + b'Content-Length: 7\r\n\r\n{"x":1}'
    ]


async def test_get_has_no_length_and_an_empty_post_says_zero(raw_server, transport, get):
    server = await raw_server(answering)
    await transport.send(get(server.url), timeout=5)
    await transport.send(get(server.url + "/x", method="POST"), timeout=5)
    assert server.requests[0].startswith(b"GET / HTTP/1.1\r\n")
    assert b"Content-Length" not in server.requests[0]
    assert b"Content-Length: 0\r\n" in server.requests[1]


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/x y", {}),
        ("/x\r\nX-Evil: 1", {}),
        ("/x#part", {}),
        ("/ä", {}),
        ("/x", {"X-Name": "a\r\nX-Evil: 1"}),
        ("/x", {"X-Name": "a\nX-Evil: 1"}),
        ("/x", {"X-Name": "a\0"}),
        ("/x", {"X\r\nEvil": "1"}),
        ("/x", {"X-Name": "€"}),
        ("/x", {"Host": "elsewhere"}),
        ("/x", {"content-length": "1"}),
        ("?q=/x", {}),
        ("?q=x", {}),
    ],
)
async def test_nothing_that_breaks_out_of_its_place_is_sent(raw_server, transport, get, path, headers):
    server = await raw_server(answering)
    with pytest.raises(ValueError, match=r"character|header|query|codec"):
        await transport.send(get(server.url + path, headers=headers), timeout=5)
    assert server.requests == []


@pytest.mark.parametrize("url", ["ftp://host/x", "/only/a/path", "http:///x", "http://user:s3cret@host/x"])
async def test_a_url_that_names_no_platform_is_refused_without_repeating_it(transport, get, url):
    with pytest.raises(ValueError, match="URL") as caught:
        await transport.send(get(url), timeout=5)
    assert "s3cret" not in str(caught.value)


# ------------------------------------------------------------------------------------------------------------- TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for localhost that signs itself: a server's context, and a client's that trusts it."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    start = datetime.now(UTC) - timedelta(hours=1)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "localhost.pem"
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    return server, ssl.create_default_context(cafile=pem)


async def test_tls_with_a_trusted_certificate(raw_server, get, certificate):
    for_server, for_client = certificate
    server = await raw_server(answering, ssl=for_server)
    transport = KeepAliveTransport(tls=for_client)
    for _ in range(3):
        assert (await transport.send(get(server.url + "/x"), timeout=5)).body == b"ok"
    assert server.connections == 1
    await transport.close()


async def test_an_untrusted_certificate_means_nothing_was_sent(raw_server, transport, get, certificate):
    server = await raw_server(answering, ssl=certificate[0])
    with pytest.raises(TransportError, match="TLS") as caught:
        await transport.send(get(server.url + "/x"), timeout=5)
    assert (caught.value.failure, caught.value.landed) == (Failure.UNREACHABLE, Landed.NO)
    assert server.requests == []


# ----------------------------------------------------------------------------------------------------------- proxy


async def test_plain_http_through_a_proxy(raw_server, get):
    proxy = await raw_server(answering)
    transport = KeepAliveTransport(proxy=proxy.url.replace("://", "://me:p%40ss@") + "/")
    assert (await transport.send(get("http://platform.invalid/x?y"), timeout=5)).body == b"ok"
    assert proxy.requests[0].startswith(b"GET http://platform.invalid/x?y HTTP/1.1\r\nHost: platform.invalid\r\n")
    assert b"\r\nProxy-Authorization: Basic bWU6cEBzcw==\r\n" in proxy.requests[0]
    await transport.close()


async def test_tls_through_a_proxys_tunnel(raw_server, get, certificate):
    for_server, for_client = certificate
    platform = await raw_server(answering, ssl=for_server)

    async def tunnel(peer):
        target = (await peer.request()).split(b" ")[1].decode()
        far_reader, far_writer = await asyncio.open_connection(*target.replace("localhost", "127.0.0.1").split(":"))
        await peer.say(b"HTTP/1.1 200 Connection established\r\n\r\n")

        async def carry(source, sink):
            while data := await source.read(65536):
                sink.write(data)

        try:
            await asyncio.gather(carry(peer.reader, far_writer), carry(far_reader, peer.writer))
        finally:
            far_writer.close()

    proxy = await raw_server(tunnel)
    transport = KeepAliveTransport(proxy=proxy.url, tls=for_client)
    for _ in range(2):
        assert (await transport.send(get(platform.url + "/secret"), timeout=5)).body == b"ok"
    assert len(proxy.requests) == 1
    assert b"/secret" not in proxy.requests[0]
    await transport.close()


async def test_a_proxy_that_refuses_means_nothing_was_sent(raw_server, get):
    async def refusing(peer):
        await peer.request()
        await peer.say(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")

    proxy = await raw_server(refusing)
    transport = KeepAliveTransport(proxy=proxy.url)
    with pytest.raises(TransportError, match="407") as caught:
        await transport.send(get("https://platform.invalid/x"), timeout=5)
    assert (caught.value.failure, caught.value.landed) == (Failure.UNREACHABLE, Landed.NO)
    await transport.close()

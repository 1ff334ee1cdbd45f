"""Signatures as RFC 5849 defines them, held against a verifier by others."""

import re
from urllib.parse import unquote

import pytest
from oauthlib.oauth1.rfc5849.signature import (
    base_string_uri,
    normalize_parameters,
    sign_hmac_sha256_with_client,
    signature_base_string,
)

from platforms.netsuite.auth import SignedHeaders
from platforms.netsuite.signing import TokenSignature, encoded, signed_url
from runtime.clock import SystemClock

URL = "https://1234567-sb1.suitetalk.api.netsuite.com/services/rest/query/v1/suiteql"


class Keys:
    client_secret = "consumer secret & more"
    resource_owner_secret = "token+secret="


@pytest.fixture
def signature():
    return TokenSignature(
        account="1234567_SB1",
        consumer_key="consumer",
        consumer_secret=Keys.client_secret,
        token_key="token",
        token_secret=Keys.resource_owner_secret,
        clock=SystemClock(),
    )


def parameters(header):
    return {name: unquote(value) for name, value in re.findall(r'(\w+)="([^"]*)"', header)}


@pytest.mark.parametrize("query", [{}, {"limit": "1000", "offset": "0"}, {"q": "a b&c=ü+~*'"}])
def test_another_implementation_finds_the_same_signature(signature, query):
    told = parameters(signature.authorization("POST", URL, query))
    pairs = [(name, value) for name, value in told.items() if name not in ("realm", "oauth_signature")]
    base = signature_base_string("POST", base_string_uri(URL), normalize_parameters([*pairs, *query.items()]))
    assert told["oauth_signature"] == sign_hmac_sha256_with_client(base, Keys())
    assert told["realm"] == "1234567_SB1"


def test_no_two_signatures_share_a_nonce(signature):
    told = [parameters(signature.authorization("GET", URL, {}))["oauth_nonce"] for _ in range(50)]
    assert len(set(told)) == 50


def test_headers_are_signed_anew_whenever_they_are_read(signature):
    headers = SignedHeaders({"Prefer": "transient"}, lambda: signature.authorization("POST", URL, {}))
    first, again = dict(headers.items()), {**headers}
    assert first["Prefer"] == again["Prefer"] == "transient"
    assert first["Authorization"] != again["Authorization"]
    assert len(headers) == 2


def test_only_unreserved_signs_stay_as_they_are():
    assert encoded("aZ09-._~ /?&=+%ü") == "aZ09-._~%20%2F%3F%26%3D%2B%25%C3%BC"


@pytest.mark.parametrize(
    ("url", "signed"),
    [
        ("HTTPS://Host.Example:443/a/B", "https://host.example/a/B"),
        ("http://host.example:80/a", "http://host.example/a"),
        ("http://127.0.0.1:9403/a", "http://127.0.0.1:9403/a"),
    ],
)
def test_a_url_is_signed_in_its_normal_form(url, signed):
    assert signed_url(url) == signed == base_string_uri(url)


def test_no_secret_shows_in_a_signature_that_is_printed(signature):
    assert "secret" not in repr(signature).replace("oauth", "")

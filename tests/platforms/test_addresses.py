"""Where messages may be sent on somebody's word: a table of URLs and addresses, with what is thought of each."""

import ipaddress

import pytest

from platforms.addresses import Targets, UrlProblemError

NOBODY = Targets()
PUBLIC = ["93.184.216.34", "8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "2a00:1450:4001:81b::200e", "64:ff9b::808:808"]
PRIVATE = [
    "10.0.0.1", "10.255.255.255", "127.0.0.1", "127.1.2.3", "172.16.0.1", "172.31.255.254", "192.168.1.1", "100.64.0.1",
    "100.127.255.255", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "192.88.99.1", "::1", "fc00::1",
    "fd12:3456::1", "2001:db8::1", "2001::1", "2002:7f00:1::", "2002:a00:1::1", "3fff::1", "fec0::1", "100::1",
    "::ffff:10.0.0.1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::1", "::127.0.0.1",
]  # fmt: skip
NEVER_BY_NAME = [
    "0.0.0.0", "0.1.2.3", "169.254.169.254", "169.254.0.1", "168.63.129.16", "100.100.100.200", "192.0.0.192",
    "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "::", "fe80::1", "fe80::1%eth0", "ff02::1",
    "fd00:ec2::254", "::ffff:169.254.169.254", "::ffff:0.0.0.0", "64:ff9b::a9fe:a9fe",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_may_be_sent_to(address):
    assert NOBODY.may_reach("hooks.example.com", ipaddress.ip_address(address))


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_may_be_sent_to_only_where_the_host_is_allowed(address):
    found = ipaddress.ip_address(address)
    assert not NOBODY.may_reach("hooks.example.com", found)
    assert not Targets(["other.example.com"]).may_reach("hooks.example.com", found)
    assert Targets(["hooks.example.com"]).may_reach("hooks.example.com", found)


@pytest.mark.parametrize("address", NEVER_BY_NAME)
def test_a_hosts_name_never_opens_the_way_to_metadata_and_the_like(address):
    found = ipaddress.ip_address(address)
    assert not NOBODY.may_reach("hooks.example.com", found)
    assert not Targets(["hooks.example.com", "10.0.0.0/8"]).may_reach("hooks.example.com", found)


def test_a_network_that_is_allowed_opens_the_way_to_all_in_it_and_nothing_else():
    allowed = Targets(["10.1.0.0/16", "fd00::/16", "127.0.0.1"])
    for address in ("10.1.2.3", "fd00::9", "127.0.0.1", "::ffff:10.1.2.3"):
        assert allowed.may_reach("any.example", ipaddress.ip_address(address)), address
    for address in ("10.2.0.1", "127.0.0.2", "fd01::1"):
        assert not allowed.may_reach("any.example", ipaddress.ip_address(address)), address


def test_one_private_address_among_public_ones_spoils_them_all():
    addresses = [ipaddress.ip_address(text) for text in ("93.184.216.34", "10.0.0.1")]
    assert not NOBODY.all_reachable("hooks.example.com", addresses)
    assert NOBODY.all_reachable("hooks.example.com", addresses[:1])
    assert not NOBODY.all_reachable("hooks.example.com", [])


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.com/path?x=1", "https://hooks.example.com", "https://hooks.example.com:8443/a%20b",
        "https://HOOKS.example.com./x", "https://93.184.216.34/x", "https://[2606:4700:4700::1111]/x",
        "https://xn--bcher-kva.example/x", "https://a_b.example/", "https://hooks.example.com:443/",
    ],
)  # fmt: skip
def test_urls_that_may_be_registered(url):
    assert NOBODY.receiver(url).secure


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://hooks.example.com/x", "https"),
        ("ftp://hooks.example.com/x", "https"),
        ("hooks.example.com/x", "https"),
        ("https:///x", "host"),
        ("", "encoded"),
        ("https://user:pw@hooks.example.com/x", "Credentials"),
        ("https://user@hooks.example.com/x", "Credentials"),
        ("https://hooks.example.com@127.0.0.1/x", "Credentials"),
        ("https://hooks.example.com\\@127.0.0.1/x", "encoded"),
        ("https://hooks.example.com/x#frag", "fragment"),
        ("https://hooks.example.com/a b", "encoded"),
        ("https://hooks.example.com/\r\nX: 1", "encoded"),
        ("https://bücher.example/x", "xn--"),
        ("https://\uff11\uff12\uff17.0.0.1/x", "xn--"),
        ("https://127.0.0.1/x", "private"),
        ("https://[::1]/x", "private"),
        ("https://[::ffff:127.0.0.1]/x", "private"),
        ("https://169.254.169.254/latest/meta-data", "private"),
        ("https://0.0.0.0/", "private"),
        ("https://localhost/x", "machine"),
        ("https://LOCALHOST./x", "machine"),
        ("https://app.localhost/x", "machine"),
        ("https://127.1/x", "no host"),
        ("https://2130706433/x", "no host"),
        ("https://0x7f000001/x", "no host"),
        ("https://0x7f.1/x", "no host"),
        ("https://0177.0.0.1/x", "no host"),
        ("https://hooks..example/x", "no host"),
        ("https://-x.example/", "no host"),
        ("https://[::1/x", "no URL"),
        ("https://hooks.example.com:99999/", "no URL"),
        ("https://hooks.example.com:0/", "port 0"),
        ("https://hooks.example.com:22/", "port 22"),
        ("https://hooks.example.com:25/", "port 25"),
        ("https://hooks.example.com:6667/", "port 6667"),
        ("https://hooks.example.com/" + "x" * 2_000, "2000"),
    ],
)
def test_urls_that_are_refused_with_the_reason(url, words):
    with pytest.raises(UrlProblemError, match=words) as caught:
        NOBODY.receiver(url)
    assert "hooks.example.com" not in str(caught.value)


def test_plain_http_goes_only_to_hosts_that_are_allowed_by_name():
    allowed = Targets(["portal.internal", "127.0.0.0/8"])
    assert allowed.receiver("http://portal.internal:8080/x").authority == "portal.internal:8080"
    assert allowed.receiver("http://127.0.0.1:8080/x").port == 8080
    for url in ("http://10.0.0.1/x", "http://other.internal/x"):
        with pytest.raises(UrlProblemError, match="https"):
            allowed.receiver(url)


@pytest.mark.parametrize("entry", ["10.0.0.0/99", "a b", "https://portal.internal", "10.1", "", "portal.internal/8"])
def test_what_is_neither_a_host_nor_a_network_is_no_allowance(entry):
    with pytest.raises(ValueError, match="neither a host nor a network"):
        Targets([entry])

"""docs/sandbox.md says what is so: its examples run, and it leaves out no endpoint, fault, option or credential."""

import re
import shlex
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from sandbox.control import ENDPOINTS
from sandbox.faults import KINDS
from sandbox.serve import SandboxThread
from sandbox.world import offered_options, real_vendors, vendors
from sandbox.write_faults import WRITE_KINDS

PAGE = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text()
EXAMPLES = re.findall(r"^curl (.*?)(?: +#.*)?$", PAGE, re.MULTILINE)


@pytest.fixture(scope="module")
def ready() -> Iterator[dict[str, Any]]:
    thread = SandboxThread(accounts=40, as_of=date(2026, 11, 20), clock=lambda: datetime(2026, 11, 20, 12, tzinfo=UTC))
    yield thread.start()
    thread.stop()


def request_of(example: str, control: str) -> urllib.request.Request:
    """The example as curl would send it."""
    words = shlex.split(example.replace("$C", control))
    method, body, url = None, None, ""
    while words:
        word = words.pop(0)
        if word == "-X":
            method = words.pop(0)
        elif word == "-d":
            body = words.pop(0).encode()
        else:
            url = word
    return urllib.request.Request(url, body, {"Content-Type": "application/json"}, method=method)


def test_every_example_of_the_control_api_works(ready):
    assert len(EXAMPLES) > 10
    for example in EXAMPLES:
        try:
            with urllib.request.urlopen(request_of(example, ready["control"]), timeout=10) as answer:
                assert answer.status in {200, 201, 202}, example
        except urllib.error.HTTPError as refused:
            with refused:
                pytest.fail(f"{example}: {refused.code} {refused.read().decode()}")


def test_every_endpoint_has_an_example():
    asked = set()
    for example in EXAMPLES:
        request = request_of(example, "http://x")
        asked.add((request.get_method(), request.selector.partition("?")[0].split("/")[1]))
    offered = {(method, path.split("/")[1].partition("[")[0]) for method, path in map(str.split, ENDPOINTS)}
    assert asked == offered


def test_every_fault_option_and_credential_is_told(ready):
    kinds = re.findall(r"^\| `(\w+)` \| .* \| (?:yes|no|\*\*yes\*\*) \|$", PAGE, re.MULTILINE)
    assert tuple(kinds) == KINDS
    assert tuple(re.findall(r"^\| `(\w+_field)` \|", PAGE, re.MULTILINE)) == WRITE_KINDS
    table = PAGE.partition("| vendor | option |")[2].partition("\n\n")[0]
    told = {
        name
        for cell in re.findall(r"^\|[^|]*\|([^|]*)\|", table, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", cell)
    }
    assert told == {option for vendor in vendors() + real_vendors() for option in offered_options(vendor)}
    for name, platform in ready["platforms"].items():
        (row,) = re.findall(rf"^\| {name} \| {platform['role']} \| (.*) \|$", PAGE, re.MULTILINE)
        assert re.findall(r"`(\w+)`", row) == list(platform["credentials"])

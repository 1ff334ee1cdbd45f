"""What the sandbox needs of every emulated vendor, whoever wrote it."""

import re
from datetime import UTC, date, datetime

import msgspec
import pytest

from sandbox.firm.answer_key import TYPES
from sandbox.firm.generate import generate
from sandbox.platform import EmulatedPlatform, RefusedChange
from sandbox.world import build_world, vendors


def noon() -> datetime:
    return datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture(scope="module", params=vendors())
def platform(request) -> EmulatedPlatform:
    world = build_world(platforms=[f"mine={request.param}"], accounts=40, as_of=date(2026, 11, 20), clock=noon)
    return world.platforms["mine"]


@pytest.fixture(scope="module")
def firm():
    return generate(seed=7, accounts=40, as_of=date(2026, 11, 20))


def content(platform: EmulatedPlatform) -> dict[str, list[object]]:
    return {entity: [platform.show(entity, one) for one in table.rows] for entity, table in platform.tables.items()}


def test_it_says_who_it_is(platform):
    assert platform.name == "mine"
    assert platform.vendor in vendors()
    assert platform.role in {"CRM", "CLM", "PSA", "BILLING", "ERP", "HRIS"}
    assert platform.credentials
    assert all(isinstance(value, str) for value in platform.credentials.values())


def test_every_record_that_it_claims_to_hold_is_there(platform):
    known = platform.known_as()
    assert len(known) > 40
    assert {kind for kind, _ in known} <= set(TYPES)
    lost = [key for key, known_as in known.items() if platform.show(known_as.entity, known_as.id) is None]
    assert lost == []
    assert len({(known_as.entity, known_as.id) for known_as in known.values()}) == len(known)


def test_it_says_which_of_them_nothing_connects(platform, firm):
    known = platform.known_as()
    for client in firm.clients:
        expected = {
            "CRM": True,
            "PSA": client.psa_linked if client.in_psa else None,
            "ERP": client.erp_linked if client.in_erp else None,
        }.get(platform.role)
        held = known.get(("Account", client.key))
        assert (held.linked if held else None) == expected


def test_what_is_not_there_is_not_shown(platform):
    assert all(platform.show(entity, "no-such-id") is None for entity in platform.tables)


def test_a_record_of_a_user_is_there_until_the_reset(platform):
    before = content(platform)
    entity, record_id = next(
        (known.entity, known.id) for (kind, _), known in platform.known_as().items() if kind == "Account"
    )
    try:
        platform.remove(entity, record_id)
    except RefusedChange:
        pass  # other records may hang on it
    else:
        assert platform.show(entity, record_id) is None
    platform.reset()
    assert content(platform) == before


def test_its_words_for_too_many_requests_are_a_refusal(platform):
    assert platform.rate_limited().status_code in {403, 429}


_PAGES = {
    "salesforce": r"\w+\.htm|help\.salesforce\.com, `\w+`|dome_\w+",
    "kantata": r"https://developer\.kantata\.com/\w+/[\w-]+",
    "netsuite": r"docs\.oracle\.com, \w+",
}
"""How the docstring of an endpoint cites the vendor's page that it imitates."""


def test_every_endpoint_cites_the_vendors_page(platform):
    uncited = [
        f"{route.path}: {route.endpoint.__doc__}"
        for route in platform.app.routes
        if not re.search(_PAGES[platform.vendor], route.endpoint.__doc__ or "")
    ]
    assert len(platform.app.routes) > 15
    assert uncited == []


def test_two_starts_and_two_resets_hold_the_same_to_the_byte(platform):
    def in_bytes(held: EmulatedPlatform) -> bytes:
        return encoder.encode(content(held))

    encoder = msgspec.json.Encoder(decimal_format="number")
    platform.reset()
    once = in_bytes(platform)
    platform.reset()
    other = build_world(platforms=[f"mine={platform.vendor}"], accounts=40, as_of=date(2026, 11, 20), clock=noon)
    assert in_bytes(platform) == once
    assert in_bytes(other.platforms["mine"]) == once
    assert {n: v for n, v in other.platforms["mine"].credentials.items() if n not in _NEW_AT_EVERY_START} == {
        n: v for n, v in platform.credentials.items() if n not in _NEW_AT_EVERY_START
    }


_NEW_AT_EVERY_START = {"private_key", "certificate_id"}

"""Provenance is told in whatever fields, order and names it is asked."""

from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from schema.graph import core

FIELDS = ["__typename", *core().type_map["Source"].fields]  # type: ignore[attr-defined]
EVERYTHING = " ".join(FIELDS)


class StoppedClock:
    """Two operations fetch at the same moment."""

    def now(self) -> datetime:
        return datetime(2026, 11, 1, 9, 30, tzinfo=UTC)

    def monotonic(self) -> float:
        return 1_000.0


@pytest.fixture
def world(make_world, firm):
    return make_world(firm.records(7, Account=20, Invoice=60), clock=StoppedClock())


async def told(world: Any, asked: str) -> Any:
    """The sources of accounts, which two platforms know, and of their invoices."""
    inner = f"nodes {{ {asked} }}"
    answer = await world.ask(f"{{ accounts {{ nodes {{ {asked} billing {{ legalName }} invoices {{ {inner} }} }} }} }}")
    assert "errors" not in answer, answer
    accounts = answer["data"]["accounts"]["nodes"]
    return accounts + [invoice for account in accounts for invoice in account["invoices"]["nodes"]]


@pytest.mark.parametrize("seed", range(12))
async def test_any_selection_tells_the_same_as_the_whole(world, seed):
    random = Random(seed)
    chosen = random.sample(FIELDS, random.randint(1, len(FIELDS)))
    keys = {name: random.choice((name, f"my_{name.strip('_')}")) for name in chosen}
    part = await told(world, f"sources {{ {' '.join(f'{key}: {name}' for name, key in keys.items())} }}")
    whole = await told(world, f"sources {{ {EVERYTHING} }}")
    assert max(len(record["sources"]) for record in whole) == 2
    expected = [[[(keys[name], source[name]) for name in chosen] for source in record["sources"]] for record in whole]
    assert [[list(source.items()) for source in record["sources"]] for record in part] == expected


async def test_a_source_names_the_record_and_when_it_was_seen(world):
    records = await told(world, "sources { externalId url freshness fetchedAt }")
    invoices = [record["sources"] for record in records if "billing" not in record]
    assert invoices
    for (source,) in invoices:
        assert source == {
            "externalId": source["externalId"],
            "url": f"https://erp.example/invoice/{source['externalId']}",
            "freshness": "LIVE",
            "fetchedAt": "2026-11-01T09:30:00Z",
        }
    assert {source["externalId"] for (source,) in invoices} <= {row["id"] for row in world.records["Invoice.ERP"]}


async def test_sources_asked_twice_under_two_names_tell_both(world):
    records = await told(world, "one: sources { platform } other: sources { externalId role }")
    assert max(len(record["one"]) for record in records) == 2
    for record in records:
        assert {tuple(source) for source in record["one"]} == {("platform",)}
        assert {tuple(source) for source in record["other"]} == {("externalId", "role")}
        assert len(record["one"]) == len(record["other"])

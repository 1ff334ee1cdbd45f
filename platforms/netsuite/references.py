"""The account's short lists, by which canonical values become references: currencies by code, terms by days."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from platforms.netsuite.client import Page, SuiteQl
from platforms.netsuite.options import MOST_ROWS_PER_PAGE
from platforms.netsuite.suiteql import Statement
from platforms.slots import Priority
from runtime.clock import Clock
from schema.errors import Landed, UpstreamRejected

_GOOD_FOR = 600.0  # seconds
_CURRENCIES = Statement(
    "SELECT cur.id AS id, cur.symbol AS stands, cur.name AS name, cur.isinactive AS inactive FROM currency cur"
    " ORDER BY cur.id",
    (),
)
_TERMS = Statement(
    "SELECT term.id AS id, term.daysuntilnetdue AS stands, term.name AS name, term.isinactive AS inactive"
    " FROM term term WHERE term.daysuntilnetdue IS NOT NULL ORDER BY term.id",
    (),
)


class _Entry(msgspec.Struct):
    """`stands` is what the entry stands for, canonically."""

    id: str
    stands: str = ""
    name: str = ""
    inactive: str = "F"


class References:
    """One list, read whole, kept for ten minutes, and read again for a value that it doesn't have.

    `what` is one entry's name to a person, `preferred` the ids of entries that go before others of the same meaning.
    """

    def __init__(
        self,
        suiteql: SuiteQl,
        statement: Statement,
        what: str,
        read: Callable[[str], Any],
        clock: Clock,
        preferred: Mapping[Any, str] | None = None,
    ) -> None:
        self._suiteql = suiteql
        self._statement = statement
        self._what = what
        self._read = read
        self._clock = clock
        self._preferred = preferred or {}
        self._entries: list[_Entry] = []
        self._good_until = 0.0
        self._decoder = msgspec.json.Decoder(Page[_Entry])

    async def native(self, value: Any) -> str:
        """The id of the entry that stands for `value`; UpstreamRejected where there is none, or no telling which."""
        if value in self._preferred:
            return self._preferred[value]
        found = await self._those(lambda entry: entry.inactive != "T" and self._meaning(entry) == value)
        if len(found) == 1:
            return found[0].id
        raise UpstreamRejected(self._complaint(value, found), landed=Landed.NO)

    async def canonical(self, record_id: str) -> Any:
        """What the entry stands for, active or not; None for one that NetSuite doesn't tell."""
        found = await self._those(lambda entry: entry.id == record_id)
        return self._meaning(found[0]) if found else None

    def _meaning(self, entry: _Entry) -> Any:
        return self._read(entry.stands) if entry.stands else None

    def _complaint(self, value: Any, found: list[_Entry]) -> str:
        if found:
            which = ", ".join(f"{entry.name} ({entry.id})" for entry in found)
            return f"NetSuite has several {self._what} for {value}: {which}; name one in this platform's options"
        active = {self._meaning(entry) for entry in self._entries if entry.stands and entry.inactive != "T"}
        known = ", ".join(str(meaning) for meaning in sorted(active)) or "none"
        return f"NetSuite has no {self._what} for {str(value)[:40]}; it has {known}"

    async def _those(self, fits: Callable[[_Entry], bool]) -> list[_Entry]:
        kept = self._clock.monotonic() < self._good_until
        found = [entry for entry in self._entries if fits(entry)] if kept else []
        if not found:  # a kept list may lack what was added since
            await self._fetch()
            found = [entry for entry in self._entries if fits(entry)]
        return found

    async def _fetch(self) -> None:
        page = await self._suiteql.page(
            self._statement, self._decoder, limit=MOST_ROWS_PER_PAGE, priority=Priority.GOVERNED_WRITE
        )
        self._entries = page.items
        self._good_until = self._clock.monotonic() + _GOOD_FOR


def currencies(suiteql: SuiteQl, clock: Clock) -> References:
    """By ISO 4217 code."""
    return References(suiteql, _CURRENCIES, "currency", str, clock)


def terms(suiteql: SuiteQl, clock: Clock, preferred: Mapping[int, str]) -> References:
    """By the days until an invoice is due."""
    return References(suiteql, _TERMS, "payment terms", _days, clock, preferred)


def _days(told: str) -> int:
    return int(told.partition(".")[0])

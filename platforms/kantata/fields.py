"""The account's custom fields and roles, looked up by name when a filter or a write needs one, and kept."""

from collections.abc import Mapping
from typing import Any

import msgspec

from platforms.kantata.client import Client, Parameters
from platforms.kantata.envelope import Meta, Result
from platforms.shared_calls import SharedCalls
from platforms.slots import Priority
from runtime.clock import Clock
from schema.errors import UpstreamInvalidResponse

_KEPT = 600.0  # seconds; then something that somebody added or replaced is found
_PAGE = 200


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """What is known by its name. Of a custom field: `kind` is string, date, number, currency, single or multi, and
    `choices` are ids by label.
    """

    id: str
    kind: str | None = None
    choices: Mapping[str, str] = {}


class _Named(msgspec.Struct):
    name: str
    value_type: str | None = None
    choice_ids: list[str] = []


class _Choice(msgspec.Struct):
    label: str | None = None


class Directory:
    """The records of one list by name; of several with one name, the first."""

    def __init__(self, client: Client, clock: Clock, collection: str, parameters: Parameters = ()) -> None:
        self._client = client
        self._clock = clock
        self._collection = collection
        self._parameters = tuple(parameters)
        self._pages = _pages(collection)
        self._lookups: SharedCalls[dict[str, Definition]] = SharedCalls(clock)
        self._found: dict[str, Definition] = {}
        self._good_until = float("-inf")

    async def id_of(self, name: str) -> str | None:
        """None where the account has none of that name."""
        if self._clock.monotonic() >= self._good_until:
            await self._look(None)
        found = self._found.get(name)
        return None if found is None else found.id

    async def definition(self, name: str) -> Definition | None:
        """What a write has to know. Something that is missing is looked for again: it may have been made meanwhile."""
        if name not in self._found or self._clock.monotonic() >= self._good_until:
            await self._look(Priority.GOVERNED_WRITE)
        return self._found.get(name)

    async def _look(self, priority: Priority | None) -> None:
        self._found = await self._lookups.share("all", lambda: self._looked_up(priority))
        self._good_until = self._clock.monotonic() + _KEPT

    async def _looked_up(self, priority: Priority | None) -> dict[str, Definition]:
        found: dict[str, Definition] = {}
        number = 1
        while True:
            page = await self._page(number, priority)
            for result in page.results:
                record = page.records[result.id]
                found.setdefault(record.name, _definition(result.id, record, page.custom_field_choices))
            if not page.results or number * _PAGE >= page.meta.count:
                return found
            number += 1

    async def _page(self, number: int, priority: Priority | None) -> Any:
        parameters = (*self._parameters, ("per_page", str(_PAGE)), ("page", str(number)))
        body = await self._client.list(self._collection, parameters, priority=priority)
        try:
            page = self._pages.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            page = None
        if page is None or any(result.id not in page.records for result in page.results):
            detail = f"the list of {self._collection} doesn't have the documented form"
            raise UpstreamInvalidResponse(detail, platform=self._client.platform)
        return page


def custom_fields(client: Client, clock: Clock, subject: str = "Workspace") -> Directory:
    """Custom fields of projects, or of another subject. https://developer.kantata.com/tag/Custom-Fields"""
    return Directory(client, clock, "custom_fields", (("subject_type", subject), ("include", "choices")))


def roles(client: Client, clock: Clock) -> Directory:
    """https://developer.kantata.com/tag/Roles"""
    return Directory(client, clock, "roles")


def _pages(collection: str) -> msgspec.json.Decoder[Any]:
    members: list[Any] = [
        ("results", list[Result]),
        ("meta", Meta),
        ("records", dict[str, _Named]),
        ("custom_field_choices", dict[str, _Choice], msgspec.field(default_factory=dict)),
    ]
    return msgspec.json.Decoder(msgspec.defstruct("Page", members, rename={"records": collection}))


def _definition(record_id: str, record: _Named, known: Mapping[str, _Choice]) -> Definition:
    choices: dict[str, str] = {}
    for choice_id in record.choice_ids:
        choice = known.get(choice_id)
        if choice is not None and choice.label is not None:
            choices.setdefault(choice.label, choice_id)
    return Definition(id=record_id, kind=record.value_type, choices=choices)

"""The account's custom fields, looked up by name when a filter needs an id, and kept."""

import msgspec

from platforms.kantata.client import Client
from platforms.kantata.envelope import Meta, Result
from platforms.shared_calls import SharedCalls
from runtime.clock import Clock
from schema.errors import UpstreamInvalidResponse

_KEPT = 600.0  # seconds; then a field that somebody added or replaced is found


class _Field(msgspec.Struct):
    name: str


class _Page(msgspec.Struct):
    results: list[Result]
    custom_fields: dict[str, _Field]
    meta: Meta


_pages = msgspec.json.Decoder(_Page)


class CustomFields:
    """Ids of the projects' custom fields by name."""

    def __init__(self, client: Client, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._lookups: SharedCalls[dict[str, str]] = SharedCalls(clock)
        self._ids: dict[str, str] = {}
        self._good_until = float("-inf")

    async def id_of(self, name: str) -> str | None:
        """None where the account has no such field."""
        if self._clock.monotonic() >= self._good_until:
            self._ids = await self._lookups.share("custom_fields", self._looked_up)
            self._good_until = self._clock.monotonic() + _KEPT
        return self._ids.get(name)

    async def _looked_up(self) -> dict[str, str]:
        found: dict[str, str] = {}
        number = 1
        while True:
            page = await self._page(number)
            for result in page.results:
                found.setdefault(page.custom_fields[result.id].name, result.id)
            if not page.results or number * 200 >= page.meta.count:
                return found
            number += 1

    async def _page(self, number: int) -> _Page:
        parameters = (("subject_type", "Workspace"), ("per_page", "200"), ("page", str(number)))
        body = await self._client.list("custom_fields", parameters)
        try:
            page = _pages.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            page = None
        if page is None or any(result.id not in page.custom_fields for result in page.results):
            detail = "the list of custom fields doesn't have the documented form"
            raise UpstreamInvalidResponse(detail, platform=self._client.platform)
        return page

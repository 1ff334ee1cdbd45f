"""Pages of query results behind locators."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sandbox.platform import Clock
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.identifiers import IdSequence
from sandbox.salesforce.soql.execution import Result

MIN_BATCH = 200
MAX_BATCH = 2000
LOCATOR_PREFIX = "01g"
_LIFE = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Cursor:
    result: Result
    batch: int
    expires: datetime


class Cursors:
    """Open query cursors, the oldest closed when there are too many."""

    def __init__(self, clock: Clock, *, open_cursors: int, query_page: int) -> None:
        self._clock = clock
        self._open_cursors = open_cursors
        self._query_page = query_page
        self._ids = IdSequence()
        self._cursors: dict[str, Cursor] = {}

    def batch_of(self, options: str) -> int:
        """The page size that `Sforce-Query-Options: batchSize=500` asks for; the org may give fewer rows."""
        asked = MAX_BATCH
        for option in options.replace(";", ",").split(","):
            name, _, value = option.strip().partition("=")
            if name.lower() == "batchsize" and value.strip().isdigit():
                asked = min(MAX_BATCH, max(MIN_BATCH, int(value)))
        return min(asked, self._query_page)

    def first_page(self, result: Result, version: str, batch: int) -> dict[str, Any]:
        if result.total <= batch or result.count is not None:
            return {"totalSize": result.total, "done": True, "records": [result.write(row) for row in result.rows]}
        if len(self._cursors) >= self._open_cursors:
            del self._cursors[next(iter(self._cursors))]
        locator = self._ids.next(LOCATOR_PREFIX)
        self._cursors[locator] = cursor = Cursor(result, batch, self._clock() + _LIFE)
        return _page(cursor, locator, 0, version)

    def next_page(self, position: str, version: str) -> dict[str, Any]:
        """The page that `{locator}-{offset}` names, or INVALID_QUERY_LOCATOR."""
        locator, _, offset = position.rpartition("-")
        cursor = self._cursors.get(locator)
        if cursor is None or self._clock() >= cursor.expires or not offset.isdigit():
            raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        if int(offset) >= cursor.result.total:
            raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return _page(cursor, locator, int(offset), version)

    def clear(self) -> None:
        self._cursors.clear()


def _page(cursor: Cursor, locator: str, offset: int, version: str) -> dict[str, Any]:
    result, end = cursor.result, offset + cursor.batch
    page: dict[str, Any] = {"totalSize": result.total, "done": end >= result.total}
    if end < result.total:
        page["nextRecordsUrl"] = f"/services/data/v{version}/query/{locator}-{end}"
    page["records"] = [result.write(row) for row in result.rows[offset:end]]
    return page

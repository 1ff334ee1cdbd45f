"""Writes an org's records, one call for each: by our key where it makes them, by the org's id where it changes them.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/dome_upsert.htm
"""

import re
from collections.abc import Mapping
from email.utils import format_datetime
from typing import Any

import msgspec

from platforms.http import HttpResponse
from platforms.mapping import utc
from platforms.salesforce.client import Client
from platforms.salesforce.errors import addresses, missing
from platforms.salesforce.ids import is_record_id
from platforms.salesforce.options import OrgOptions
from platforms.salesforce.writables import SObjectWritable, writables
from platforms.writers import Found, Writable, WriterTraits
from schema.errors import Landed, UpstreamDuplicate, UpstreamInvalidResponse, UpstreamRejected
from schema.roles import PlatformRole

# A key stands in a URL's path, where a dot may be taken for a file's ending: "the request returns a 404".
# https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_sobject_upsert.htm
_KEY = re.compile(r"[0-9A-Za-z_:-]{1,255}")
_encode = msgspec.json.Encoder(decimal_format="number").encode


class _Saved(msgspec.Struct):
    id: str
    success: bool


_saved = msgspec.json.Decoder(_Saved)


class SalesforceWriter:
    """The Writer of one org. `base_url` is where people look at records."""

    def __init__(self, client: Client, platform: str, base_url: str, options: OrgOptions) -> None:
        self._client = client
        self._platform = platform
        self._base_url = base_url
        self.writables: Mapping[tuple[str, PlatformRole], Writable] = {
            (found.type, found.role): found for found in writables(options)
        }
        self.traits = WriterTraits()

    async def find(self, writable: Writable, key: str) -> tuple[Found, ...]:
        mine = _own(writable)
        if not _KEY.fullmatch(key):
            return ()
        path, route = _by_key(mine, key)
        answer = await self._client.record("GET", f"{path}?fields={mine.fields}", route, f"{mine.entity} by key {key}")
        if missing(answer):
            return ()
        if answer.status != 300:
            return (self._found(mine, self._row(mine, answer)),)
        held = [await self._read(mine, record_id) for record_id in self._named(answer)]
        rows = [self._row(mine, answer) for answer in held if answer is not None]
        created, own_id = mine.projection.getter("createdAt"), mine.projection.getter("id")
        return tuple(self._found(mine, row) for row in sorted(rows, key=lambda row: (created(row) or "", own_id(row))))

    async def fetch(self, writable: Writable, external_id: str) -> Found | None:
        mine = _own(writable)
        answer = await self._read(mine, external_id) if is_record_id(external_id) else None
        if answer is None:
            return None
        found = self._found(mine, self._row(mine, answer))
        if found.external_id != external_id:
            raise self._unreadable("the answer is another record than was asked for")
        return found

    async def create(self, writable: Writable, key: str, values: Mapping[str, Any]) -> str:
        """An upsert by the key: a record that bears it already gets the values, and nothing is made twice."""
        mine = _own(writable)
        if not mine.creatable:
            raise self._refused(f"{mine.entity} isn't created from here")
        if not _KEY.fullmatch(key):
            raise self._refused("the key can't stand in a URL: use letters, digits and -, _ or :")
        body = self._body(mine, values, creating=True)
        path, route = _by_key(mine, key)
        answer = await self._client.record("PATCH", path, route, f"upsert {mine.entity} {key}", body=body)
        if code := missing(answer):
            raise self._refused(f"the object {mine.entity} is missing, or our user may not see it ({code})")
        if answer.status == 300:
            detail = f"several records bear the key {key}: make {mine.key_field} unique, and merge them"
            raise UpstreamDuplicate(detail, platform=self._platform, candidates=tuple(self._named(answer)))
        if answer.status == 204:  # before version 46.0 a record that was there already goes unnamed
            return await self._bearer(mine, key)
        return self._id(answer)

    async def update(
        self, writable: Writable, external_id: str, values: Mapping[str, Any], *, version: str | None = None
    ) -> None:
        """Versions are compared there by whole seconds: of two changes within one, the second goes unnoticed."""
        mine = _own(writable)
        if not is_record_id(external_id):
            raise self._refused("there is no such record: this is no Salesforce id")
        if not values:
            return
        body = self._body(mine, values, creating=False)
        headers = {} if version is None else {"If-Unmodified-Since": self._http_date(version)}
        path, route = _by_id(mine, external_id)
        statement = f"change {mine.entity} {external_id}"
        answer = await self._client.record("PATCH", path, route, statement, body=body, headers=headers)
        if code := missing(answer):
            raise self._refused(f"there is no such record, or none that our user may see ({code})")

    async def remove(self, writable: Writable, external_id: str) -> None:
        """Deletes it, to the recycle bin; the org deletes with it what belongs to it."""
        mine = _own(writable)
        if not mine.removable:
            raise self._refused(f"{mine.entity} isn't deleted from here")
        if not is_record_id(external_id):
            return
        path, route = _by_id(mine, external_id)
        await self._client.record("DELETE", path, route, f"delete {mine.entity} {external_id}")

    # ------------------------------------------------------------------------------------------------ to the wire

    def _body(self, mine: SObjectWritable, values: Mapping[str, Any], *, creating: bool) -> bytes:
        fields: dict[str, Any] = {}
        for path, value in values.items():
            if not mine.settable(path, creating=creating):
                raise self._refused(f"{mine.type}.{path} can't be {'set' if creating else 'changed'}")
            try:
                fields |= mine.cells[path].wire(value)
            except ValueError as error:
                raise self._refused(f"{mine.type}.{path} {error}") from None
        lacking = [path for path, settable in mine.paths.items() if settable.required and path not in values]
        if creating and lacking:
            raise self._refused(f"{mine.type} needs {', '.join(lacking)}")
        return _encode(fields)

    def _http_date(self, version: str) -> str:
        try:
            moment = utc(version)
        except ValueError:
            moment = None
        if moment is None:
            raise self._refused("the version is none of Salesforce's: it must be a LastModifiedDate")
        return format_datetime(moment.replace(microsecond=0), usegmt=True)

    def _refused(self, detail: str) -> UpstreamRejected:
        return UpstreamRejected(detail, platform=self._platform, landed=Landed.NO)

    # ---------------------------------------------------------------------------------------------- from the wire

    async def _read(self, mine: SObjectWritable, record_id: str) -> HttpResponse | None:
        path, route = _by_id(mine, record_id)
        answer = await self._client.record("GET", f"{path}?fields={mine.fields}", route, f"{mine.entity} {record_id}")
        return None if missing(answer) else answer

    def _row(self, mine: SObjectWritable, answer: HttpResponse) -> Any:
        try:
            row = mine.rows.decode(answer.body)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise self._unreadable("the record doesn't have the documented form") from None
        if not is_record_id(mine.projection.getter("id")(row) or ""):
            raise self._unreadable("the answer is no record")
        return row

    def _found(self, mine: SObjectWritable, row: Any) -> Found:
        get = mine.projection.getter
        record_id: str = get("id")(row)
        try:
            modified_at = get("modifiedAt")(row)
        except ValueError:
            raise self._unreadable("the record's stamp is no instant") from None
        return Found(
            external_id=record_id,
            values={path: get(path)(row) for path in mine.cells},
            version=get("version")(row),
            modified_at=modified_at,
            url=f"{self._base_url}/{record_id}",
        )

    def _named(self, answer: HttpResponse) -> list[str]:
        """The ids of the records that a 300 lists."""
        ids = [address.rpartition("/")[2] for address in addresses(answer) or ()]
        if not ids or not all(map(is_record_id, ids)):
            raise self._unreadable("the answer lists no records")
        return ids

    async def _bearer(self, mine: SObjectWritable, key: str) -> str:
        found = await self.find(mine, key)
        if not found:
            raise self._unreadable("the record that was written can't be found by its key")
        return found[0].external_id

    def _id(self, answer: HttpResponse) -> str:
        try:
            saved = _saved.decode(answer.body)
        except msgspec.MsgspecError:
            raise self._unreadable("the answer doesn't say which record was written") from None
        if not saved.success or not is_record_id(saved.id):
            raise self._unreadable("the answer doesn't say which record was written")
        return saved.id

    def _unreadable(self, detail: str) -> UpstreamInvalidResponse:
        return UpstreamInvalidResponse(detail, platform=self._platform)


def _own(writable: Writable) -> SObjectWritable:
    assert isinstance(writable, SObjectWritable)
    return writable


def _by_key(mine: SObjectWritable, key: str) -> tuple[str, str]:
    """The path of a record by our key, and its template."""
    place = f"/sobjects/{mine.entity}/{mine.key_field}"
    return f"{place}/{key}", f"{place}/{{key}}"


def _by_id(mine: SObjectWritable, record_id: str) -> tuple[str, str]:
    place = f"/sobjects/{mine.entity}"
    return f"{place}/{record_id}", f"{place}/{{id}}"

"""The record API over HTTP: one record read, made or changed by its external id, changed by its internal id, deleted.

Source: docs.oracle.com, Creating, Getting, Updating and Deleting a Record Instance; Using the Upsert Operation;
Replacing a Sublist (section_1545297048).
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import msgspec

from platforms.gate import Gate
from platforms.http import HttpRequest, HttpResponse
from platforms.netsuite.auth import Authorize, SignedHeaders
from platforms.netsuite.errors import NoSuchRecord
from platforms.netsuite.signing import signed_url
from platforms.slots import Priority
from platforms.tokens import TokenSource
from schema.errors import Landed, PlatformError, UpstreamInvalidResponse, UpstreamUnauthorized

PATH = "/services/rest/record/v1"
Body = Mapping[str, Any]
_WRITE = {
    "Content-Type": "application/json",
    "Accept": "application/json",
    # Else a field that this account doesn't have would be dropped, and the write reported as done.
    "X-NetSuite-PropertyNameValidation": "error",
}
_READ = {"Accept": "application/json"}
_encoder = msgspec.json.Encoder(decimal_format="number")


class RecordApi:
    """Speaks to one account. Internal ids and external ids must have been checked: they go into paths as they are."""

    def __init__(self, gate: Gate, url: str, tokens: TokenSource[Authorize]) -> None:
        self.platform = gate.platform
        self._gate = gate
        self._url = f"{url}{PATH}"
        self._tokens = tokens

    async def get(self, entity: str, key: str, *, expanded: bool = False) -> bytes | None:
        """The record's JSON by internal id or `eid:` and external id; `expanded`: with its sublists."""
        query = {"expandSubResources": "true"} if expanded else {}
        call = _Call("GET", entity, key, query, f"GET {entity} {key}")
        try:
            response = await self._tokens.authorised(partial(self._send, call, b"", safe=True))
        except NoSuchRecord:
            return None
        return response.body

    async def upsert(self, entity: str, external_id: str, body: Body, *, replace: str = "") -> str | None:
        """Makes the record, or changes the one that bears the external id; answers its Location.

        `replace` names a sublist that becomes what the body says, instead of growing by it.
        """
        return await self._write("PUT", entity, f"eid:{external_id}", body, replace)

    async def change(self, entity: str, record_id: str, body: Body, *, replace: str = "") -> None:
        """Sets the fields of the body; null clears."""
        await self._write("PATCH", entity, record_id, body, replace)

    async def delete(self, entity: str, record_id: str) -> None:
        """NoSuchRecord where it is gone already."""
        await self._write("DELETE", entity, record_id, None, "")

    async def _write(self, method: str, entity: str, key: str, body: Body | None, replace: str) -> str | None:
        shown = f"{method} {entity} {key}" + (f": {', '.join(body)}" if body else "")
        call = _Call(method, entity, key, {"replace": replace} if replace else {}, shown)
        response = await self._once(call, b"" if body is None else _encoder.encode(body))
        if response.status == 202:  # a promise: nobody asked for an asynchronous job
            raise UpstreamInvalidResponse("NetSuite put the write off (202)", platform=self.platform)
        return response.headers.get("Location")

    async def _once(self, call: "_Call", body: bytes) -> HttpResponse:
        under_way = False

        async def send(authorize: Authorize) -> HttpResponse:
            nonlocal under_way
            under_way = True
            try:
                return await self._send(call, body, authorize, safe=False)
            except UpstreamUnauthorized:
                under_way = False
                raise

        try:
            return await self._tokens.authorised(send)
        except PlatformError as error:
            if not under_way:  # signing in failed, before the write or after NetSuite refused to look at it
                error.landed = Landed.NO
            raise

    async def _send(self, call: "_Call", body: bytes, authorize: Authorize, *, safe: bool) -> HttpResponse:
        url = f"{self._url}/{call.entity}/{call.key}"
        query = "&".join(f"{name}={value}" for name, value in call.query.items())
        place = "eid:{externalId}" if call.key.startswith("eid:") else "{id}"
        request = HttpRequest(
            method=call.method,
            url=f"{url}?{query}" if query else url,
            route=f"{PATH}/{call.entity}/{place}",
            headers=SignedHeaders(
                _WRITE if body else _READ, partial(authorize, call.method, signed_url(url), call.query)
            ),
            body=body,
            statement=call.shown,
        )
        return await self._gate.send(request, priority=Priority.GOVERNED_WRITE, safe=safe)


class _Call(msgspec.Struct, frozen=True):
    """What is asked of which record; `shown` is what a person reads of it, names without values."""

    method: str
    entity: str
    key: str
    query: Mapping[str, str]
    shown: str

"""Reads records for writes: from where a write shows at once, by id or by key, past what filters would hide."""

from typing import Any

import msgspec

from platforms.kantata.client import Client, Parameters
from platforms.kantata.endpoints import Endpoint
from platforms.kantata.held import INCLUDE, Held, decoder, held
from platforms.kantata.kept import GONE, KEY, MODIFIED, VERSION, Kept
from platforms.kantata.keys import OWN, References
from platforms.slots import Priority
from platforms.writers import Found
from schema.errors import UpstreamInvalidResponse

_MOST = (("order", "created_at:asc"), ("per_page", "200"))


class Records:
    """Looks at single records of one account; those that were taken back aren't seen."""

    def __init__(self, client: Client, keys: References) -> None:
        self._client = client
        self.keys = keys
        self._decoders: dict[str, msgspec.json.Decoder[Any]] = {}

    async def by_id(self, kept: Kept, record_id: str) -> Found | None:
        if not OWN.usable((record_id,)):
            return None
        rows = await self._rows(kept, OWN.parameters([record_id]))
        return next((self._found(kept, row) for row in rows if row.id == record_id), None)

    async def by_key(self, kept: Kept, key: str) -> tuple[Found, ...]:
        """Oldest first. A filter that the API doesn't know it leaves out without a word: the key is held again."""
        if not self.keys.usable((key,)):
            return ()
        rows = await self._rows(kept, (*self.keys.parameters([key]), *_MOST))
        key_of = kept.projection.getter(KEY)
        bearing = sorted((row for row in rows if key_of(row) == key), key=lambda row: int(row.id))
        return tuple(self._found(kept, row) for row in bearing)

    async def held(self, kept: Kept, record_id: str) -> Held | None:
        """What the record holds beside its values."""
        return await self.held_by(kept.projection.facet.endpoint, record_id)

    async def held_by(self, endpoint: Endpoint, record_id: str) -> Held | None:
        if not OWN.usable((record_id,)):
            return None
        parameters = (*endpoint.always, *OWN.parameters([record_id]), INCLUDE)
        body = await self._client.list(endpoint.collection, parameters, priority=Priority.GOVERNED_WRITE)
        answer = self._decoded(self._decoder(endpoint.collection), body)
        return held(answer) if answer.results else None

    def told(self, collection: str, body: bytes) -> Held:
        """What the answer to a write tells of its record."""
        found = held(self._decoded(self._decoder(collection), body))
        if found is None:
            raise self._invalid()
        return found

    def _decoder(self, collection: str) -> msgspec.json.Decoder[Any]:
        found = self._decoders.get(collection)
        if found is None:
            found = self._decoders[collection] = decoder(collection)
        return found

    async def _rows(self, kept: Kept, parameters: Parameters) -> list[Any]:
        projection = kept.projection
        endpoint, shape = projection.facet.endpoint, projection.shape
        asked = [*endpoint.always, *parameters, ("include", ",".join(shape.include))]
        if shape.optional:
            asked.append(("optional_fields", ",".join(shape.optional)))
        body = await self._client.list(endpoint.collection, asked, priority=Priority.GOVERNED_WRITE)
        page = self._decoded(shape.pages, body)
        try:
            rows = shape.rows(page)
        except KeyError:
            raise self._invalid() from None
        kinds = projection.facet.kinds
        if kinds is not None:
            rows = [row for row in rows if getattr(row, kinds[0].name) in kinds[1]]
        if not all(row.id is not None and OWN.usable((row.id,)) for row in rows):
            raise self._invalid()
        gone = projection.getter(GONE)
        return [row for row in rows if not gone(row)]

    def _decoded(self, decode: msgspec.json.Decoder[Any], body: bytes) -> Any:
        try:
            return decode.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise self._invalid() from None

    def _invalid(self) -> UpstreamInvalidResponse:
        detail = "the answer doesn't have the documented form"
        return UpstreamInvalidResponse(detail, platform=self._client.platform)

    def _found(self, kept: Kept, row: Any) -> Found:
        """The row as writes compare it."""
        projection = kept.projection
        told = [path for path, settable in kept.writable.paths.items() if settable.told]
        template = projection.facet.url
        try:
            return Found(
                external_id=row.id,
                values={path: projection.getter(path)(row) for path in told},
                version=projection.getter(VERSION)(row),
                modified_at=projection.getter(MODIFIED)(row),
                url=None if template is None else template.replace("{id}", row.id),
            )
        except ValueError:  # an instant without a zone, say
            raise self._invalid() from None

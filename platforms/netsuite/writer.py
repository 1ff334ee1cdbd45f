"""Writes to a NetSuite account through the record API, where a write shows at once; each key is an external id."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec

from platforms.mapping import utc
from platforms.netsuite.errors import NoSuchRecord
from platforms.netsuite.ids import external, internal_number, is_external, located
from platforms.netsuite.options import AccountOptions
from platforms.netsuite.record_api import RecordApi
from platforms.netsuite.references import References
from platforms.netsuite.wire_values import plain_line, reference, wire_value
from platforms.netsuite.written import ADDRESS, ITEMS, Written
from platforms.netsuite.written_documents import invoice, sales_order
from platforms.netsuite.written_entities import customer, default_address, job
from platforms.writers import Found, Line, Writable, WriterTraits
from schema.errors import Landed, PlatformError, UpstreamInvalidResponse, UpstreamRejected
from schema.roles import PlatformRole

_UNREADABLE = "NetSuite's record isn't what the record API is documented to give"


class NetSuiteWriter:
    """Customers, jobs, sales orders and invoices.

    NetSuite keeps external ids unique per type, so that a record made twice with one key is one record (an upsert).
    """

    def __init__(self, api: RecordApi, currencies: References, terms: References, options: AccountOptions) -> None:
        self._api = api
        self._currencies = currencies
        self._terms = terms
        self._options = options
        written = [make(options) for make in (customer, job, sales_order, invoice)]
        self._written = {(item.writable.type, item.writable.role): item for item in written}
        self.writables: Mapping[tuple[str, PlatformRole], Writable] = {
            key: item.writable for key, item in self._written.items()
        }
        self.traits = WriterTraits(cost=self._cost)

    # ------------------------------------------------------------------------------------------------------ reading

    async def find(self, writable: Writable, key: str) -> tuple[Found, ...]:
        written = self._of(writable)
        if not is_external(key):
            return ()
        raw = await self._api.get(writable.entity, f"eid:{key}", expanded=written.expanded)
        return () if raw is None else (await self._found(written, raw),)

    async def fetch(self, writable: Writable, external_id: str) -> Found | None:
        written = self._of(writable)
        if internal_number(external_id) is None:
            return None
        raw = await self._api.get(writable.entity, external_id, expanded=written.expanded)
        return None if raw is None else await self._found(written, raw)

    async def _found(self, written: Written, raw: bytes) -> Found:
        values = self._decoded(written, raw)
        for path, references in self._looked_up(written).items():
            if values[path] is not None:
                values[path] = await references.canonical(values[path])
        return Found(
            external_id=values["id"],
            values={path: values[path] for path, settable in written.writable.paths.items() if settable.told},
            version=values["modifiedAt"],
            modified_at=utc(values["modifiedAt"]),
            url=f"{self._options.pages}{written.page}?id={values['id']}",
        )

    def _decoded(self, written: Written, raw: bytes) -> dict[str, Any]:
        try:
            values = written.shape.read(msgspec.json.decode(raw, type=written.shape.struct))
            utc(values["modifiedAt"])
        except (msgspec.DecodeError, ValueError):
            raise UpstreamInvalidResponse(_UNREADABLE, platform=self._api.platform) from None
        if values["id"] is None:
            raise UpstreamInvalidResponse(_UNREADABLE, platform=self._api.platform)
        return values

    # ------------------------------------------------------------------------------------------------------ writing

    async def create(self, writable: Writable, key: str, values: Mapping[str, Any]) -> str:
        """One call, and those that look references up. An address is added as the default billing one."""
        written = self._of(writable)
        with self._nothing_sent():
            external(key, "The key")
            plain = self._plain(written, values, creating=True)
            body = {**written.fixed, **await self._body(written, plain)}
        if any(part is not None for part in self._address(plain).values()):
            body |= self._address_book(written, plain, None)
        # If the record is there already (an earlier try came late), its lines mustn't grow by these.
        location = await self._api.upsert(writable.entity, key, body, replace=ITEMS if written.lines else "")
        return located(location) or await self._id_of(written, key)

    async def update(
        self,
        writable: Writable,
        external_id: str,
        values: Mapping[str, Any],
        *,
        version: str | None = None,  # noqa: ARG002 - the port's; NetSuite holds no write to a version
    ) -> None:
        """One call, two where an address changes. Lines that are given replace all that there are."""
        written = self._of(writable)
        with self._nothing_sent():
            if internal_number(external_id) is None:
                raise NoSuchRecord("NetSuite has no such record: its ids are numbers")
            plain = self._plain(written, values, creating=False)
            body = await self._body(written, plain)
            if self._address(plain):
                body |= await self._changed_address(written, external_id, plain)
        if body:
            await self._api.change(writable.entity, external_id, body, replace=ITEMS if "lines" in plain else "")

    async def remove(self, writable: Writable, external_id: str) -> None:
        """Refused by NetSuite where other records depend on it, and here for an invoice that is approved."""
        written = self._of(writable)
        if internal_number(external_id) is None:
            return
        if written.while_unset:
            with self._nothing_sent():
                found = await self.fetch(writable, external_id)
                if found is None:
                    return
                if found.values[written.while_unset] is not False:
                    raise UpstreamRejected(
                        f"NetSuite's {writable.entity} {external_id} is {written.while_unset} and so posted: credit or "
                        "void it there"
                    )
        try:
            await self._api.delete(writable.entity, external_id)
        except NoSuchRecord:
            return

    # ------------------------------------------------------------------------------------------------------- bodies

    def _cost(self, writable: Writable, values: Mapping[str, Any], creating: bool) -> int:
        """An address that changes is read first, and every list of references may have to be."""
        changes_address = not creating and any(path.startswith(ADDRESS) for path in values)
        return int(creating or bool(values)) + changes_address + len(self._looked_up(self._of(writable)))

    def _of(self, writable: Writable) -> Written:
        return self._written[writable.type, writable.role]

    def _looked_up(self, written: Written) -> dict[str, References]:
        found = {written.currency: self._currencies, written.terms: self._terms}
        return {path: references for path, references in found.items() if path}

    def _plain(self, written: Written, values: Mapping[str, Any], *, creating: bool) -> dict[str, Any]:
        """The values as the rows write them, every one held against what the record API can carry."""
        plain: dict[str, Any] = {}
        for path, value in values.items():
            if not written.writable.settable(path, creating=creating):
                when = "on a new record" if creating else "on a record that is there"
                raise UpstreamRejected(f"{written.writable.type}.{path} can't be set in NetSuite {when}")
            plain[path] = wire_value(path, written.writable.paths[path], value)
            if plain[path] is not None and path in written.references:
                reference(path, plain[path])
        if plain.get("anchor") is not None:
            external(plain["anchor"], "anchor")
        if written.while_unset in plain and plain[written.while_unset] is None:
            raise UpstreamRejected(f"{written.while_unset} is true or false in NetSuite, and can't be cleared")
        return plain

    async def _body(self, written: Written, plain: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON of everything but addresses."""
        own = {path: value for path, value in plain.items() if not path.startswith(ADDRESS) and path != "lines"}
        lines = self._items(written, plain) if "lines" in plain else None
        for path, references in self._looked_up(written).items():
            if own.get(path) is not None:
                own[path] = await references.native(own[path])
        body = written.shape.body(own)
        return body if lines is None else {**body, ITEMS: {"items": lines}}

    def _items(self, written: Written, plain: Mapping[str, Any]) -> list[dict[str, Any]]:
        assert written.lines is not None
        made = []
        for position, line in enumerate(plain["lines"]):
            told = plain_line(f"lines[{position}]", line, plain.get(written.currency))
            made.append(written.lines.body({"item": self._item(line), **told}))
        return made

    def _item(self, line: Line) -> str:
        """The item that a line is billed as, by whether it names a milestone."""
        items = self._options.items
        found = (items.get("milestone") if line.milestone else None) or items.get("service")
        if found is None:
            detail = "lines are billed as items: name them under this platform's options.items"
            raise UpstreamRejected(detail)
        return found

    @staticmethod
    def _address(plain: Mapping[str, Any]) -> dict[str, Any]:
        return {path.removeprefix(ADDRESS): value for path, value in plain.items() if path.startswith(ADDRESS)}

    def _address_book(self, written: Written, plain: Mapping[str, Any], address_id: str | None) -> dict[str, Any]:
        assert written.address is not None
        which = {"defaultBilling": True} if address_id is None else {"addressId": address_id}
        return {"addressBook": {"items": [{**which, **written.address.body(self._address(plain))}]}}

    async def _changed_address(self, written: Written, record_id: str, plain: Mapping[str, Any]) -> dict[str, Any]:
        """The default billing entry with these parts changed, a new one where there is none."""
        assert written.address is not None
        raw = await self._api.get(written.writable.entity, record_id, expanded=True)
        if raw is None:
            raise NoSuchRecord("NetSuite has no such record (any more)")
        entries = self._decoded(written, raw)["addresses"]
        present = default_address(written.address, entries)
        if present is None and all(part is None for part in self._address(plain).values()):
            return {}
        return self._address_book(written, plain, None if present is None else present["id"])

    async def _id_of(self, written: Written, key: str) -> str:
        """The id of a record that was just written, where its Location has none."""
        try:
            raw = await self._api.get(written.writable.entity, f"eid:{key}")
            if raw is not None:
                found: str = self._decoded(written, raw)["id"]
                return found
        except PlatformError as error:
            error.landed = Landed.YES
            raise
        detail = "NetSuite reports a record as written, and doesn't have it"
        raise UpstreamInvalidResponse(detail, platform=self._api.platform, landed=Landed.UNKNOWN)

    @contextmanager
    def _nothing_sent(self) -> Iterator[None]:
        """Whatever fails in here, such as looking a reference up, fails before the write."""
        try:
            yield
        except PlatformError as error:
            error.platform = error.platform or self._api.platform
            error.landed = Landed.NO
            raise

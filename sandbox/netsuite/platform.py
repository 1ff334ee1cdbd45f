"""One NetSuite account of the sandbox: its HTTP API, its credentials, and its users' changes."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from starlette.responses import Response

from sandbox.firm.ids import numeric_id
from sandbox.firm.model import Firm
from sandbox.netsuite.accepting import Intake
from sandbox.netsuite.analytics import Analytics
from sandbox.netsuite.app import application
from sandbox.netsuite.assertions import Assertions, new_key_pair
from sandbox.netsuite.batches import Batches
from sandbox.netsuite.books import Books
from sandbox.netsuite.errors import Refused, too_many_requests
from sandbox.netsuite.fields import Field
from sandbox.netsuite.gate import ConcurrencyPool, Login
from sandbox.netsuite.opening import Opening
from sandbox.netsuite.reading import Reader, Shape, plain
from sandbox.netsuite.record_api import Records, type_named
from sandbox.netsuite.signatures import TokenSignatures
from sandbox.netsuite.suiteql.engine import Engine
from sandbox.netsuite.transactions import LINE_FIELDS
from sandbox.platform import Clock, EmulatedPlatform, KnownAs, RefusedChange
from sandbox.stamps import Stamps
from sandbox.store import Record
from sandbox.write_faults import OVERWRITE, ROUND, Spot

_SECRETS = ("consumer_key", "consumer_secret", "token_key", "token_secret", "client_id")
_WHOLE = Shape(sublists=True)


class NetSuite(EmulatedPlatform):
    vendor = "netsuite"
    role = "ERP"
    scripted = frozenset({"customer", "job", "invoice", "creditMemo", "customerPayment"})  # a user event script on each
    user_agent = "NetSuite SuiteScript/2.1"
    stamps: Stamps

    def __init__(
        self,
        firm: Firm,
        *,
        name: str,
        clock: Clock,
        legal_entities: frozenset[str] | None,
        concurrency: int,
        work_seconds: float,
        zone: tzinfo,
        wall: Callable[[], datetime],
    ) -> None:
        self.name = name
        self.stamps = Stamps(clock)
        self.books = Books(self.stamps, self.write_faults, zone)
        self._opening = Opening(self.books, firm, legal_entities)
        self._records = Records(self.books)
        self._intake = Intake(self.books)
        self._batches = Batches(self.books, self._records)
        self.tables = self.books.tables
        private_key, public_key = new_key_pair()
        secrets = {part: sha256(f"{name} {part}".encode()).hexdigest() for part in _SECRETS}
        self.account = f"{1_000_000 + int(sha256(name.encode()).hexdigest(), 16) % 9_000_000}_SB1"
        consumer = (secrets["consumer_key"], secrets["consumer_secret"])
        token = (secrets["token_key"], secrets["token_secret"])
        self.signatures = TokenSignatures(self.account, consumer, token, wall)
        self.assertions = Assertions(secrets["client_id"], wall)
        certificate = self.assertions.register(public_key)
        self.credentials: Mapping[str, str] = {
            "account": self.account,
            **secrets,
            "certificate_id": certificate,
            "private_key": private_key,
        }
        engine = Engine(Analytics(self.books), lambda: self.books.shown(clock()))
        inside = application(
            self.books,
            self._records,
            self._batches,
            engine=engine,
            assertions=self.assertions,
            concurrency=concurrency,
        )
        login = Login(inside, self.signatures, self.assertions)
        self.app = ConcurrencyPool(login, inside.routes, limit=concurrency, work_seconds=work_seconds)
        self._opening.enter()

    def reset(self) -> None:
        """Records, tokens, nonces and jobs as they were at the start; credentials stay."""
        self.books.clear()
        self._batches.forget()
        self.signatures.forget()
        self.assertions.expire()
        self._opening.enter()

    def rate_limited(self) -> Response:
        """What a caller gets who sends too many requests at once."""
        return too_many_requests().response()

    def known_as(self) -> Mapping[tuple[str, str], KnownAs]:
        opening = self._opening
        known: dict[tuple[str, str], KnownAs] = {}
        for client in opening.clients():
            key = numeric_id("netsuite.customer", client.key)
            known["Account", client.key] = KnownAs("customer", key, client.erp_linked)
        for project in opening.projects():
            key = numeric_id("netsuite.job", project.key)
            known["Project", project.key] = KnownAs("job", key, project.erp_linked)
        for legal_entity in opening.legal_entities():
            key = numeric_id("netsuite.subsidiary", legal_entity.key)
            known["LegalEntity", legal_entity.key] = KnownAs("subsidiary", key)
        for invoice in opening.invoices():
            known["Invoice", invoice.key] = KnownAs("invoice", numeric_id("netsuite.transaction", invoice.key))
            for payment in invoice.payments:
                key = numeric_id("netsuite.transaction", payment.key)
                known["Payment", payment.key] = KnownAs("customerPayment", key)
            for memo in invoice.credit_memos:
                known["CreditMemo", memo.key] = KnownAs("creditMemo", numeric_id("netsuite.transaction", memo.key))
        return known

    # -- what the account's own users do

    def create(self, entity: str, fields: Record) -> Record:
        """`fields` as the record API takes them; amounts may be decimal text."""
        try:
            with self.write_faults.asleep():
                record, unknown = self._records.create(type_named(entity), fields, "error")
        except Refused as refused:
            raise RefusedChange(refused.detail) from refused
        assert not unknown
        return record

    def change(self, entity: str, record_id: str, fields: Record) -> Record:
        """As `create`; `{"voided": true}` voids an invoice or credit memo, and an approval may be taken back."""
        try:
            with self.write_faults.asleep():
                record, _ = self._records.change(type_named(entity), record_id, fields, "error", by_hand=True)
        except Refused as refused:
            raise RefusedChange(refused.detail) from refused
        return record

    def remove(self, entity: str, record_id: str) -> None:
        try:
            self._records.delete(type_named(entity), record_id)
        except Refused as refused:
            raise RefusedChange(refused.detail) from refused

    def show(self, entity: str, record_id: str) -> dict[str, Any] | None:
        """As the record API shows it with sublists expanded; amounts as decimal text."""
        record_type = type_named(entity)
        record = self.books.tables[record_type.name].get(record_id)
        if record is None:
            return None
        shown: dict[str, Any] = plain(Reader(self.books, "").record(record_type, record, _WHOLE))
        return shown

    def message(self, entity: str, record_id: str, change: str) -> Record:
        """A script knows its record's type in lower case."""
        return super().message(entity.lower(), record_id, change)

    def spot(self, kind: str, entity: str, field: str, value: Any) -> Spot:
        """A field of the record by its name there or as SuiteQL's column; `item.amount` is one of the lines."""
        record_type = type_named(entity)
        sublist, dot, name = field.rpartition(".")
        if dot and (sublist != "item" or sublist not in record_type.sublists or kind == OVERWRITE):
            raise RefusedChange(f"{record_type.name} has no list {sublist} of which {kind} could spoil a field.")
        declared = _writable(LINE_FIELDS if dot else record_type.fields, name)
        if declared is None:
            raise RefusedChange(f"{record_type.name} has no field {field} that could be written.")
        if kind == ROUND and declared.kind != "number":
            raise RefusedChange(f"{field} of {record_type.name} holds no number.")
        if kind == OVERWRITE:
            try:
                self._intake.value(declared, value, name)
            except Refused as refused:
                raise RefusedChange(refused.detail) from refused
            return Spot(record_type.name, str(declared.rest))
        return Spot(f"{record_type.name}.item" if dot else record_type.name, declared.column)


def _writable(fields: Iterable[Field], name: str) -> Field | None:
    written = (field for field in fields if field.rest is not None and field.writable)
    return next((field for field in written if name.lower() in (str(field.rest).lower(), field.column)), None)


def _zone(name: str) -> tzinfo:
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"time_zone must be an IANA name such as America/New_York, not {name!r}") from None


def machine_clock() -> datetime:
    return datetime.now(UTC)


def build(
    firm: Firm,
    *,
    name: str = "netsuite",
    clock: Clock,
    legal_entities: str = "",
    concurrency: int = 15,
    work_ms: int = 0,
    time_zone: str = "UTC",
    wall: Callable[[], datetime] = machine_clock,
) -> NetSuite:
    """The account `name` with the firm in it.

    `legal_entities` ("le-uk+le-de") keeps only what belongs to these; empty keeps all. `concurrency` is the pool of
    requests at once, `work_ms` how long each takes. `time_zone` is the IANA name of the account's zone: SuiteQL tells
    times in it, and its midnight ends the day. `wall` is the time that logins are checked against, which is the
    callers' own and not the firm's. Raises ValueError for a legal entity that the firm has not, or no such zone.
    """
    held = frozenset(legal_entities.split("+")) if legal_entities else None
    known = {entity.key for entity in firm.legal_entities}
    if held is not None and not held <= known:
        raise ValueError(f"no legal entity {'+'.join(sorted(held - known))}: the firm has {', '.join(sorted(known))}")
    if concurrency < 1:
        raise ValueError("concurrency must be at least 1")
    return NetSuite(
        firm,
        name=name,
        clock=clock,
        legal_entities=held,
        concurrency=concurrency,
        work_seconds=work_ms / 1000,
        zone=_zone(time_zone),
        wall=wall,
    )

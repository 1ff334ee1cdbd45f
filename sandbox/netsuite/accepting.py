"""Request bodies read against the declared fields: JSON values to stored ones, or the vendor's refusal."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from sandbox.netsuite.books import Books
from sandbox.netsuite.errors import invalid_content
from sandbox.netsuite.fields import Field, RecordType
from sandbox.store import Record
from sandbox.write_faults import WriteFault


@dataclass(slots=True)
class Accepted:
    """`changes` by column, the sublists as sent (None: emptied), and the property names nobody knows.

    `struck` are the faults that spoilt a part of it.
    """

    changes: Record
    sublists: dict[str, list[Mapping[str, Any]] | None]
    unknown: list[str] = field(default_factory=list)
    replaced: frozenset[str] = frozenset()
    struck: list[WriteFault] = field(default_factory=list)


class Intake:
    def __init__(self, books: Books) -> None:
        self._books = books

    def body(self, record_type: RecordType, body: object) -> Accepted:
        if not isinstance(body, dict):
            raise invalid_content("Provide a JSON object.", "")
        known = record_type.by_rest_name()
        sublists = {name.lower(): name for name in record_type.sublists}
        accepted = Accepted({}, {})
        for name, value in body.items():
            if name.lower() in sublists:
                accepted.sublists[sublists[name.lower()]] = _items(value, name)
            elif name.lower() in known:
                declared = known[name.lower()]
                if declared.writable:
                    accepted.changes[declared.column] = self.value(declared, value, name)
            elif name not in ("links", "refName"):
                accepted.unknown.append(name)
        return accepted

    def fields(self, declared: Iterable[Field], sent: Mapping[str, Any], path: str) -> Record:
        """One sublist item's known fields by column; what isn't known is left out."""
        by_name = {item.rest.lower(): item for item in declared if item.rest is not None and item.writable}
        return {
            by_name[name.lower()].column: self.value(by_name[name.lower()], value, f"{path}.{name}")
            for name, value in sent.items()
            if name.lower() in by_name
        }

    def value(self, declared: Field, sent: Any, path: str) -> Any:
        """`sent` as it is stored; null and the empty text clear."""
        if sent is None or sent == "":
            return None
        match declared.kind:
            case "number":
                return _number(sent, path)
            case "flag":
                return _flag(sent, path)
            case "date" | "moment":
                return _time(declared, sent, path)
            case "ref":
                return self._reference(declared, sent, path)
            case "choice":
                chosen = sent.get("id") if isinstance(sent, dict) else sent
                if not isinstance(chosen, str) or (declared.choices and chosen not in declared.choices):
                    raise invalid_content(f"Invalid value {chosen} for {declared.rest}.", path)
                return chosen
            case "duration":
                return _hours(sent, path)
        if isinstance(sent, str):
            return sent
        if isinstance(sent, int | Decimal) and not isinstance(sent, bool):
            return str(sent)
        raise invalid_content(f"Invalid value for {declared.rest}: a text is expected.", path)

    def _reference(self, declared: Field, sent: Any, path: str) -> str:
        key: Any = sent
        if isinstance(sent, dict):
            if isinstance(sent.get("externalId"), str):
                key = self._by_external_id(declared.to, sent["externalId"])
            else:
                key = sent.get("id")
        found = None if isinstance(key, bool | None) else self._books.record(declared.to, str(key))
        if found is None:
            wrong = sent.get("externalId", sent.get("id")) if isinstance(sent, dict) else sent
            raise invalid_content(f"Invalid reference key {wrong} for {declared.rest}.", path)
        return str(found["id"])

    def _by_external_id(self, record_type: str, external_id: str) -> str | None:
        kinds = [record_type, *(["job"] if record_type == "customer" else [])]
        for kind in kinds:
            found = self._books.tables[kind].where("externalid", [external_id])
            if found:
                return str(found[0]["id"])
        return None


def _items(value: Any, name: str) -> list[Mapping[str, Any]] | None:
    """A sublist as `{"items": [...]}`; null empties it."""
    if value is None:
        return None
    items = value.get("items", []) if isinstance(value, dict) else value
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise invalid_content('A sublist is sent as {"items": [...]}.', name)
    return items


def _number(sent: Any, path: str) -> Decimal:
    if isinstance(sent, int | Decimal | str) and not isinstance(sent, bool):
        try:
            value = Decimal(sent)
        except InvalidOperation:
            value = Decimal("nan")
        if value.is_finite():
            return value
    raise invalid_content(f"Invalid number: {sent}.", path)


def _flag(sent: Any, path: str) -> str:
    if not isinstance(sent, bool):
        raise invalid_content("true or false is expected.", path)
    return "T" if sent else "F"


def _time(declared: Field, sent: Any, path: str) -> date:
    try:
        if declared.kind == "date":
            return date.fromisoformat(sent)
        moment = datetime.fromisoformat(sent)
    except (TypeError, ValueError):
        raise invalid_content(f"Invalid date value {sent} (it must be ISO 8601).", path) from None
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).replace(microsecond=0)


def _hours(sent: Any, path: str) -> Decimal:
    """`4:30` as 4.5 hours."""
    hours, _, minutes = str(sent).partition(":")
    if not hours.isdigit() or not (minutes or "0").isdigit() or int(minutes or "0") > 59:
        raise invalid_content("A duration is written h:mm.", path)
    return Decimal(int(hours) * 60 + int(minutes or "0")) / 60

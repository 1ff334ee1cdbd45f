"""How a record type is declared: one row per field, read by the record API, by SuiteQL and by the metadata catalog."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

FieldKind = Literal["id", "text", "number", "flag", "date", "moment", "ref", "choice", "duration"]


@dataclass(frozen=True, slots=True)
class Field:
    """`rest` is the record API's name (None: not there), `column` the key it is stored under and SuiteQL's name.

    Stored values: text and choices as text, flags as `T`/`F`, numbers as Decimal in the record's currency, dates as
    `date`, moments as UTC `datetime` without fractions, references as the other record's id, durations as hours.
    """

    rest: str | None
    kind: FieldKind
    column: str
    to: str = ""  # the record type a reference points to
    choices: Mapping[str, str] = field(default_factory=dict)  # id -> label
    queryable: bool = True  # a column of SuiteQL
    writable: bool = True
    required: bool = False


@dataclass(frozen=True, slots=True)
class RecordType:
    """`table` is SuiteQL's name for it; a transaction's `code` is its type there."""

    name: str
    fields: tuple[Field, ...]
    table: str = ""
    code: str = ""
    sublists: tuple[str, ...] = ()
    read_only: bool = False

    def by_rest_name(self) -> dict[str, Field]:
        """By lower-case name: the vendor's own samples spell field names in both ways."""
        return {item.rest.lower(): item for item in self.fields if item.rest is not None}


def text(rest: str, *, required: bool = False, queryable: bool = True) -> Field:
    return Field(rest, "text", rest.lower(), required=required, queryable=queryable)


def flag(rest: str) -> Field:
    return Field(rest, "flag", rest.lower())


def number(rest: str, *, writable: bool = True, column: str = "", queryable: bool = True) -> Field:
    return Field(rest, "number", column or rest.lower(), writable=writable, queryable=queryable)


def day(rest: str) -> Field:
    return Field(rest, "date", rest.lower())


def stamp(rest: str) -> Field:
    """A moment that the platform sets."""
    return Field(rest, "moment", rest.lower(), writable=False)


def ref(rest: str, to: str, *, required: bool = False, writable: bool = True, queryable: bool = True) -> Field:
    return Field(rest, "ref", rest.lower(), to=to, required=required, writable=writable, queryable=queryable)


def choice(rest: str, choices: Mapping[str, str], *, writable: bool = True) -> Field:
    return Field(rest, "choice", rest.lower(), choices=choices, writable=writable)


IDENTITY = (Field("id", "id", "id", writable=False), text("externalId"))
CREATED = (stamp("dateCreated"), stamp("lastModifiedDate"))

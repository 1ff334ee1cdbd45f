"""How a collection of the API is declared: attributes, associations, filters, orders and the rules of its writes."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.kantata.attributes import Attribute
from sandbox.store import Record

if TYPE_CHECKING:
    from sandbox.kantata.account import Account

Keep = Callable[[Record], bool]
Given = Mapping[str, Any]
BY_STAMP: Mapping[str, str] = {"created_at": "created_at", "updated_at": "updated_at"}
"""The orders of a collection that has no others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """One filter. `rows(account, collection, value)` finds records through an index; `keep` makes a test, None for all.

    `default` applies where the request doesn't give the filter, on lists and on single records alike
    (https://developer.kantata.com/section/filters).
    """

    rows: "Callable[[Account, str, Any], Iterable[Record]] | None" = None
    keep: "Callable[[Account, Any, Given], Keep | None] | None" = None
    default: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Association:
    """Other records of a record, side-loaded by `include=name`.

    A `column` is a foreign key of this record: its id is always answered and, where `writable`, taken in requests.
    Otherwise `find` answers the associated records, whose ids are answered only where they were included.
    """

    name: str
    target: str | None  # None: several collections, answered as `<name>_ref`
    column: str | None = None
    find: "Callable[[Account, Record], list[Record]] | None" = None
    writable: bool = False
    required: bool = False
    only_with_only: bool = False

    @property
    def ids_key(self) -> str:
        """`participants` answers as `participant_ids`, `stories` as `story_ids`."""
        if self.name.endswith("ies"):
            return f"{self.name[:-3]}y_ids"
        return f"{self.name.removesuffix('s')}_ids"


def belongs_to(
    name: str, target: str, *, column: str | None = None, writable: bool = False, required: bool = False
) -> Association:
    return Association(name=name, target=target, column=column or f"{name}_id", writable=writable, required=required)


def has_many(name: str, target: str, *, by: str) -> Association:
    """The target's records whose column `by` is this record's id."""
    return Association(
        name=name, target=target, find=lambda account, row: account.tables[target].where(by, [row["id"]])
    )


def listed_in(name: str, target: str, column: str) -> Association:
    """The target's records whose ids stand in this record's list `column`."""
    return Association(
        name=name, target=target, find=lambda account, row: account.tables[target].where("id", row.get(column) or ())
    )


def found_by(name: str, target: str, find: "Callable[[Account, Record], list[Record]]") -> Association:
    """The target's records that `find` answers."""
    return Association(name=name, target=target, find=find)


def subject_of(subject_type: str, record_id: str) -> str:
    """How a polymorphic link names its owner, for the tables' indexes."""
    return f"{subject_type}:{record_id}"


def hung_on(subject_type: str, name: str) -> Association:
    """The `external_references` or `custom_field_values` of a record of that type."""
    return Association(
        name=name,
        target=name,
        find=lambda account, row: account.tables[name].where("_subject", [subject_of(subject_type, row["id"])]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What happens round a write. Each may raise InvalidError; a record is None while it is being created.

    `prepare` turns the request's values into columns, `settle` follows up in other records, `part` checks a deletion
    before it happens.
    """

    prepare: "Callable[[Account, Record | None, Record], Record] | None" = None
    settle: "Callable[[Account, Record, Record], None] | None" = None
    part: "Callable[[Account, Record], None] | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """`verbs` are those of the endpoint: L list, S show, C create, U update, D delete.

    `orders` gives each order's sort value; a request for another order gets `default_order`. `event` is the prefix of
    its event types. `parts` are collections whose rows go with the record when it is deleted, by their column.
    `valued_as` is what custom fields call its records, where that isn't the `subject`.
    """

    name: str
    singular: str
    subject: str
    page: str
    verbs: str
    attributes: tuple[Attribute, ...]
    associations: tuple[Association, ...] = ()
    filters: Mapping[str, Filter] = field(default_factory=dict)
    orders: Mapping[str, str] = field(default_factory=dict)  # order name -> column
    default_order: str = "updated_at:desc"
    search: tuple[str, ...] = ()
    synced: bool = False
    required_filter: str | None = None
    bulk: int = 0
    bulk_delete: int = 0
    rules: Rules = Rules()
    event: str | None = None
    parts: tuple[tuple[str, str], ...] = ()
    valued_as: str = ""
    volatile: bool = False  # what is visible changes with the clock alone

    @property
    def values_subject(self) -> str:
        return self.valued_as or self.subject

    @property
    def association_by_name(self) -> dict[str, Association]:
        return {association.name: association for association in self.associations}

"""How an object and its fields are declared: one row per field, from which validation, describe and SOQL follow."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from sandbox.store import Record

Kind = Literal[
    "id", "string", "textarea", "picklist", "email", "phone", "url", "reference",
    "boolean", "int", "double", "currency", "percent", "date", "datetime", "address",
]  # fmt: skip
TEXT_KINDS = frozenset({"id", "string", "textarea", "picklist", "email", "phone", "url", "reference"})
NUMBER_KINDS = frozenset({"int", "double", "currency", "percent"})
LONG_TEXT = 255  # a longer text area can be neither filtered, sorted nor grouped


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field of an object. `children` is the name that the referenced object gives to the records that refer to it."""

    name: str
    kind: Kind
    length: int = 0
    precision: int = 0
    scale: int = 0
    required: bool = False
    createable: bool = True
    updateable: bool = True
    unique: bool = False
    external_id: bool = False
    auto_number: bool = False
    name_field: bool = False
    calculated: bool = False
    values: tuple[str, ...] = ()
    restricted: bool = False
    default: Any = None
    refers_to: str | None = None
    relationship: str | None = None
    children: str | None = None
    cascade: bool = False
    compound: str | None = None

    @property
    def custom(self) -> bool:
        return self.name.endswith("__c")

    @cached_property
    def label(self) -> str:
        return spoken(self.name) if self.kind != "reference" else spoken(self.name.removesuffix("Id")) + " ID"

    @property
    def filterable(self) -> bool:
        return self.kind != "address" and not (self.kind == "textarea" and self.length > LONG_TEXT)

    @property
    def sortable(self) -> bool:
        return self.filterable

    @property
    def groupable(self) -> bool:
        return self.filterable and self.kind not in {"currency", "double", "percent", "datetime"}

    @property
    def absent(self) -> Any:
        """What a record holds that never got a value: booleans are never null."""
        return False if self.kind == "boolean" else None


@dataclass(frozen=True, kw_only=True)
class SObject:
    """An object of the org. `derive` fills the fields that follow from others, after every write."""

    name: str
    prefix: str
    declared: tuple[Field, ...]
    label: str = ""
    plural: str = ""
    derive: Callable[[Record], Record] = field(default=lambda _record: {})

    @property
    def custom(self) -> bool:
        return self.name.endswith("__c")

    @cached_property
    def fields(self) -> dict[str, Field]:
        return {each.name: each for each in self.declared}

    @cached_property
    def _by_lower_name(self) -> dict[str, Field]:
        return {each.name.lower(): each for each in self.declared}

    @cached_property
    def _by_relationship(self) -> dict[str, Field]:
        return {each.relationship.lower(): each for each in self.declared if each.relationship}

    @cached_property
    def unique_fields(self) -> tuple[Field, ...]:
        return tuple(each for each in self.declared if each.unique)

    @cached_property
    def required(self) -> frozenset[str]:
        return frozenset(each.name for each in self.declared if each.required)

    @cached_property
    def references(self) -> tuple[Field, ...]:
        return tuple(each for each in self.declared if each.kind == "reference")

    def field(self, name: str) -> Field | None:
        """The field of that name in any case."""
        return self._by_lower_name.get(name.lower())

    def parent(self, relationship: str) -> Field | None:
        """The reference field that a relationship name such as `Owner` or `Contract__r` follows."""
        return self._by_relationship.get(relationship.lower())


def spoken(name: str) -> str:
    """The label of an API name: `CW_Billing_Model__c` is `Billing Model`, `StageName` is `Stage Name`."""
    bare = name.removesuffix("__c").removeprefix("CW_")
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", bare).replace("_", " ")


def text(name: str, length: int = 255, **traits: Any) -> Field:
    return Field(name=name, kind="string", length=length, **traits)


def picklist(name: str, *values: str, length: int = 255, **traits: Any) -> Field:
    return Field(name=name, kind="picklist", length=length, values=values, **traits)


def money(name: str, scale: int = 2, **traits: Any) -> Field:
    return Field(name=name, kind="currency", precision=18, scale=scale, **traits)


def whole(name: str, **traits: Any) -> Field:
    return Field(name=name, kind="int", **traits)


def percent(name: str, precision: int = 3, **traits: Any) -> Field:
    return Field(name=name, kind="percent", precision=precision, **traits)


def flag(name: str, **traits: Any) -> Field:
    return Field(name=name, kind="boolean", **traits)


def day(name: str, **traits: Any) -> Field:
    return Field(name=name, kind="date", **traits)


def instant(name: str, **traits: Any) -> Field:
    return Field(name=name, kind="datetime", **traits)


def long_text(name: str, length: int = 32_000, **traits: Any) -> Field:
    return Field(name=name, kind="textarea", length=length, **traits)


def lookup(name: str, refers_to: str, *, relationship: str | None = None, **traits: Any) -> Field:
    """A reference, its relationship named as Salesforce does: `Account` of AccountId, `Contract__r` of Contract__c."""
    derived = name.removesuffix("__c") + "__r" if name.endswith("__c") else name.removesuffix("Id")
    return Field(
        name=name, kind="reference", length=18, refers_to=refers_to, relationship=relationship or derived, **traits
    )


READ_ONLY: dict[str, Any] = {"createable": False, "updateable": False}


def address(prefix: str) -> tuple[Field, ...]:
    """The parts of an address, writable, and the compound field over them, which is not."""
    compound = f"{prefix}Address"
    return (
        Field(name=f"{prefix}Street", kind="textarea", length=255, compound=compound),
        text(f"{prefix}City", 40, compound=compound),
        text(f"{prefix}State", 80, compound=compound),
        text(f"{prefix}PostalCode", 20, compound=compound),
        text(f"{prefix}Country", 80, compound=compound),
        Field(name=f"{prefix}Latitude", kind="double", precision=18, scale=15, compound=compound),
        Field(name=f"{prefix}Longitude", kind="double", precision=18, scale=15, compound=compound),
        picklist(
            f"{prefix}GeocodeAccuracy", "Address", "NearAddress", "Block", "Street", "ExtendedZip", "Zip",
            "Neighborhood", "City", "County", "State", "Unknown", length=40, restricted=True, compound=compound,
        ),
        Field(name=compound, kind="address", **READ_ONLY),
    )  # fmt: skip

"""The calls that set values of a record, as few as the API allows."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from platforms.kantata.fields import Definition, Directory
from platforms.kantata.held import Held
from platforms.kantata.kept import Kept
from platforms.kantata.places import Amount, Attribute, Currency, Custom, Items, Place, Reference, Role, needs_currency


class UnfitError(ValueError):
    """A value that the API can't carry, or has no place for; the message names the path."""


@dataclass(frozen=True, slots=True)
class Names:
    """Where the account's own names are looked up."""

    project_fields: Directory
    resource_fields: Directory
    roles: Directory

    async def field(self, place: Custom) -> Definition:
        """ValueError where the account has no such field."""
        directory = self.resource_fields if place.of == "Resource" else self.project_fields
        found = await directory.definition(place.field)
        if found is None:
            kinds = "resources" if place.of == "Resource" else "projects"
            raise ValueError(f"the account has no custom field {place.field!r} of {kinds} (options.{place.option})")
        return found

    async def role(self, name: str) -> int:
        found = await self.roles.definition(name)
        if found is None:
            raise ValueError(f"the account has no role {name!r}")
        return int(found.id)


@dataclass(frozen=True, slots=True)
class Call:
    """One change to send: to a collection, or to the record `of` in it."""

    method: str
    collection: str
    _: KW_ONLY
    of: str | None = None
    action: str | None = None
    body: Any = None


@dataclass(slots=True)
class Changes:
    """Values as the API takes them: attributes, custom fields by id, references, and what is to be cleared.

    `custom` rides in the record's own requests, `values` are sent apart.
    """

    attributes: dict[str, Any] = field(default_factory=dict)
    custom: list[dict[str, Any]] = field(default_factory=list)
    values: list[dict[str, Any]] = field(default_factory=list)
    references: list[dict[str, str]] = field(default_factory=list)
    unset_fields: list[str] = field(default_factory=list)
    unset_references: list[str] = field(default_factory=list)

    @property
    def clears(self) -> bool:
        """Whether something goes that has an id of its own."""
        return bool(self.unset_fields or self.unset_references)

    def body(self) -> dict[str, Any]:
        return self.attributes | ({"custom_fields": self.custom} if self.custom else {})

    def calls(self, kept: Kept, record_id: str, held: Held | None) -> list[Call]:
        """All that changes an existing record. `held` is needed where something is cleared."""
        found: list[Call] = []
        if body := self.body():
            found.append(Call("PUT", kept.collection, of=record_id, body={kept.entity: body}))
        return found + self.beside(kept, record_id) + self.clearing(held)

    def beside(self, kept: Kept, record_id: str) -> list[Call]:
        """What is sent apart from the record's own request."""
        found: list[Call] = []
        if self.values:
            subject = {"subject_id": int(record_id)}
            body = {"custom_field_values": [subject | each for each in self.values]}
            found.append(Call("POST", "custom_field_values", body=body))
        return found + [linking(kept.subject, record_id, each) for each in self.references]

    def clearing(self, held: Held | None) -> list[Call]:
        """Deletes what the record holds of that which is to go."""
        if held is None:
            return []
        references = [held.references[each] for each in self.unset_references if each in held.references]
        values = [held.values[each] for each in self.unset_fields if each in held.values]
        return [
            *(Call("DELETE", "external_references", of=each) for each in references),
            *(Call("DELETE", "custom_field_values", of=each) for each in values),
        ]


def linking(subject: str, record_id: str, fields: Mapping[str, str]) -> Call:
    """Sets the record's reference to a service, whether it has one or not.

    https://developer.kantata.com/tag/External-References
    """
    body = {"subject_type": subject, "subject_id": int(record_id), **fields, "status": "successful"}
    return Call("POST", "external_references", action="create_or_update", body={"external_reference": body})


async def changes_of(
    kept: Kept, values: Mapping[str, Any], *, names: Names, currency: Callable[[], Awaitable[Currency | None]]
) -> Changes:
    """The values as the API takes them; UnfitError for one that it can't. `currency` is asked only where it matters."""
    changes = Changes()
    for path, value in values.items():
        place = kept.places[path]
        try:
            if value is None:
                await _clear(changes, place, names)
            else:
                money = await currency() if needs_currency(place, value) else None
                await _set(changes, place, value, money, names)
        except ValueError as problem:
            raise UnfitError(f"{path}: {problem}") from None
    return changes


async def _set(changes: Changes, place: Place, value: Any, currency: Currency | None, names: Names) -> None:
    match place:
        case Attribute():
            changes.attributes[place.name] = place.wire(value)
        case Amount():
            changes.attributes[place.name] = place.wire(value, currency)
            if place.flag is not None:
                changes.attributes[place.flag] = True
        case Items():
            changes.attributes[place.name] = place.wire(value, currency)
        case Role():
            changes.attributes[place.name] = await names.role(value)
        case Reference():
            changes.references.append(place.wire(value))
        case Custom():
            definition = await names.field(place)
            wire = {"custom_field_id": int(definition.id), "value": place.wire(value, definition, currency)}
            if place.rides:
                changes.custom.append(wire)
            else:
                changes.values.append({"subject_type": place.of, **wire})


async def _clear(changes: Changes, place: Place, names: Names) -> None:
    match place:
        case Attribute(clearable=True):
            changes.attributes[place.name] = place.blank
        case Amount():
            changes.attributes[place.name] = None
            if place.flag is not None:
                changes.attributes[place.flag] = False
        case Reference():
            changes.unset_references.append(place.service)
        case Custom():
            await names.field(place)
            changes.unset_fields.append(place.field)
        case _:
            raise ValueError("can't be cleared")

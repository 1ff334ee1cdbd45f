"""The objects of the emulated org."""

from sandbox.salesforce.errors import ApiError, not_found
from sandbox.salesforce.fields import Field, SObject
from sandbox.salesforce.objects.account import ACCOUNT
from sandbox.salesforce.objects.contact import CONTACT
from sandbox.salesforce.objects.contract import CONTRACT
from sandbox.salesforce.objects.contract_parts import AMENDMENT, CONTRACT_MILESTONE, RATE
from sandbox.salesforce.objects.invoice import INVOICE
from sandbox.salesforce.objects.opportunity import OPPORTUNITY
from sandbox.salesforce.objects.user import USER

OBJECTS = {
    each.name: each
    for each in (ACCOUNT, CONTACT, CONTRACT, OPPORTUNITY, USER, AMENDMENT, CONTRACT_MILESTONE, RATE, INVOICE)
}
_BY_LOWER_NAME = {name.lower(): each for name, each in OBJECTS.items()}


def find_object(name: str) -> SObject | None:
    """The object of that name in any case."""
    return _BY_LOWER_NAME.get(name.lower())


def object_in_path(name: str) -> SObject:
    """The object that a URL names; an unknown one is an unknown resource."""
    found = find_object(name)
    if found is None:
        raise not_found()
    return found


def object_of_type(name: object) -> SObject:
    """The object that a record's `attributes.type` names."""
    found = find_object(name) if isinstance(name, str) else None
    if found is None:
        raise ApiError(400, "INVALID_TYPE", f"sObject type '{name}' is not supported.")
    return found


def referring(parent: SObject) -> list[tuple[SObject, Field]]:
    """Every reference to `parent`'s records that forms a child relationship."""
    return [
        (child, field)
        for child in OBJECTS.values()
        for field in child.references
        if field.refers_to == parent.name and field.children
    ]


def child_relationship(parent: SObject, name: str) -> tuple[SObject, Field] | None:
    wanted = name.lower()
    for child, field in referring(parent):
        if field.children and field.children.lower() == wanted:
            return child, field
    return None

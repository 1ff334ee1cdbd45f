"""Single records: create, read, update, delete."""

from collections.abc import Callable
from typing import Any

from sandbox.salesforce.call import Answer, Call
from sandbox.salesforce.errors import invalid_field
from sandbox.salesforce.fields import Field, SObject
from sandbox.salesforce.objects import object_in_path
from sandbox.salesforce.org import Org
from sandbox.salesforce.preconditions import require_unchanged, unchanged, validators
from sandbox.salesforce.soql.selection import Shape, record_url, writer
from sandbox.salesforce.writes import change, create, existing, remove
from sandbox.store import Record


def create_row(call: Call) -> Answer:
    """`POST /sobjects/Account`: api_rest `dome_sobject_create.htm`."""
    sobject = object_in_path(call.path["entity"])
    record = create(call.instance.org, sobject, call.fields(), allow_duplicate=call.allows_duplicates)
    location = record_url(call.version, sobject, record["Id"])
    return Answer(201, {"id": record["Id"], "success": True, "errors": []}, {"Location": location})


def read_row(call: Call) -> Answer:
    """`GET /sobjects/Account/{id}?fields=Name,OwnerId`: api_rest `resources_sobject_retrieve_get.htm`."""
    sobject = object_in_path(call.path["entity"])
    record = existing(call.instance.org, sobject, call.path["record_id"])
    headers = validators(sobject, record)
    if unchanged(sobject, record, call.headers):
        return Answer(304, headers=headers)
    return Answer(body=shown(call, sobject, record), headers=headers)


def update_row(call: Call) -> Answer:
    """`PATCH /sobjects/Account/{id}`: api_rest `resources_sobject_retrieve_patch.htm`."""
    org = call.instance.org
    sobject = object_in_path(call.path["entity"])
    record = existing(org, sobject, call.path["record_id"])
    require_unchanged(sobject, record, call.headers)
    change(org, sobject, record["Id"], call.fields(), allow_duplicate=call.allows_duplicates)
    return Answer(204)


def delete_row(call: Call) -> Answer:
    """`DELETE /sobjects/Account/{id}`: api_rest `resources_sobject_retrieve_delete.htm`."""
    org = call.instance.org
    sobject = object_in_path(call.path["entity"])
    record = existing(org, sobject, call.path["record_id"])
    require_unchanged(sobject, record, call.headers)
    remove(org, sobject, record["Id"])
    return Answer(204)


def shown(call: Call, sobject: SObject, record: Record) -> dict[str, Any]:
    """The record with the fields that the call asks for, or with all of them."""
    asked = call.query.get("fields")
    fields = list(sobject.declared) if not asked else named_fields(sobject, asked.split(","))
    return row_writer(call.instance.org, call.version, sobject, fields)(record)


def named_fields(sobject: SObject, names: list[str]) -> list[Field]:
    """The fields of these names, each once; INVALID_FIELD for one that the object hasn't."""
    fields: dict[str, Field] = {}
    for name in names:
        field = sobject.field(name.strip())
        if field is None:
            raise invalid_field(f"No such column '{name.strip()}' on entity '{sobject.name}'")
        fields[field.name] = field
    return list(fields.values())


def row_writer(org: Org, version: str, sobject: SObject, fields: list[Field]) -> Callable[[Record], dict[str, Any]]:
    """How records of one object are written with these fields."""
    shape = Shape(sobject, {each.name: each for each in fields}, order=[each.name for each in fields])
    return writer(org, version, shape)

"""The rules that a written record must pass, each refusing in the platform's words."""

from collections.abc import Mapping
from typing import Any

from sandbox.salesforce.errors import ApiError, invalid_field, malformed_json
from sandbox.salesforce.fields import Field, SObject
from sandbox.salesforce.objects import OBJECTS
from sandbox.salesforce.org import Org
from sandbox.salesforce.values import accepted
from sandbox.store import Record


def writable_fields(org: Org, sobject: SObject, given: Mapping[str, Any], *, creating: bool) -> Record:
    """The given fields under their canonical names, with values as the org keeps them."""
    fields: Record = {}
    for name, value in given.items():
        if name == "attributes":
            continue
        field = sobject.field(name)
        if field is None:
            reference = sobject.parent(name)
            if reference is None or not isinstance(value, dict):
                raise invalid_field(f"No such column '{name}' on sobject of type {sobject.name}")
            fields[reference.name] = _by_parents_key(org, reference, value)
            continue
        if not (field.createable if creating else field.updateable):
            verb = "create" if creating else "update"
            raise ApiError(
                400,
                "INVALID_FIELD_FOR_INSERT_UPDATE",
                f"Unable to {verb} fields: {field.name}. Please check the security settings of this field and verify "
                "that it is read/write for your profile or permission set.",
                fields=(field.name,),
            )
        fields[field.name] = accepted(field, value)
    return fields


def _by_parents_key(org: Org, reference: Field, value: Mapping[str, Any]) -> str:
    """The parent that `{"Account": {"CW_Key__c": "acct-12"}}` names by its external id."""
    parent = OBJECTS[str(reference.refers_to)]
    keys = {name: each for name, each in value.items() if name != "attributes"}
    key = parent.field(next(iter(keys))) if len(keys) == 1 else None
    if key is None or not (key.external_id or key.kind == "id"):
        raise malformed_json(f"The relationship {reference.relationship} needs exactly one external id field")
    shown = next(iter(keys.values()))
    if not isinstance(shown, str):
        raise malformed_json(f"{key.name} must be a string")
    matches = org.tables[parent.name].where(key.name, [shown])
    if len(matches) != 1:
        raise ApiError(
            400,
            "INVALID_FIELD",
            f"Foreign key external ID: {shown} not found for field {key.name} in entity {parent.name}",
        )
    return str(matches[0]["Id"])


def require_fields(sobject: SObject, fields: Mapping[str, Any]) -> None:
    missing = [each.name for each in sobject.declared if each.required and fields.get(each.name) is None]
    if missing:
        raise ApiError(
            400,
            "REQUIRED_FIELD_MISSING",
            f"Required fields are missing: [{', '.join(missing)}]",
            fields=tuple(missing),
        )


def refuse_unknown_references(org: Org, sobject: SObject, fields: Mapping[str, Any]) -> None:
    for field in sobject.references:
        record_id = fields.get(field.name)
        if record_id is None:
            continue
        target = OBJECTS[str(field.refers_to)]
        if not record_id.startswith(target.prefix):
            raise ApiError(
                400, "MALFORMED_ID", f"{field.label}: id value of incorrect type: {record_id}", fields=(field.name,)
            )
        if org.find(target, record_id) is None:
            code = "ENTITY_IS_DELETED" if org.deleted(target, record_id) else "INVALID_CROSS_REFERENCE_KEY"
            message = "entity is deleted" if code == "ENTITY_IS_DELETED" else "invalid cross reference id"
            raise ApiError(400, code, message, fields=(field.name,))


def refuse_taken_key(org: Org, sobject: SObject, fields: Mapping[str, Any], *, record_id: str | None) -> None:
    for field in sobject.unique_fields:
        value = fields.get(field.name)
        if value is None:
            continue
        for holder in org.tables[sobject.name].where(field.name, [value]):
            if holder["Id"] != record_id:
                raise ApiError(
                    400,
                    "DUPLICATE_VALUE",
                    f"duplicate value found: {field.name} duplicates value on record with id: {holder['Id']}",
                    fields=(),
                )


def refuse_likely_duplicate(org: Org, sobject: SObject, fields: Mapping[str, Any], *, record_id: str | None) -> None:
    """The standard account duplicate rule, reduced to equal names. Shape: api_rest `headers_duplicaterules`."""
    if sobject.name != "Account":
        return
    name = fields["Name"].strip().casefold()
    alike = [
        each["Id"]
        for each in org.tables["Account"]
        if each["Name"].strip().casefold() == name and each["Id"] != record_id
    ]
    if not alike:
        return
    matches = [
        {
            "additionalInformation": [],
            "fieldDiffs": [],
            "matchConfidence": 100.0,
            "record": {
                "attributes": {"type": "Account", "url": f"/services/data/v62.0/sobjects/Account/{each}"},
                "Id": each,
            },
        }
        for each in alike
    ]
    result = {
        "entityType": "Account",
        "errors": [],
        "matchEngine": "FuzzyMatchEngine",
        "matchRecords": matches,
        "rule": "Standard_Account_Match_Rule_v1_0",
        "size": len(matches),
        "success": True,
    }
    verdict = {
        "allowSave": True,
        "duplicateRule": "Standard_Account_Duplicate_Rule",
        "duplicateRuleEntityType": "Account",
        "errorMessage": "Use one of these records?",
        "matchResults": [result],
    }
    raise ApiError(400, "DUPLICATES_DETECTED", "Use one of these records?", extra={"duplicateResult": verdict})


def refuse_contract_step(sobject: SObject, fields: Mapping[str, Any], *, before: Record | None) -> None:
    """A contract is created as Draft, and an activated one never goes back."""
    if sobject.name != "Contract" or fields.get("Status") is None:
        return
    status = fields["Status"]
    backwards = before is not None and before["StatusCode"] == "Activated" and status in {
        "Draft", "In Approval Process", "Approved",
    }  # fmt: skip
    if backwards or (before is None and status != "Draft"):
        raise ApiError(
            400,
            "FIELD_INTEGRITY_EXCEPTION",
            "Choose a valid contract status and save your changes. Ask your admin for details.",
            fields=("Status",),
        )

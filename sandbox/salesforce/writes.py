"""Creating, changing, upserting and deleting one record, with every rule that the platform applies."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sandbox.salesforce.errors import ApiError, not_found
from sandbox.salesforce.fields import Field, SObject
from sandbox.salesforce.identifiers import case_safe
from sandbox.salesforce.objects import OBJECTS, referring
from sandbox.salesforce.org import Org
from sandbox.salesforce.rules import (
    refuse_contract_step,
    refuse_likely_duplicate,
    refuse_taken_key,
    refuse_unknown_references,
    require_fields,
    writable_fields,
)
from sandbox.salesforce.values import decimal_on_the_wire
from sandbox.store import Record
from sandbox.write_faults import WriteFault, rounded


@dataclass(frozen=True, slots=True)
class Upserted:
    record_id: str
    created: bool


class SeveralMatchesError(Exception):
    """An external id that names more than one record."""

    def __init__(self, record_ids: list[str]) -> None:
        super().__init__(f"{len(record_ids)} records")
        self.record_ids = record_ids


def create(org: Org, sobject: SObject, given: Mapping[str, Any], *, allow_duplicate: bool = False) -> Record:
    fields = writable_fields(org, sobject, given, creating=True)
    struck = org.write_faults.spoil(sobject.name, fields, whole=_whole, needed=sobject.required)
    for field in sobject.declared:
        if field.default is not None and fields.get(field.name) is None:
            fields[field.name] = field.default
    if sobject.field("OwnerId") and fields.get("OwnerId") is None:
        fields["OwnerId"] = org.user_id
    if fields.get("CurrencyIsoCode") is None:
        fields["CurrencyIsoCode"] = org.default_currency
    require_fields(sobject, fields)
    refuse_contract_step(sobject, fields, before=None)
    refuse_unknown_references(org, sobject, fields)
    refuse_taken_key(org, sobject, fields, record_id=None)
    if org.duplicate_rule and not allow_duplicate:
        refuse_likely_duplicate(org, sobject, fields, record_id=None)
    org.require_unlocked(_parents(sobject, fields))
    now = org.now()
    record: Record = {"Id": org.ids.next(sobject.prefix)}
    record.update({name: value for name, value in fields.items() if value is not None})
    if sobject.name == "Contract":
        org.contract_numbers += 1
        record["ContractNumber"] = f"{org.contract_numbers:08d}"
    if record.get("Name") is None and sobject.custom:
        record["Name"] = record["Id"]
    record.update(
        CreatedDate=now,
        CreatedById=org.user_id,
        LastModifiedDate=now,
        LastModifiedById=org.user_id,
        SystemModstamp=now,
    )
    record.update(sobject.derive(record))
    org.insert(sobject, record)
    _automate(org, sobject, record["Id"], struck)
    return record


def change(
    org: Org, sobject: SObject, record_id: str, given: Mapping[str, Any], *, allow_duplicate: bool = False
) -> Record:
    record = existing(org, sobject, record_id)
    fields = writable_fields(org, sobject, given, creating=False)
    merged = {**record, **fields}
    require_fields(sobject, merged)
    refuse_contract_step(sobject, fields, before=record)
    refuse_unknown_references(org, sobject, fields)
    refuse_taken_key(org, sobject, fields, record_id=record["Id"])
    if org.duplicate_rule and not allow_duplicate and "Name" in fields:
        refuse_likely_duplicate(org, sobject, merged, record_id=record["Id"])
    org.require_unlocked([record["Id"], *_parents(sobject, merged)])
    struck = org.write_faults.spoil(sobject.name, fields, whole=_whole)
    now = org.now()
    fields.update(LastModifiedDate=now, LastModifiedById=org.user_id, SystemModstamp=now)
    if "StageName" in fields and fields["StageName"] != record.get("StageName"):
        fields["LastStageChangeDate"] = now
        fields.setdefault("Probability", None)
    if sobject.name == "Contract" and fields.get("Status") not in (None, record["Status"]):
        fields.update(_step_of_contract(org, record, fields["Status"], now))
    fields.update(sobject.derive({**record, **fields}))
    org.update(sobject, record["Id"], fields)
    _automate(org, sobject, record["Id"], struck)
    return org.tables[sobject.name].rows[record["Id"]]


def _step_of_contract(org: Org, record: Record, status: str, now: str) -> Record:
    """What the org notes of a contract's step: when it was approved, when and by whom it was activated."""
    if status == "Approved":
        return {"LastApprovedDate": now}
    if status == "Activated" and record["StatusCode"] != "Activated":
        return {"ActivatedDate": now, "ActivatedById": org.user_id}
    return {}


def upsert(
    org: Org,
    sobject: SObject,
    key: Field,
    value: str | None,
    given: Mapping[str, Any],
    *,
    update_only: bool = False,
    allow_duplicate: bool = False,
) -> Upserted:
    """Changes the record that the external id names, or creates it. SeveralMatchesError when it names more than one."""
    matches = [] if value is None else by_external_id(org, sobject, key, value)
    if len(matches) > 1:
        raise SeveralMatchesError([record["Id"] for record in matches])
    fields = {name: each for name, each in given.items() if name.lower() != key.name.lower()}
    if matches:
        changed = change(org, sobject, matches[0]["Id"], fields, allow_duplicate=allow_duplicate)
        return Upserted(changed["Id"], created=False)
    if update_only or (key.kind == "id" and value is not None):
        raise not_found()
    if key.kind != "id":
        fields[key.name] = value
    return Upserted(create(org, sobject, fields, allow_duplicate=allow_duplicate)["Id"], created=True)


def remove(org: Org, sobject: SObject, record_id: str) -> None:
    """Deletes a record; what belongs to it goes along, and other references to it are emptied."""
    record = existing(org, sobject, record_id)
    if sobject.name == "User":
        raise ApiError(400, "INSUFFICIENT_ACCESS_OR_READONLY", "Users can't be deleted; deactivate them instead")
    org.require_unlocked([record["Id"], *_parents(sobject, record)])
    if sobject.name == "Contract" and record["StatusCode"] == "Activated":
        raise ApiError(400, "FIELD_INTEGRITY_EXCEPTION", "An activated contract can't be deleted.", fields=("Status",))
    for child, field in referring(sobject):
        for below in org.tables[child.name].where(field.name, [record["Id"]]):
            if field.cascade:
                if org.find(child, below["Id"]) is not None:
                    remove(org, child, below["Id"])
            else:
                org.update(child, below["Id"], {field.name: None, "SystemModstamp": org.now()})
    org.bin(sobject, record["Id"])


def merge(org: Org, sobject: SObject, record_id: str, into: str) -> None:
    """Merges a record into the master `into`, to which what belongs to it goes over; the record is deleted.

    Source: object reference, Account: MasterRecordId; Apex `merge`, which takes accounts and contacts (and leads).
    """
    record, master = existing(org, sobject, record_id), existing(org, sobject, into)
    if sobject.field("MasterRecordId") is None:
        raise ApiError(400, "INVALID_OPERATION", f"{sobject.name} can't be merged")
    if record is master:
        raise ApiError(400, "INVALID_OPERATION", "a record can't be merged with itself")
    now = org.now()
    for child, field in referring(sobject):
        for below in org.tables[child.name].where(field.name, [record["Id"]]):
            owner = None if below is master else master["Id"]  # which was below the other one
            org.update(child, below["Id"], {field.name: owner, "LastModifiedDate": now, "SystemModstamp": now})
    org.update(sobject, master["Id"], {"LastModifiedDate": now, "SystemModstamp": now})
    org.bin(sobject, record["Id"], master=master["Id"])


def _automate(org: Org, sobject: SObject, record_id: str, struck: list[WriteFault]) -> None:
    """What the org's own automation does behind a write; counts the faults that the write met."""
    automations = org.write_faults.automations(sobject.name)
    with org.write_faults.asleep():
        for fault in automations:
            change(org, sobject, record_id, {fault.spot.field: fault.value}, allow_duplicate=True)
    org.write_faults.count([*struck, *automations])


def _whole(name: str, value: Any) -> Any:
    return decimal_on_the_wire(rounded(name, value), 0) if isinstance(value, Decimal) else value


def existing(org: Org, sobject: SObject, record_id: str) -> Record:
    full_id = case_safe(record_id)
    if full_id is None:
        raise not_found(f"Provided external ID field does not exist or is not accessible: {record_id}")
    record = org.find(sobject, full_id)
    if record is None:
        if org.deleted(sobject, full_id):
            raise ApiError(404, "ENTITY_IS_DELETED", "entity is deleted", fields=())
        raise not_found()
    return record


def external_id_field(sobject: SObject, name: str) -> Field:
    """The field that a URL uses as key: an external id, or `Id`."""
    field = sobject.field(name)
    if field is None or not (field.external_id or field.kind == "id"):
        raise not_found(f"Provided external ID field does not exist or is not accessible: {name}")
    return field


def by_external_id(org: Org, sobject: SObject, key: Field, value: str) -> list[Record]:
    if key.kind == "id":
        record = org.find(sobject, case_safe(value) or "")
        return [] if record is None else [record]
    return org.tables[sobject.name].where(key.name, [value])


def object_of_id(record_id: str) -> SObject | None:
    """The object that an id's first three characters tell."""
    return next((each for each in OBJECTS.values() if record_id.startswith(each.prefix)), None)


def _parents(sobject: SObject, fields: Mapping[str, Any]) -> list[str]:
    """Writing a record locks the records that it belongs to, so that a busy account fails its children's writes."""
    return [fields[each.name] for each in sobject.references if each.children and fields.get(each.name)]

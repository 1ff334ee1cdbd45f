"""Many records in one call: the sObject collections."""

from collections.abc import Callable
from itertools import groupby
from typing import Any

from sandbox.salesforce.call import Answer, Call
from sandbox.salesforce.endpoints.rows import named_fields, row_writer
from sandbox.salesforce.errors import ApiError, malformed_json
from sandbox.salesforce.identifiers import case_safe
from sandbox.salesforce.objects import object_in_path, object_of_type
from sandbox.salesforce.writes import (
    SeveralMatchesError,
    change,
    create,
    external_id_field,
    object_of_id,
    remove,
    upsert,
)

MAX_WRITTEN = 200
MAX_READ_BY_GET = 800
MAX_READ_BY_POST = 2000
MAX_CHUNKS = 10
_ROLLED_BACK = ApiError(
    400,
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "Record rolled back because not all records were valid and the request was using AllOrNone header",
)
Write = Callable[[dict[str, Any]], dict[str, Any]]


def create_rows(call: Call) -> Answer:
    """`POST /composite/sobjects`: api_rest `resources_composite_sobjects_collections_create.htm`."""
    org = call.instance.org

    def write(record: dict[str, Any]) -> dict[str, Any]:
        created = create(org, _type_of(record), record, allow_duplicate=call.allows_duplicates)
        return {"id": created["Id"], "success": True, "errors": []}

    return _write_each(call, _records(call), write)


def update_rows(call: Call) -> Answer:
    """`PATCH /composite/sobjects`: api_rest `resources_composite_sobjects_collections_update.htm`."""
    org = call.instance.org

    def write(record: dict[str, Any]) -> dict[str, Any]:
        record_id = next((value for name, value in record.items() if name.lower() == "id"), None)
        if not isinstance(record_id, str):
            raise ApiError(400, "MISSING_ARGUMENT", "Id not specified in an update call")
        fields = {name: value for name, value in record.items() if name.lower() != "id"}
        full_id = _well_formed(record_id)
        change(org, _type_of(record), full_id, fields, allow_duplicate=call.allows_duplicates)
        return {"id": full_id, "success": True, "errors": []}

    return _write_each(call, _records(call), write)


def upsert_rows(call: Call) -> Answer:
    """`PATCH /composite/sobjects/Account/CW_Key__c`: api_rest `resources_composite_sobjects_collections_upsert.htm`."""
    org = call.instance.org
    sobject = object_in_path(call.path["entity"])
    key = external_id_field(sobject, call.path["field"])

    def write(record: dict[str, Any]) -> dict[str, Any]:
        if _type_of(record) is not sobject:
            raise ApiError(400, "INVALID_TYPE", f"All records of this call must be of type {sobject.name}")
        value = next((each for name, each in record.items() if name.lower() == key.name.lower()), None)
        if value is None and key.kind != "id":
            raise ApiError(400, "MISSING_ARGUMENT", f"{key.name} not specified")
        if value is not None and not isinstance(value, str):
            raise malformed_json(f"{key.name} must be a string")
        try:
            done = upsert(org, sobject, key, value, record, allow_duplicate=call.allows_duplicates)
        except SeveralMatchesError as several:
            raise ApiError(
                400,
                "DUPLICATE_EXTERNAL_ID",
                f"{key.name}: more than one record found for external id field: {several.record_ids}",
            ) from None
        return {"id": done.record_id, "success": True, "errors": [], "created": done.created}

    return _write_each(call, _records(call), write)


def delete_rows(call: Call) -> Answer:
    """`DELETE /composite/sobjects?ids=a,b`: api_rest `resources_composite_sobjects_collections_delete.htm`."""
    org = call.instance.org
    ids = [each.strip() for each in call.needed("ids").split(",")]
    _require_few(ids, MAX_WRITTEN)

    def write(record: dict[str, Any]) -> dict[str, Any]:
        full_id = _well_formed(record["id"])
        sobject = object_of_id(full_id)
        if sobject is None:
            raise ApiError(400, "MALFORMED_ID", f"malformed id {record['id']}")
        remove(org, sobject, full_id)
        return {"id": full_id, "success": True, "errors": []}

    all_or_none = call.query.get("allOrNone", "").lower() == "true"
    return Answer(body=_outcomes(call, [{"id": each} for each in ids], write, all_or_none=all_or_none))


def read_rows_by_get(call: Call) -> Answer:
    """`GET /composite/sobjects/Account?ids=&fields=`.

    Source: api_rest `resources_composite_sobjects_collections_retrieve.htm`.
    """
    ids = [each.strip() for each in call.needed("ids").split(",")]
    return _read(call, ids, call.needed("fields").split(","), most=MAX_READ_BY_GET)


def read_rows_by_post(call: Call) -> Answer:
    """`POST /composite/sobjects/Account`: api_rest `resources_composite_sobjects_collections_retrieve_post.htm`."""
    asked = call.fields()
    ids, fields = asked.get("ids"), asked.get("fields")
    if not _texts(ids) or not _texts(fields):
        raise malformed_json("ids and fields must be lists of strings")
    assert isinstance(ids, list)
    assert isinstance(fields, list)
    return _read(call, ids, fields, most=MAX_READ_BY_POST)


def _read(call: Call, ids: list[str], names: list[str], *, most: int) -> Answer:
    """Records in the order of the ids, null where there is none."""
    sobject = object_in_path(call.path["entity"])
    _require_few(ids, most)
    org = call.instance.org
    write = row_writer(org, call.version, sobject, named_fields(sobject, names))
    rows = org.tables[sobject.name].rows
    found = (rows.get(case_safe(each) or "") for each in ids)
    return Answer(body=[None if row is None else write(row) for row in found])


def _write_each(call: Call, records: list[dict[str, Any]], write: Write) -> Answer:
    chunks = sum(1 for _ in groupby(records, key=lambda record: str(record["attributes"]["type"]).lower()))
    if chunks > MAX_CHUNKS:
        raise ApiError(
            400,
            "LIMIT_EXCEEDED",
            f"Cannot have more than {MAX_CHUNKS} chunks in a single operation. Please rearrange the data to reduce "
            "chunking.",
        )
    all_or_none = call.fields().get("allOrNone") is True
    return Answer(body=_outcomes(call, records, write, all_or_none=all_or_none))


def _outcomes(call: Call, records: list[dict[str, Any]], write: Write, *, all_or_none: bool) -> list[dict[str, Any]]:
    """Each record's outcome in order; with all_or_none one failure undoes the others."""
    org = call.instance.org
    start = org.mark()
    outcomes = []
    for record in records:
        before = org.mark()
        try:
            outcomes.append(write(record))
        except ApiError as error:
            org.roll_back(before)
            outcomes.append({"success": False, "errors": [error.item()]})
    if all_or_none and not all(each["success"] for each in outcomes):
        org.roll_back(start)
        rolled_back = {"success": False, "errors": [_ROLLED_BACK.item()]}
        outcomes = [rolled_back if each["success"] else each for each in outcomes]
    return outcomes


def _records(call: Call) -> list[dict[str, Any]]:
    records = call.fields().get("records")
    if not isinstance(records, list) or not all(isinstance(each, dict) for each in records):
        raise malformed_json("records must be a list of objects")
    _require_few(records, MAX_WRITTEN)
    for record in records:
        attributes = record.get("attributes")
        if not isinstance(attributes, dict) or "type" not in attributes:
            raise malformed_json("Include entity type in each record: attributes.type is missing")
    return records


def _type_of(record: dict[str, Any]) -> Any:
    return object_of_type(record["attributes"]["type"])


def _require_few(items: list[Any], most: int) -> None:
    if len(items) > most:
        raise ApiError(
            400, "EXCEEDED_ID_LIMIT", f"record limit reached. cannot submit more than {most} records into this call"
        )


def _well_formed(record_id: str) -> str:
    full_id = case_safe(record_id)
    if full_id is None:
        raise ApiError(400, "MALFORMED_ID", f"malformed id {record_id}")
    return full_id


def _texts(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, str) for each in value)

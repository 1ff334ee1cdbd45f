"""Records by external id: read, upsert, delete."""

from sandbox.salesforce.call import Answer, Call
from sandbox.salesforce.endpoints.rows import shown
from sandbox.salesforce.errors import ApiError, not_found
from sandbox.salesforce.fields import Field, SObject
from sandbox.salesforce.objects import object_in_path
from sandbox.salesforce.preconditions import validators
from sandbox.salesforce.soql.selection import record_url
from sandbox.salesforce.writes import SeveralMatchesError, by_external_id, external_id_field, remove, upsert
from sandbox.store import Record

_BODILESS_UPDATES_BEFORE = 46


def read_by_key(call: Call) -> Answer:
    """`GET /sobjects/Account/CW_Key__c/acct-12`: api_rest `resources_sobject_upsert.htm`."""
    sobject, key = _address(call)
    matches = by_external_id(call.instance.org, sobject, key, call.path["value"])
    if len(matches) > 1:
        return _several(call, sobject, [each["Id"] for each in matches])
    record = _only(matches)
    return Answer(body=shown(call, sobject, record), headers=validators(sobject, record))


def upsert_by_key(call: Call) -> Answer:
    """`PATCH /sobjects/Account/CW_Key__c/acct-12[?updateOnly=true]`: api_rest `dome_upsert.htm`."""
    sobject, key = _address(call)
    fields = call.fields()
    for name, value in fields.items():
        if name.lower() == key.name.lower() and value != call.path["value"]:
            raise ApiError(
                400,
                "INVALID_FIELD",
                f"The {key.name} field should not be specified in the sobject data.",
                fields=(key.name,),
            )
    try:
        upserted = upsert(
            call.instance.org,
            sobject,
            key,
            call.path["value"],
            fields,
            update_only=call.query.get("updateOnly", "").lower() == "true",
            allow_duplicate=call.allows_duplicates,
        )
    except SeveralMatchesError as several:
        return _several(call, sobject, several.record_ids)
    body = {"id": upserted.record_id, "success": True, "errors": [], "created": upserted.created}
    if upserted.created:
        return Answer(201, body, {"Location": record_url(call.version, sobject, upserted.record_id)})
    if int(call.version.partition(".")[0]) < _BODILESS_UPDATES_BEFORE:
        return Answer(204)
    return Answer(200, body)


def delete_by_key(call: Call) -> Answer:
    """`DELETE /sobjects/Account/CW_Key__c/acct-12`: api_rest `resources_sobject_upsert_delete.htm`."""
    sobject, key = _address(call)
    matches = by_external_id(call.instance.org, sobject, key, call.path["value"])
    if len(matches) > 1:
        return _several(call, sobject, [each["Id"] for each in matches])
    remove(call.instance.org, sobject, _only(matches)["Id"])
    return Answer(204)


def _address(call: Call) -> tuple[SObject, Field]:
    sobject = object_in_path(call.path["entity"])
    return sobject, external_id_field(sobject, call.path["field"])


def _only(matches: list[Record]) -> Record:
    if not matches:
        raise not_found()
    return matches[0]


def _several(call: Call, sobject: SObject, record_ids: list[str]) -> Answer:
    """300: the value names more than one record; the body lists where each of them is."""
    return Answer(300, [record_url(call.version, sobject, each) for each in record_ids])

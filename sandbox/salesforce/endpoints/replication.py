"""Which records changed or were deleted within a span of time."""

from datetime import datetime, timedelta

from sandbox.salesforce.call import Answer, Call
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.objects import object_in_path
from sandbox.salesforce.values import instant_from, instant_on_the_wire

_UPDATED_REACH = timedelta(days=30)
_DELETED_REACH = timedelta(days=15)
_MOST_IDS = 600_000


def updated(call: Call) -> Answer:
    """`GET /sobjects/Account/updated/?start=&end=`, 30 days back at most: api_rest `dome_get_updated.htm`."""
    sobject = object_in_path(call.path["entity"])
    start, end = _span(call, _UPDATED_REACH)
    first, last = instant_on_the_wire(start), instant_on_the_wire(end)
    table = call.instance.org.tables[sobject.name]
    ids = [row["Id"] for row in table if first <= row["SystemModstamp"] < last]
    if len(ids) > _MOST_IDS:
        raise ApiError(400, "EXCEEDED_ID_LIMIT", f"more than {_MOST_IDS} records changed")
    return Answer(body={"ids": ids, "latestDateCovered": _covered(call, end)})


def deleted(call: Call) -> Answer:
    """`GET /sobjects/Account/deleted/?start=&end=`, 15 days back at most: api_rest `dome_get_deleted.htm`."""
    sobject = object_in_path(call.path["entity"])
    start, end = _span(call, _DELETED_REACH)
    first, last = instant_on_the_wire(start), instant_on_the_wire(end)
    found = [
        {"id": each.record_id, "deletedDate": each.deleted_at}
        for each in call.instance.org.deletions[sobject.name]
        if first <= each.deleted_at < last
    ]
    earliest = instant_on_the_wire(call.instance.org.clock() - _DELETED_REACH)
    body = {"deletedRecords": found, "earliestDateAvailable": earliest, "latestDateCovered": _covered(call, end)}
    return Answer(body=body)


def _span(call: Call, reach: timedelta) -> tuple[datetime, datetime]:
    """Start and end, whose seconds are ignored."""
    start, end = _minute(call, "start"), _minute(call, "end")
    if start < call.instance.org.clock() - reach - timedelta(minutes=1):
        raise ApiError(400, "INVALID_REPLICATION_DATE", f"start date must be within the last {reach.days} days")
    if start >= end:
        raise ApiError(400, "INVALID_REPLICATION_DATE", "start date must be at least one minute before the end date")
    return start, end


def _minute(call: Call, name: str) -> datetime:
    text = call.needed(name)
    moment = instant_from(text.replace(" ", "+"))  # an unescaped + arrives as a space
    if moment is None:
        raise ApiError(400, "INVALID_REPLICATION_DATE", f"{name}: invalid date {text}")
    return moment.replace(second=0, microsecond=0)


def _covered(call: Call, end: datetime) -> str:
    return instant_on_the_wire(min(end, call.instance.org.clock()))

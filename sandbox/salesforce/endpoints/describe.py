"""What the org offers: versions, resources, objects and their fields."""

from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

from sandbox.salesforce.call import Answer, Call
from sandbox.salesforce.description import object_description, object_summary
from sandbox.salesforce.fields import SObject
from sandbox.salesforce.objects import OBJECTS, object_in_path

FIRST_VERSION, LAST_VERSION = 31, 68
_SEASONS = ("Spring", "Summer", "Winter")
_OBJECTS_CHANGED = datetime(2026, 1, 1, tzinfo=UTC)  # the emulated org's metadata never changes


def list_versions(_call: Call) -> Answer:
    """Every API version of the org, for anybody: api_rest `resources_versions.htm`."""
    return Answer(
        body=[
            {"label": _label(number), "url": f"/services/data/v{number}.0", "version": f"{number}.0"}
            for number in range(FIRST_VERSION, LAST_VERSION + 1)
        ]
    )


def list_resources(call: Call) -> Answer:
    """The resources of a version: api_rest `resources_discoveryresource.htm`."""
    base = f"/services/data/v{call.version}"
    names = ("composite", "jobs", "limits", "query", "queryAll", "sobjects")
    return Answer(body={name: f"{base}/{name}" for name in names})


def describe_global(call: Call) -> Answer:
    """All objects: api_rest `resources_describeGlobal.htm`."""
    return _unless_known(
        call,
        {
            "encoding": "UTF-8",
            "maxBatchSize": 200,
            "sobjects": [object_summary(each, call.version) for each in OBJECTS.values()],
        },
    )


def basic_information(call: Call) -> Answer:
    """One object in short, with the records last used: api_rest `resources_sobject_basic_info.htm`."""
    sobject = object_in_path(call.path["entity"])
    return Answer(body={"objectDescribe": object_summary(sobject, call.version), "recentItems": []})


def describe_object(call: Call) -> Answer:
    """One object with all its fields, or 304: api_rest `resources_sobject_describe.htm`."""
    sobject: SObject = object_in_path(call.path["entity"])
    return _unless_known(call, object_description(sobject, call.version))


def _unless_known(call: Call, body: Any) -> Answer:
    headers = {"Last-Modified": format_datetime(_OBJECTS_CHANGED, usegmt=True)}
    since = call.headers.get("if-modified-since")
    if since is not None:
        try:
            known = parsedate_to_datetime(since) >= _OBJECTS_CHANGED
        except (ValueError, TypeError):  # unreadable, or without a zone: no condition
            known = False
        if known:
            return Answer(304, headers=headers)
    return Answer(body=body, headers=headers)


def _label(number: int) -> str:
    """Three releases a year: 60 is Spring '24, 61 Summer '24, 62 Winter '25."""
    year, season = divmod(number - 60, 3)
    return f"{_SEASONS[season]} '{24 + year + season // 2}"

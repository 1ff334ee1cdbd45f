"""What the org may still use."""

from sandbox.salesforce.call import Answer, Call
from sandbox.salesforce.objects import OBJECTS, find_object

_UNTOUCHED = {
    "ConcurrentAsyncGetReportInstances": 200,
    "DailyAsyncApexExecutions": 250_000,
    "DailyBulkApiBatches": 15_000,
    "DailyBulkV2QueryFileStorageMB": 976_562,
    "DailyBulkV2QueryJobs": 10_000,
    "DailyDeliveredPlatformEvents": 10_000,
    "DailyStreamingApiEvents": 10_000,
    "DataStorageMB": 1_073,
    "FileStorageMB": 1_073,
    "HourlyODataCallout": 1_000,
    "SingleEmail": 15,
}


def org_limits(call: Call) -> Answer:
    """`GET /limits`: api_rest `resources_limits.htm`."""
    quota = call.instance.quota
    limits = {"DailyApiRequests": {"Max": quota.daily_requests, "Remaining": quota.remaining}}
    limits.update({name: {"Max": most, "Remaining": most} for name, most in _UNTOUCHED.items()})
    return Answer(body=limits)


def record_count(call: Call) -> Answer:
    """`GET /limits/recordCount?sObjects=Account`, zero counts left out: api_rest `resources_record_count.htm`."""
    asked = call.query.get("sObjects")
    named = [find_object(name.strip()) for name in asked.split(",")] if asked else list(OBJECTS.values())
    tables = call.instance.org.tables
    counts = [{"count": len(tables[each.name]), "name": each.name} for each in named if each and tables[each.name]]
    return Answer(body={"sObjects": counts})

"""Bulk API 2.0 queries: a job, its state, its results in pages of CSV."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sandbox.salesforce.bulk_jobs import (
    DEFAULT_MAX_RECORDS,
    DELIMITERS,
    LINE_ENDINGS,
    BulkJob,
    locator,
    offset_of,
)
from sandbox.salesforce.call import Answer, Call
from sandbox.salesforce.endpoints.query import execution
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.soql.execution import Execution
from sandbox.salesforce.soql.parser import parse
from sandbox.salesforce.soql.syntax import FieldGroup, Path, Query
from sandbox.store import Record

_OPERATIONS = ("query", "queryAll")


def create_job(call: Call) -> Answer:
    """`POST /jobs/query`: api_asynch `query_create_job.htm`."""
    asked = call.fields()
    operation = asked.get("operation")
    if operation not in _OPERATIONS or not isinstance(asked.get("query"), str):
        raise ApiError(400, "INVALIDJOB", "A query job needs an operation (query or queryAll) and a query")
    run = execution(call, include_deleted=operation == "queryAll")
    text = asked["query"]
    query = parse(text)
    columns = _columns(run, text, query)
    result = run.run(text)
    org = call.instance.org
    facts = {
        "operation": operation,
        "object": result.sobject.name,
        "createdById": org.user_id,
        "createdDate": org.now(),
        "systemModstamp": org.now(),
        "state": "UploadComplete",
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": Decimal(call.version),
        "lineEnding": _one_of(LINE_ENDINGS, asked.get("lineEnding") or "LF"),
        "columnDelimiter": _one_of(DELIMITERS, asked.get("columnDelimiter") or "COMMA"),
    }
    return Answer(body=call.instance.bulk_jobs.open(facts, columns, result.rows).facts)


def read_job(call: Call) -> Answer:
    """`GET /jobs/query/{id}`: api_asynch `query_get_one_job.htm`."""
    return Answer(body=_facts(call.instance.bulk_jobs.polled(call.path["job_id"])))


def read_results(call: Call) -> Answer:
    """`GET /jobs/query/{id}/results?maxRecords=&locator=`: api_asynch `query_get_job_results.htm`."""
    job = call.instance.bulk_jobs.find(call.path["job_id"])
    if job.facts["state"] != "JobComplete":
        raise ApiError(400, "INVALIDJOBSTATE", f"Job is not complete: it is {job.facts['state']}")
    asked = call.query.get("maxRecords", str(DEFAULT_MAX_RECORDS))
    if not asked.isdecimal() or int(asked) == 0:
        raise ApiError(400, "INVALIDREQUEST", f"maxRecords must be a positive number, not {asked}")
    first = offset_of(call.query["locator"]) if call.query.get("locator") else 0
    end = min(first + int(asked), len(job.rows))
    headers = {
        "Sforce-Locator": locator(end) if end < len(job.rows) else "null",
        "Sforce-NumberOfRecords": str(max(0, end - first)),
    }
    return Answer(headers=headers, text=job.csv(first, end))


def abort_job(call: Call) -> Answer:
    """`PATCH {"state": "Aborted"}`: api_asynch `query_abort_job.htm`."""
    job = call.instance.bulk_jobs.find(call.path["job_id"])
    if call.fields().get("state") != "Aborted":
        raise ApiError(400, "INVALIDJOBSTATE", "A query job's state can only be set to Aborted")
    if job.facts["state"] in {"JobComplete", "Failed"}:
        raise ApiError(400, "INVALIDJOBSTATE", "The job has ended already")
    job.facts["state"] = "Aborted"
    return Answer(body=_facts(job))


def delete_job(call: Call) -> Answer:
    """`DELETE /jobs/query/{id}`: api_asynch `query_delete_job.htm`."""
    call.instance.bulk_jobs.delete(call.path["job_id"])
    return Answer(204)


def _facts(job: BulkJob) -> dict[str, Any]:
    done = job.facts["state"] == "JobComplete"
    counts = {"numberRecordsProcessed": len(job.rows) if done else 0, "retries": 0, "totalProcessingTime": 0}
    return {**job.facts, "jobType": "V2Query", **counts}


def _columns(run: Execution, text: str, query: Query) -> list[tuple[str, Callable[[Record], Any]]]:
    """The header names and how a row fills them; what Bulk can't answer is refused."""
    if query.group_by or query.offset:
        raise ApiError(400, "API_ERROR", "GROUP BY and OFFSET are not supported in Bulk Query")
    scope = run.scope(text, query)
    columns = []
    for selected in query.select:
        if isinstance(selected.what, FieldGroup):
            raise ApiError(400, "API_ERROR", "FIELDS() is not supported in Bulk Query")
        if not isinstance(selected.what, Path):
            raise ApiError(400, "API_ERROR", "Aggregates and sub-queries are not supported in Bulk Query")
        column = scope.column(selected.what)
        if column.field.kind == "address":
            raise ApiError(400, "API_ERROR", "Compound address fields are not supported in Bulk Query")
        name = ".".join([*(str(hop.relationship) for hop in column.hops), column.field.name])
        columns.append((name, column.read))
    return columns


def _one_of(known: dict[str, str], name: object) -> str:
    if not isinstance(name, str) or name not in known:
        raise ApiError(400, "INVALIDJOB", f"unknown value {name}: expected one of {', '.join(known)}")
    return name

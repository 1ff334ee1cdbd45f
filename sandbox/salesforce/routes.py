"""Which URL is answered by which endpoint, over HTTP and inside composites alike."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from starlette.routing import compile_path

from sandbox.salesforce.call import Answer, Call, Endpoint, refused
from sandbox.salesforce.endpoints import (
    batch,
    bulk_query,
    collections,
    composite,
    describe,
    external_ids,
    graph,
    limits,
    query,
    replication,
    rows,
    tree,
)
from sandbox.salesforce.errors import ApiError, not_found

DATA = "/services/data/v{version}"


@dataclass(frozen=True, slots=True)
class Resource:
    method: str
    template: str
    endpoint: Endpoint


def dispatch(call: Call, path: str) -> Answer:
    """A subrequest: the endpoint that `path` names, with errors as their answers. It may hold no envelope itself."""
    path = path if path == "/" else path.rstrip("/")
    found = False
    for resource, pattern in _PATTERNS:
        matched = pattern.match(path)
        if matched is None:
            continue
        found = True
        if resource.method == call.method:
            parts = matched.groupdict()
            before = call.instance.org.mark()
            try:
                return resource.endpoint(replace(call, version=parts.pop("version"), path=parts))
            except ApiError as error:
                call.instance.org.roll_back(before)
                return refused(error)
    return refused(method_not_allowed(call.method) if found else not_found())


def method_not_allowed(method: str) -> ApiError:
    return ApiError(405, "METHOD_NOT_ALLOWED", f"HTTP Method '{method}' not allowed.")


def _enveloping(endpoint: Callable[[Call, composite.Dispatch], Answer]) -> Endpoint:
    def answered(call: Call) -> Answer:
        return endpoint(call, dispatch)

    answered.__doc__ = endpoint.__doc__
    return answered


_SOBJECT = DATA + "/sobjects/{entity}"
_COLLECTION = DATA + "/composite/sobjects"
_JOB = DATA + "/jobs/query/{job_id}"

PLAIN_RESOURCES = (
    Resource("GET", DATA, describe.list_resources),
    Resource("GET", DATA + "/limits", limits.org_limits),
    Resource("GET", DATA + "/limits/recordCount", limits.record_count),
    Resource("GET", DATA + "/sobjects", describe.describe_global),
    Resource("GET", _SOBJECT, describe.basic_information),
    Resource("POST", _SOBJECT, rows.create_row),
    Resource("GET", _SOBJECT + "/describe", describe.describe_object),
    Resource("GET", _SOBJECT + "/updated", replication.updated),
    Resource("GET", _SOBJECT + "/deleted", replication.deleted),
    Resource("GET", _SOBJECT + "/{record_id}", rows.read_row),
    Resource("PATCH", _SOBJECT + "/{record_id}", rows.update_row),
    Resource("DELETE", _SOBJECT + "/{record_id}", rows.delete_row),
    Resource("GET", _SOBJECT + "/{field}/{value:path}", external_ids.read_by_key),
    Resource("PATCH", _SOBJECT + "/{field}/{value:path}", external_ids.upsert_by_key),
    Resource("POST", _SOBJECT + "/{field}/{value:path}", external_ids.upsert_by_key),
    Resource("DELETE", _SOBJECT + "/{field}/{value:path}", external_ids.delete_by_key),
    Resource("GET", DATA + "/query", query.query),
    Resource("GET", DATA + "/queryAll", query.query_all),
    Resource("GET", DATA + "/query/{locator}", query.query_more),
    Resource("GET", DATA + "/queryAll/{locator}", query.query_more),
    Resource("POST", _COLLECTION, collections.create_rows),
    Resource("PATCH", _COLLECTION, collections.update_rows),
    Resource("DELETE", _COLLECTION, collections.delete_rows),
    Resource("GET", _COLLECTION + "/{entity}", collections.read_rows_by_get),
    Resource("POST", _COLLECTION + "/{entity}", collections.read_rows_by_post),
    Resource("PATCH", _COLLECTION + "/{entity}/{field}", collections.upsert_rows),
)
_PATTERNS = [(each, compile_path(each.template)[0]) for each in PLAIN_RESOURCES]

RESOURCES = (
    *PLAIN_RESOURCES,
    Resource("POST", DATA + "/composite", _enveloping(composite.composite)),
    Resource("POST", DATA + "/composite/batch", _enveloping(batch.batch)),
    Resource("POST", DATA + "/composite/graph", _enveloping(graph.graph)),
    Resource("POST", DATA + "/composite/tree/{entity}", tree.create_tree),
    Resource("POST", DATA + "/jobs/query", bulk_query.create_job),
    Resource("GET", _JOB, bulk_query.read_job),
    Resource("PATCH", _JOB, bulk_query.abort_job),
    Resource("DELETE", _JOB, bulk_query.delete_job),
    Resource("GET", _JOB + "/results", bulk_query.read_results),
)

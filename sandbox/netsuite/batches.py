"""Asynchronous requests: jobs, batches of up to 100 records, idempotency keys.

Source: docs.oracle.com, Asynchronous Request Processing (article_0127092747 for batches). The work is done when it is
asked for; a job says so from the second look on, so that callers have to poll.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.netsuite.books import Books
from sandbox.netsuite.errors import Refused, invalid_content, invalid_header, invalid_parameter, no_such_record
from sandbox.netsuite.reading import Reader, Shape
from sandbox.netsuite.record_api import Records, type_named
from sandbox.netsuite.requests import COLLECTION, answer, base_url, choice_header, json_body, preferences

LARGEST_BATCH = 100
Work = Callable[[], Response]


@dataclass(slots=True)
class Job:
    id: str
    started: datetime
    results: list[Response]
    batch: bool
    looks: int = field(default=0)


class Batches:
    def __init__(self, books: Books, records: Records) -> None:
        self._books = books
        self._records = records
        self._jobs: dict[str, Job] = {}
        self._keys: dict[str, str] = {}

    def routes(self) -> list[Route]:
        base = "/services/rest/async/v1/job/{job}"
        return [
            Route(base, self.job, methods=["GET"]),
            Route(base + "/task", self.tasks, methods=["GET"]),
            Route(base + "/task/{task}", self.task, methods=["GET"]),
            Route(base + "/task/{task}/result", self.result, methods=["GET"]),
        ]

    def forget(self) -> None:
        self._jobs.clear()
        self._keys.clear()

    @staticmethod
    def is_batch(request: Request) -> bool:
        return "type=collection" in request.headers.get("content-type", "").replace(" ", "")

    def submit(self, request: Request, work: Sequence[Work], *, batch: bool) -> Response:
        """202 and the job's Location. A key used before is refused with the first job's Location."""
        key = request.headers.get("x-netsuite-idempotency-key")
        base = f"{base_url(request)}/services/rest/async/v1/job"
        if key is not None and key in self._keys:
            refused = Refused(
                400, "IDEMPOTENCY_ERROR", "The idempotency key was used by another request.",
                where=("Header", "X-NetSuite-Idempotency-Key"), title="Conflict",
            )  # fmt: skip
            refused.headers["Location"] = f"{base}/{self._keys[key]}"
            raise refused
        job = Job(str(len(self._jobs) + 1), self._books.now(), [_done(part) for part in work], batch)
        self._jobs[job.id] = job
        if key is not None:
            self._keys[key] = job.id
        headers = {"Location": f"{base}/{job.id}", "Preference-Applied": "respond-async"}
        return Response(status_code=202, headers=headers)

    async def change(self, request: Request) -> Response:
        """POST, PATCH or PUT /record/v1/{type} of a collection: create, update or upsert each item.

        Source: docs.oracle.com, article_0127092747.
        """
        record_type = type_named(request.path_params["type"])
        if "respond-async" not in preferences(request) or not self.is_batch(request):
            raise invalid_header(
                "Prefer", "Batch operations need Prefer: respond-async and the collection content type."
            )
        body = await json_body(request)
        items = body.get("items") if isinstance(body, dict) else None
        if not isinstance(items, list) or not 0 < len(items) <= LARGEST_BATCH:
            raise invalid_content(f"A batch has 1 to {LARGEST_BATCH} items.", "items")
        names = choice_header(request, "x-netsuite-propertynamevalidation", "warning")
        reader, records = Reader(self._books, base_url(request)), self._records

        def work(item: Any) -> Work:
            def run() -> Response:
                if request.method == "POST":
                    record, _ = records.create(record_type, item, names)
                elif request.method == "PATCH":
                    record, _ = records.change(record_type, _key(item), item, names)
                else:
                    record, _ = records.upsert(record_type, f"eid:{_named(item, 'externalId')}", item, names)
                return Response(status_code=204, headers={"Location": reader.url(record_type.name, record["id"])})

            return run

        return self.submit(request, [work(item) for item in items], batch=True)

    async def delete(self, request: Request) -> Response:
        """DELETE /record/v1/{type}?ids=1,2,eid:x. Source: docs.oracle.com, article_0127092747."""
        record_type = type_named(request.path_params["type"])

        def work(key: str) -> Work:
            def run() -> Response:
                self._records.delete(record_type, key)
                return Response(status_code=204)

            return run

        return self.submit(request, [work(key) for key in self._ids(request)], batch=True)

    async def read(self, request: Request) -> Response:
        """GET /record/v1/{type}?expandRecords=true&ids=1,2,eid:x. Source: docs.oracle.com, article_0127092747."""
        record_type = type_named(request.path_params["type"])
        reader = Reader(self._books, base_url(request))

        def work(key: str) -> Work:
            return lambda: answer(reader.record(record_type, self._records.find(record_type, key), Shape()))

        return self.submit(request, [work(key) for key in self._ids(request)], batch=True)

    @staticmethod
    def _ids(request: Request) -> list[str]:
        if "respond-async" not in preferences(request):
            raise invalid_header("Prefer", "Batch operations need Prefer: respond-async.")
        ids = [key for key in request.query_params.get("ids", "").split(",") if key]
        if not 0 < len(ids) <= LARGEST_BATCH:
            raise invalid_parameter("ids", f"Provide 1 to {LARGEST_BATCH} ids.")
        return ids

    async def job(self, request: Request) -> Response:
        """GET /async/v1/job/{id}. Source: docs.oracle.com, Asynchronous Request Processing."""
        job = self._job(request)
        job.looks += 1
        done = job.looks > 1
        links = [{"rel": "self", "href": f"{request.url}/task"}]
        progress = "succeeded" if done else "pending"
        return answer({"id": job.id, "completed": done, "progress": progress, "task": {"links": links}})

    async def tasks(self, request: Request) -> Response:
        """GET /async/v1/job/{id}/task: a single one. Source: docs.oracle.com, Asynchronous Request Processing."""
        self._job(request)
        items = [{"id": "1", "links": [{"rel": "self", "href": f"{request.url}/1"}]}]
        return answer({"items": items, "count": 1, "totalResults": 1, "hasMore": False, "offset": 0}, COLLECTION)

    async def task(self, request: Request) -> Response:
        """GET /async/v1/job/{id}/task/1. Source: docs.oracle.com, Asynchronous Request Processing."""
        job = self._job(request)
        started = job.started.strftime("%Y-%m-%dT%H:%M:%SZ")
        body: dict[str, Any] = {"id": "1", "completed": job.looks > 1, "startTime": started}
        if job.looks > 1:
            body |= {"endTime": started, "progress": "succeeded"}
            body["links"] = [{"rel": "related", "href": f"{request.url}/result"}]
        else:
            body["progress"] = "pending"
        return answer(body)

    async def result(self, request: Request) -> Response:
        """GET .../result: what the synchronous call would have answered, or each item's result of a batch.

        Source: docs.oracle.com, Asynchronous Request Processing.
        """
        job = self._job(request)
        if job.looks < 2:
            raise no_such_record()
        if not job.batch:
            return job.results[0]
        items = []
        for number, result in enumerate(job.results, start=1):
            item: dict[str, Any] = {"id": str(number), "status": result.status_code}
            if "location" in result.headers:
                item["location"] = result.headers["location"]
            if result.body:
                item["body"] = msgspec.Raw(bytes(result.body))
            items.append(item)
        return answer({"items": items, "count": len(items), "totalResults": len(items), "hasMore": False}, COLLECTION)

    def _job(self, request: Request) -> Job:
        job = self._jobs.get(request.path_params["job"])
        if job is None or request.path_params.get("task", "1") != "1":
            raise no_such_record()
        return job


def _done(work: Work) -> Response:
    try:
        return work()
    except Refused as refused:
        return refused.response()


def _named(item: Any, name: str) -> str:
    if not isinstance(item, dict) or not isinstance(item.get(name), str):
        raise invalid_content(f"Each item of the batch needs {name}.", name)
    return str(item[name])


def _key(item: Any) -> str:
    """The record an item of a PATCH batch changes: its id, else its external id."""
    if isinstance(item, dict) and isinstance(item.get("id"), str | int):
        return str(item["id"])
    return f"eid:{_named(item, 'externalId')}"

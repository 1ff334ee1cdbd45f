"""Bulk API 2.0 query jobs and their results as CSV."""

import csv
import io
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.salesforce.errors import ApiError, not_found
from sandbox.salesforce.identifiers import IdSequence, case_safe
from sandbox.store import Record

DELIMITERS = {"BACKQUOTE": "`", "CARET": "^", "COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "TAB": "\t"}
LINE_ENDINGS = {"LF": "\n", "CRLF": "\r\n"}
DEFAULT_MAX_RECORDS = 50_000


@dataclass(slots=True)
class BulkJob:
    """A query job. Its rows were read when it was created; `polls_left` is how often it still says it is at work."""

    facts: dict[str, Any]
    columns: list[tuple[str, Callable[[Record], Any]]]
    rows: list[Record]
    polls_left: int

    def csv(self, first: int, end: int) -> str:
        """Rows as CSV, every value quoted, null empty, datetimes ending in Z."""
        page = io.StringIO()
        writer = csv.writer(
            page,
            delimiter=DELIMITERS[self.facts["columnDelimiter"]],
            lineterminator=LINE_ENDINGS[self.facts["lineEnding"]],
            quoting=csv.QUOTE_ALL,
        )
        writer.writerow([name for name, _ in self.columns])
        for row in self.rows[first:end]:
            writer.writerow([_cell(read(row)) for _, read in self.columns])
        return page.getvalue()


class BulkJobs:
    """The org's query jobs. `polls` is how many polls find a job still in progress."""

    def __init__(self, *, polls: int) -> None:
        self._polls = polls
        self._ids = IdSequence()
        self._jobs: dict[str, BulkJob] = {}

    def open(
        self, facts: dict[str, Any], columns: list[tuple[str, Callable[[Record], Any]]], rows: list[Record]
    ) -> BulkJob:
        job_id = self._ids.next("750")
        job = BulkJob({"id": job_id, **facts, "state": "UploadComplete"}, columns, rows, self._polls)
        self._jobs[job_id] = job
        return job

    def find(self, job_id: str) -> BulkJob:
        job = self._jobs.get(case_safe(job_id) or "")
        if job is None:
            raise not_found()
        return job

    def polled(self, job_id: str) -> BulkJob:
        """The job after it has worked on: in progress at first, then complete."""
        job = self.find(job_id)
        if job.facts["state"] in {"UploadComplete", "InProgress"}:
            job.facts["state"] = "InProgress" if job.polls_left > 0 else "JobComplete"
            job.polls_left -= 1
        return job

    def delete(self, job_id: str) -> None:
        job = self.find(job_id)
        if job.facts["state"] not in {"JobComplete", "Aborted", "Failed"}:
            raise ApiError(400, "INVALIDJOBSTATE", "Only a job that is aborted, complete or failed can be deleted")
        del self._jobs[job.facts["id"]]

    def clear(self) -> None:
        self._jobs.clear()


def locator(offset: int) -> str:
    return urlsafe_b64encode(str(offset).encode()).decode().rstrip("=")


def offset_of(text: str) -> int:
    """The place that a locator names; refused when it is none of ours."""
    try:
        digits = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except ValueError:
        digits = ""
    if not digits.isdecimal():
        raise ApiError(400, "INVALIDLOCATOR", f"Invalid locator: {text}")
    return int(digits)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return text[:-5] + "Z" if text.endswith("+0000") and len(text) == 28 else text

"""Logs are JSON lines that carry the correlation id and no secret."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from pydantic import SecretStr

from runtime.correlation import correlation_id
from runtime.log import configure_logging


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    stream = io.StringIO()
    configure_logging(level="info", style="json", stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:], root.level = before
    structlog.reset_defaults()


def test_an_entry_is_one_json_object_with_the_correlation_id(lines: Callable[[], list[dict[str, Any]]]) -> None:
    token = correlation_id.set("c-1234567")
    try:
        structlog.get_logger("test").info("asked", platform="salesforce")
    finally:
        correlation_id.reset(token)
    (entry,) = lines()
    assert entry["event"] == "asked"
    assert entry["level"] == "info"
    assert entry["platform"] == "salesforce"
    assert entry["correlation_id"] == "c-1234567"
    assert entry["timestamp"].endswith("Z")


def test_secrets_are_blanked_at_any_depth(lines: Callable[[], list[dict[str, Any]]]) -> None:
    structlog.get_logger("test").info(
        "signed in",
        client_secret="hunter2",
        headers={"Authorization": "Bearer hunter2", "X-API-Key": "hunter2", "Accept": "json"},
        parts=[{"access_token": "hunter2"}, SecretStr("hunter2")],
        tokens=12,
    )
    (entry,) = lines()
    assert "hunter2" not in json.dumps(entry)
    assert entry["headers"]["Accept"] == "json"
    assert entry["tokens"] == 12


def test_the_standard_librarys_entries_take_the_same_form(lines: Callable[[], list[dict[str, Any]]]) -> None:
    logging.getLogger("uvicorn.error").warning("slow %s", "start", extra={"api_key": "hunter2"})
    logging.getLogger("uvicorn.error").debug("not written")
    (entry,) = lines()
    assert entry["event"] == "slow start"
    assert entry["level"] == "warning"
    assert entry["api_key"] == "***"


def test_an_error_brings_its_trace_in_one_line(lines: Callable[[], list[dict[str, Any]]]) -> None:
    try:
        raise KeyError("gone")
    except KeyError:
        structlog.get_logger("test").exception("failed")
    (entry,) = lines()
    assert "KeyError" in entry["exception"]

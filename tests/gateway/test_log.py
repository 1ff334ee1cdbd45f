"""The log of operations as the settings want it."""

import io
import json

import pytest

from gateway.log import operation_log


def test_json_is_one_object_a_line():
    stream = io.StringIO()
    operation_log(stream).info("operation", status=200, codes=["TOO_WIDE"])
    (line,) = stream.getvalue().splitlines()
    entry = json.loads(line)
    assert (entry["event"], entry["level"], entry["status"], entry["codes"]) == ("operation", "info", 200, ["TOO_WIDE"])


def test_the_console_shows_what_a_person_reads():
    stream = io.StringIO()
    operation_log(stream, style="console").info("operation", status=200)
    (line,) = stream.getvalue().splitlines()
    assert not line.startswith("{")
    assert "operation" in line
    assert "status=200" in line


@pytest.mark.parametrize("style", ["json", "console"])
def test_what_is_less_severe_is_left_out(style):
    stream = io.StringIO()
    log = operation_log(stream, level="error", style=style)
    log.info("operation")
    log.error("operation failed")
    (line,) = stream.getvalue().splitlines()
    assert "operation failed" in line

"""Each kind of fault, as a real client on a real socket meets it."""

import asyncio
import http.client
import json
import time

import pytest


def notes(bench):
    return bench.control("GET", "/records/notebook/Note").json["total"]


def test_without_a_fault_the_platform_just_answers(bench):
    assert bench.ask("GET", bench.url("/notes/1")).json["id"] == "1"


def test_latency_delays_and_the_answer_is_right(bench):
    bench.break_it("latency", ms=60)
    started = time.monotonic()
    heard = bench.ask("GET", bench.url("/notes/1"))
    assert time.monotonic() - started >= 0.06
    assert heard.json["id"] == "1"


def test_status_answers_instead_of_the_application(bench):
    before = notes(bench)
    bench.break_it("status", status=503)
    heard = bench.ask("POST", bench.url("/notes"), {"text": "new"})
    assert (heard.status, heard.headers["Content-Type"]) == (503, "text/html; charset=utf-8")
    assert notes(bench) == before


def test_status_may_carry_the_vendors_own_words(bench):
    bench.break_it("status", status=400, body=[{"errorCode": "UNABLE_TO_LOCK_ROW"}])
    heard = bench.ask("GET", bench.url("/notes"))
    assert heard.json == [{"errorCode": "UNABLE_TO_LOCK_ROW"}]


def test_rate_limit_answers_as_the_vendor_does(bench):
    bench.break_it("rate_limit")
    heard = bench.ask("GET", bench.url("/notes"))
    assert (heard.status, heard.headers["Retry-After"]) == (429, "1")


@pytest.mark.parametrize("kind", ["down", "drop_before"])
async def test_nothing_is_done_and_the_connection_dies_without_a_byte(bench, kind):
    before = notes(bench)
    bench.break_it(kind)
    got, reset = await bench.bytes_of("POST /notes", json.dumps({"text": "new"}).encode())
    assert (got, reset) == (b"", True)
    assert notes(bench) == before


async def test_a_large_request_dies_without_a_byte_too(bench):
    bench.break_it("drop_before")
    got, reset = await bench.bytes_of("POST /notes", b'{"text": "' + b"x" * 3_000_000 + b'"}')
    assert (got, reset) == (b"", True)


def test_down_ends_a_connection_that_was_kept_alive(bench):
    host = bench.url("").removeprefix("http://")
    client = http.client.HTTPConnection(host, timeout=10)
    client.request("GET", "/notes/1")
    assert client.getresponse().read()
    bench.break_it("down")
    client.request("GET", "/notes/1")
    with pytest.raises(ConnectionError):
        client.getresponse()
    client.close()


async def test_drop_after_does_all_of_it_and_loses_the_answer(bench):
    before = notes(bench)
    bench.break_it("drop_after")
    got, reset = await bench.bytes_of("POST /notes", json.dumps({"text": "landed"}).encode())
    assert (got, reset) == (b"", True)
    assert notes(bench) == before + 1
    assert bench.control("GET", "/records/notebook/Note?text=landed").json["total"] == 1


def test_garbage_says_json_and_is_none(bench):
    before = notes(bench)
    bench.break_it("garbage")
    heard = bench.ask("POST", bench.url("/notes"), {"text": "new"})
    assert (heard.status, heard.headers["Content-Type"]) == (200, "application/json")
    with pytest.raises(UnicodeDecodeError):
        json.loads(heard.body)
    assert notes(bench) == before + 1


def test_truncate_announces_all_and_sends_half(bench):
    whole = len(bench.ask("GET", bench.url("/v1/big/5000.json")).body)
    bench.break_it("truncate")
    with pytest.raises(http.client.IncompleteRead) as cut:
        bench.ask("GET", bench.url("/v1/big/5000.json"))
    assert len(cut.value.partial) == whole // 2
    assert cut.value.expected == whole - whole // 2


def test_slow_body_sends_headers_at_once_and_everything_in_the_end(bench):
    bench.break_it("slow_body", ms=100)
    client = http.client.HTTPConnection(bench.url("").removeprefix("http://"), timeout=10)
    client.request("GET", "/v1/big/4000.json")
    started = time.monotonic()
    answer = client.getresponse()
    headers_after = time.monotonic() - started
    body = answer.read()
    assert headers_after < 0.05 < 0.09 < time.monotonic() - started
    assert json.loads(body) == {"text": "x" * 4000}
    client.close()


def test_times_count_down_and_then_the_fault_is_gone(bench):
    bench.break_it("status", status=500, times=2)
    statuses = []
    for _ in range(2):
        statuses.append(bench.ask("GET", bench.url("/notes/1")).status)
        left = bench.control("GET", "/faults").json["faults"]
    assert (statuses, left) == ([500, 500], [])
    assert bench.ask("GET", bench.url("/notes/1")).status == 200


async def test_times_hold_when_requests_come_together(bench):
    bench.break_it("status", status=500, times=3)
    got = await asyncio.gather(*(asyncio.to_thread(bench.ask, "GET", bench.url("/notes/1")) for _ in range(8)))
    assert sorted(heard.status for heard in got) == [200] * 5 + [500] * 3


def test_a_share_of_the_calls_is_hit_the_same_ones_after_each_reset(bench):
    def statuses():
        bench.break_it("status", status=500, share=0.25)
        return [bench.ask("GET", bench.url("/notes/1")).status for _ in range(200)]

    first = statuses()
    assert 30 <= first.count(500) <= 70
    assert bench.control("GET", "/faults").json["faults"][0]["hits"] == first.count(500)
    bench.control("POST", "/reset")
    assert statuses() == first


@pytest.mark.parametrize("share", [0, 1.5, -0.1, "half", True])
def test_a_share_is_a_part_of_all(bench, share):
    fault = {"platform": "notebook", "kind": "down", "share": share}
    assert bench.control("POST", "/faults", fault).json["error"]["code"] == "INVALID"


@pytest.mark.parametrize(
    ("match", "struck"),
    [
        ({"method": "post"}, False),
        ({"method": "get"}, True),
        ({"path": "/notes/1"}, True),
        ({"path": "/notes/2"}, False),
        ({"path": "/notes/*"}, True),
        ({"path": "*/1?q=a b"}, True),
        ({"path": "q=a b"}, True),
        ({"method": "GET", "path": "/other"}, False),
    ],
)
def test_a_match_chooses_the_requests(bench, match, struck):
    bench.break_it("status", status=418, match=match)
    assert (bench.ask("GET", bench.url("/notes/1?q=a+b")).status == 418) is struck


def test_latency_joins_the_first_of_the_other_faults(bench):
    bench.break_it("status", status=500, times=1)
    bench.break_it("status", status=503)
    bench.break_it("latency", ms=40, times=1)
    started = time.monotonic()
    assert bench.ask("GET", bench.url("/notes/1")).status == 500
    assert time.monotonic() - started >= 0.04
    assert bench.ask("GET", bench.url("/notes/1")).status == 503


def test_a_fault_of_one_platform_spares_the_others(bench):
    bench.break_it("down")
    assert bench.ask("GET", bench.url("/notes/1", "second")).status == 200

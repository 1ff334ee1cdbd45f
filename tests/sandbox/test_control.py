"""The control API, endpoint by endpoint, with what it refuses."""

import pytest


def test_calls_are_counted_by_platform_and_route_template(bench):
    bench.control("DELETE", "/calls")
    for path in ("/notes", "/notes/1", "/notes/2", "/v1/big/7.json", "/nowhere/123/x", "/sobjects/001Qy0HN8HXN8ocIWD"):
        bench.ask("GET", bench.url(path))
    bench.ask("POST", bench.url("/notes"), {"text": "new"})
    bench.ask("GET", bench.url("/notes/"))  # the same endpoint, which redirects there: two calls
    bench.ask("DELETE", bench.url("/notes/3"))  # not offered, and yet that endpoint
    assert bench.control("GET", "/calls").json == {
        "platforms": {
            "notebook": {
                "total": 10,
                "routes": {
                    "DELETE /notes/{id}": 1,
                    "GET /notes": 3,
                    "GET /notes/{id}": 2,
                    "GET /nowhere/{id}/x": 1,
                    "GET /sobjects/{id}": 1,
                    "GET /v1/big/{size}.json": 1,
                    "POST /notes": 1,
                },
            },
            "second": {"total": 0, "routes": {}},
        }
    }


def test_a_call_that_met_a_fault_was_a_call(bench):
    bench.control("DELETE", "/calls")
    bench.break_it("status", status=500)
    bench.ask("GET", bench.url("/notes"))
    assert bench.control("GET", "/calls").json["platforms"]["notebook"]["total"] == 1


def test_faults_are_listed_as_given_and_taken_back_one_or_all(bench):
    first = bench.break_it("latency", ms=5, times=4, match={"path": "/notes"})
    second = bench.break_it("down")
    assert bench.control("GET", "/faults").json == {
        "faults": [
            {"id": first, "platform": "notebook", "kind": "latency", "ms": 5, "times": 4, "match": {"path": "/notes"}},
            {"id": second, "platform": "notebook", "kind": "down"},
        ]
    }
    assert bench.control("DELETE", f"/faults/{first}").status == 200
    assert [fault["id"] for fault in bench.control("GET", "/faults").json["faults"]] == [second]
    assert bench.control("DELETE", f"/faults/{first}").status == 404
    assert bench.control("DELETE", "/faults").status == 200
    assert bench.control("GET", "/faults").json == {"faults": []}


@pytest.mark.parametrize(
    ("fault", "status", "word"),
    [
        ({"kind": "down"}, 404, "platform"),
        ({"platform": "notbook", "kind": "down"}, 404, "did you mean 'notebook'"),
        ({"platform": "notebook"}, 422, "kind"),
        ({"platform": "notebook", "kind": "drop"}, 422, "drop_before"),
        ({"platform": "notebook", "kind": ["down"]}, 422, "kind"),
        ({"platform": "notebook", "kind": "status"}, 422, "status"),
        ({"platform": "notebook", "kind": "status", "status": 99}, 422, "from 100 to 599"),
        ({"platform": "notebook", "kind": "latency", "ms": "20"}, 422, "ms"),
        ({"platform": "notebook", "kind": "latency", "ms": True}, 422, "ms"),
        ({"platform": "notebook", "kind": "down", "times": 0}, 422, "times"),
        ({"platform": "notebook", "kind": "down", "time": 1}, 422, "did you mean 'times'"),
        ({"platform": "notebook", "kind": "down", "match": "/x"}, 422, "match"),
        ({"platform": "notebook", "kind": "down", "match": {"url": "/x"}}, 422, "method"),
        ({"platform": "notebook", "kind": "down", "match": {"path": 1}}, 422, "match.path"),
        (
            {"platform": "notebook", "kind": "ignore_field", "entity": "Note", "field": "text"},
            422,
            "no faults of writes",
        ),
        (["down"], 422, "object"),
        (b"{", 422, "not JSON"),
    ],
)
def test_a_wrong_fault_is_refused_with_the_reason_and_not_kept(bench, fault, status, word):
    heard = bench.control("POST", "/faults", fault)
    assert heard.status == status
    assert word in heard.json["error"]["message"]
    assert bench.control("GET", "/faults").json == {"faults": []}


def test_records_are_read_made_changed_and_removed_as_a_user_would(bench):
    made = bench.control("POST", "/records/notebook/Note", {"text": "by hand"})
    assert made.status == 201
    assert made.json["stamp"] == "2026-11-20T12:00:00+00:00"
    path = f"/records/notebook/Note/{made.json['id']}"
    assert bench.control("PATCH", path, {"done": True}).json == {**made.json, "done": True}
    assert bench.control("GET", path).json["done"] is True
    assert bench.ask("GET", bench.url(f"/notes/{made.json['id']}")).json["done"] is True
    assert bench.control("DELETE", path).status == 200
    assert bench.control("GET", path).status == 404


def test_numbers_arrive_exactly_as_they_were_sent(bench):
    made = bench.control("POST", "/records/notebook/Note", b'{"text": "costly", "price": 1234567890123456.78}')
    assert b'"price":1234567890123456.78' in made.body


def test_records_can_be_paged_and_filtered(bench):
    everything = bench.control("GET", "/records/notebook/Note").json
    page = bench.control("GET", "/records/notebook/Note?limit=2&offset=3").json
    assert (everything["total"], page["total"]) == (12, 12)
    assert page["records"] == everything["records"][3:5]
    assert bench.control("GET", "/records/notebook/Note?id=4&done=false").json["records"] == everything["records"][3:4]
    assert bench.control("GET", "/records/notebook/Note?done=true").json["records"] == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/records/nobody/Note", None, 404, "UNKNOWN_PLATFORM"),
        ("GET", "/records/notebook/Nope", None, 404, "UNKNOWN_ENTITY"),
        ("GET", "/records/notebook/Note/999", None, 404, "UNKNOWN_RECORD"),
        ("GET", "/records/notebook/Note?limit=x", None, 422, "INVALID"),
        ("POST", "/records/notebook/Note", {"text": ""}, 422, "REFUSED_CHANGE"),
        ("POST", "/records/notebook/Note", [1], 422, "NOT_AN_OBJECT"),
        ("POST", "/records/notebook/Note", b"nonsense", 422, "NOT_JSON"),
        ("PATCH", "/records/notebook/Note/1", {"id": "2"}, 422, "REFUSED_CHANGE"),
        ("PATCH", "/records/notebook/Note/999", {"done": True}, 404, "UNKNOWN_RECORD"),
        ("DELETE", "/records/notebook/Note/999", None, 404, "UNKNOWN_RECORD"),
        ("GET", "/firm?type=Acount", None, 422, "UNKNOWN_TYPE"),
        ("GET", "/nowhere", None, 404, "NOT_FOUND"),
        ("PUT", "/calls", {}, 405, "METHOD"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_code_and_a_sentence(bench, method, path, body, status, code):
    heard = bench.control(method, path, body)
    assert (heard.status, heard.json["error"]["code"]) == (status, code)
    assert len(heard.json["error"]["message"]) > 10


def test_the_firm_is_told_with_each_platforms_records(bench):
    firm = bench.control("GET", "/firm").json
    assert (firm["seed"], firm["asOf"]) == (7, "2026-11-20")
    first, third = firm["Account"][0], firm["Account"][2]
    assert first["records"] == {
        "notebook": {"entity": "Note", "id": "1"},
        "second": {"entity": "Note", "id": "1"},
    }
    assert third["records"] == {}
    assert third["unlinked"]["notebook"] == {"entity": "Note", "id": "3"}
    assert set(bench.control("GET", "/firm?type=Invoice,Payment").json) == {"seed", "asOf", "Invoice", "Payment"}


def test_reset_brings_back_records_faults_and_calls(bench):
    before = bench.control("GET", "/records/notebook/Note").json
    bench.control("DELETE", "/records/notebook/Note/1")
    bench.break_it("down")
    bench.ask("GET", bench.url("/notes", "second"))
    assert bench.control("POST", "/reset").status == 200
    assert bench.control("GET", "/records/notebook/Note").json == before
    assert bench.control("GET", "/faults").json == {"faults": []}
    assert bench.control("GET", "/calls").json["platforms"]["second"]["total"] == 0


def test_the_root_lists_the_endpoints(bench):
    heard = bench.control("GET", "/").json
    assert heard["platforms"] == ["notebook", "second"]
    assert "POST /reset" in heard["endpoints"]


def test_two_resets_give_the_same_records_to_the_byte(bench):
    def records() -> bytes:
        return bench.control("GET", "/records/notebook/Note").body

    bench.control("POST", "/reset")
    before = records()
    bench.control("POST", "/records/notebook/Note", {"text": "by hand"})
    assert records() != before
    bench.control("POST", "/reset")
    assert records() == before

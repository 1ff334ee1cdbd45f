"""The fake platform that governed writes are measured on keeps what is written, and tells when it was."""

import msgspec
import pytest

from benchmarks.writes.upstream import Platform


@pytest.fixture
def platform() -> Platform:
    return Platform()


def test_a_changed_field_is_there_with_a_new_version(platform: Platform) -> None:
    before = platform.answer("GET", "/accounts/A000007", b"")[1]["version"]
    assert platform.answer("PATCH", "/accounts/A000007", msgspec.json.encode({"website": "https://new.example"}))
    status, row = platform.answer("GET", "/accounts/A000007", b"")
    assert (status, row["website"], row["version"]) == (200, "https://new.example", before + 1)


def test_a_key_makes_one_record_however_often_it_is_used(platform: Platform) -> None:
    body = msgspec.json.encode({"key": "K1", "tax_id": "GB1"})
    first, second = (platform.answer("POST", "/customers", body)[1]["id"] for _ in range(2))
    assert first == second
    assert [row["id"] for row in platform.answer("GET", "/customers?key=K1", b"")[1]["rows"]] == [first]
    assert platform.answer("GET", "/customers?key=K2", b"")[1]["rows"] == []


def test_rows_are_found_by_exact_values_and_told_by_the_asked_fields(platform: Platform) -> None:
    for number in (1, 2):
        platform.answer("POST", "/customers", msgspec.json.encode({"key": f"K{number}", "tax_id": f"GB{number}"}))
    rows = platform.answer("GET", "/customers?fields=id,tax_id&tax_id=GB2&limit=50", b"")[1]["rows"]
    assert [row["tax_id"] for row in rows] == ["GB2"]
    assert set(rows[0]) == {"id", "tax_id"}


def test_a_record_that_is_taken_away_is_missing(platform: Platform) -> None:
    assert platform.answer("DELETE", "/accounts/A000001", b"")[0] == 200
    assert platform.answer("GET", "/accounts/A000001", b"")[0] == 404
    assert platform.answer("PATCH", "/accounts/A000001", b"{}")[0] == 404


def test_writes_are_counted_and_the_first_of_each_record_is_stamped(platform: Platform) -> None:
    for name in ("A000001", "A000001", "A000002"):
        platform.answer("PATCH", f"/accounts/{name}", b"{}")
    told = platform.answer("DELETE", "/writes", b"")[1]
    assert told["count"] == 3
    assert told["first"]["A000001"] < told["first"]["A000002"]
    assert platform.answer("GET", "/writes", b"")[1] == {"first": {}, "count": 0}

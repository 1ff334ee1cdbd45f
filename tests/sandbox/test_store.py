"""A table answers from its indexes as a search through all of its rows would."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.store import Table

IDS = st.integers(1, 8).map(str)
COLOURS = st.sampled_from(["red", "blue", None])
CHANGES = st.lists(st.tuples(st.sampled_from(["insert", "update", "delete", "ask"]), IDS, COLOURS))


@given(CHANGES)
def test_indexes_keep_up_with_every_change(changes):
    table, rows = Table("Thing"), {}
    for change, record_id, colour in changes:
        if change == "insert" and record_id not in rows:
            rows[record_id] = colour
            table.insert({"id": record_id, "colour": colour})
        elif change == "update" and record_id in rows:
            rows[record_id] = colour
            table.update(record_id, {"colour": colour})
        elif change == "delete" and record_id in rows:
            del rows[record_id]
            table.delete(record_id)
        found = table.where("colour", [colour])
        assert {record["id"] for record in found} == {one for one, has in rows.items() if has == colour}
        assert len(table) == len(rows)


def test_each_record_is_found_once_in_the_order_of_the_values():
    table = Table("Thing")
    for record_id, colour in [("1", "red"), ("2", "blue"), ("3", "red")]:
        table.insert({"id": record_id, "colour": colour})
    assert [record["id"] for record in table.where("colour", ["blue", "red", "blue", "green"])] == ["2", "1", "3"]
    assert [record["id"] for record in table.where("id", ["3", "9", "1"])] == ["3", "1"]


def test_an_id_is_given_once():
    table = Table("Thing")
    table.insert({"id": "1"})
    with pytest.raises(KeyError, match="Thing 1 exists already"):
        table.insert({"id": "1"})

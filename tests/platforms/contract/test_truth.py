"""Every vendor tells the firm's truth, knows all fields that it has, and can write what it reads."""

from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum

import pytest
from graphql import GraphQLEnumType, get_named_type
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schema import enums
from schema.graph import core


async def test_its_rows_are_the_firms_records(case, facet, projection, read_all, told, matches):
    expected = case.truth(facet)
    found = [told(row) for row in await read_all(projection)]
    assert expected, f"the answer key tells no {facet.type}"
    if "id" in expected[0]:
        by_id = {row["id"]: row for row in found}
        assert len(by_id) == len(found)
        assert set(by_id) == case.held(facet)
        wrong = [(key, by_id[key["id"]]) for key in expected if not matches(key, by_id[key["id"]])]
        assert wrong == []
        return
    for key in expected:  # parts have no key of their own: each must be told once
        row = next((row for row in found if matches(key, row)), None)
        assert row is not None, key
        found.remove(row)
    assert found == []


def test_every_field_of_the_vendors_is_mapped_or_ignored_on_purpose(case, facet):
    mapped = {field.name.split(".")[0] for row in facet.rows for field in row.fields}
    has = case.fields(facet)
    assert has - mapped - facet.ignored == set()
    assert mapped & facet.ignored == set()


def test_it_declares_only_paths_that_it_has(facet):
    paths = facet.by_path().keys()
    assert "id" in paths
    assert "id" in facet.batch
    assert facet.batch.keys() <= paths
    assert facet.pushable.keys() <= paths
    assert facet.orders <= paths
    assert len(paths) == len(facet.rows), "a path is mapped twice"


def test_everything_that_it_maps_is_on_the_vendors_page(facet, vendor_name, request):
    page = (request.config.rootpath / "docs" / "vendors" / f"{vendor_name}.md").read_text(encoding="utf-8")
    said = {row.path for row in facet.rows} | {field.name for row in facet.rows for field in row.fields}
    assert {name for name in said if f"`{name}`" not in page} == set()


async def test_only_asked_fields_are_fetched(platform, facet):
    narrow = platform.reader.project(facet, ["id"])
    whole = platform.reader.project(facet, [row.path for row in facet.rows])
    assert set(narrow.fields) < set(whole.fields)


@pytest.fixture(scope="session")
def values_at():
    """A strategy for the canonical values of a path, from the graph's own type of it; ids and keys are text."""

    def strategy(facet, row):
        if row.names is not None:
            return st.sampled_from(sorted(set(row.names.values()), key=lambda value: value.name))
        kind = core().type_map[facet.type]
        for step in row.path.split("."):
            fields = getattr(kind, "fields", {})
            if step not in fields:
                return words
            kind = get_named_type(fields[step].type)
        if isinstance(kind, GraphQLEnumType):
            found: type[Enum] = getattr(enums, kind.name)
            return st.sampled_from(list(found))
        return plain.get(kind.name, words)

    words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40)
    plain = {
        "Decimal": st.decimals(min_value=-(10**9), max_value=10**9, places=2).map(Decimal),
        "Date": st.dates(min_value=date(1990, 1, 1), max_value=date(2100, 1, 1)),
        "DateTime": st.integers(0, 4 * 10**9).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
        "Boolean": st.booleans(),
        "Int": st.integers(0, 10**6),
    }
    return strategy


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_what_is_written_reads_back_as_it_was(data, facet, values_at):
    for row in facet.rows:
        if row.write is None:
            continue
        value = data.draw(values_at(facet, row), label=row.path)
        raw = row.write(value)
        assert len(raw) == len(row.fields), row.path
        assert row.canonical(*raw) == value, row.path

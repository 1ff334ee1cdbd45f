"""What the parser reads, and how it points at what it can't."""

import pytest

from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.soql.parser import parse
from sandbox.salesforce.soql.syntax import And, Comparison, Not, Or, Path


def test_a_misplaced_word_is_shown_with_a_caret_below_it() -> None:
    with pytest.raises(ApiError) as refused:
        parse("SELECT Id FORM Account")
    assert (refused.value.status, refused.value.code) == (400, "MALFORMED_QUERY")
    assert refused.value.message == (
        "\nSELECT Id FORM Account\n               ^\nERROR at Row:1:Column:16\nunexpected token: 'Account'"
    )


def test_the_row_is_counted_over_line_breaks() -> None:
    with pytest.raises(ApiError) as refused:
        parse("SELECT Id\nFROM Account\nWHERE Name = ;")
    assert "ERROR at Row:3:Column:14" in refused.value.message


@pytest.mark.parametrize(
    "soql",
    [
        "",
        "SELECT BOOM",
        "SELECT FROM Account",
        "SELECT Id, FROM Account",
        "SELECT Id FROM Account WHERE",
        "SELECT Id FROM Account WHERE Name = 'open",
        r"SELECT Id FROM Account WHERE Name = '\x'",
        "SELECT Id FROM Account WHERE Name == 'x'",
        "SELECT Id FROM Account WHERE Name = :name",
        'SELECT Id FROM Account WHERE Name = "x"',
        "SELECT Id FROM Account WHERE (Name = 'x'",
        "SELECT Id FROM Account WHERE Name = 'x')",
        "SELECT Id FROM Account WHERE Name = 'x' AND Phone = 'y' OR Fax = 'z'",
        "SELECT Id FROM Account WHERE Name = 'x' AND NOT Phone = 'y'",
        "SELECT Id FROM Account WHERE Id IN ()",
        "SELECT Id FROM Account LIMIT -1",
        "SELECT Id FROM Account LIMIT 1.5",
        "SELECT Id FROM Account ORDER BY",
        "SELECT Id FROM Account FOR UPDATE",
        "SELECT Id FROM Account ALL ROWS",
        "SELECT Id FROM Account; DELETE",
        "SELECT * FROM Account",
        "SELECT TYPEOF Owner WHEN User THEN Name END FROM Account",
        "SELECT toLabel(Name) FROM Account",
        "SELECT SUM() FROM Account",
        "SELECT FIELDS(SOME) FROM Account LIMIT 1",
        "SELECT Id FROM Account WHERE Name = 'x' OR Id IN (SELECT AccountId FROM Contact)",
        "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact WHERE Id IN (SELECT ContactId FROM Deal))",
        "SELECT Id FROM Account WHERE " + "(" * 300 + "Name = 'x'" + ")" * 300,
        "SELECT Id FROM Account WHERE Name = '" + "x" * 100_000 + "'",
    ],
)
def test_what_is_outside_the_grammar_is_a_malformed_query(soql: str) -> None:
    with pytest.raises(ApiError) as refused:
        parse(soql)
    assert refused.value.code == "MALFORMED_QUERY"


def test_an_offset_beyond_two_thousand_has_its_own_error() -> None:
    assert parse("SELECT Id FROM Account OFFSET 2000").offset == 2000
    with pytest.raises(ApiError) as refused:
        parse("SELECT Id FROM Account OFFSET 2001")
    assert refused.value.code == "NUMBER_OUTSIDE_VALID_RANGE"


def test_semi_joins_are_two_at_most() -> None:
    join = "Id IN (SELECT AccountId FROM Contact)"
    parse(f"SELECT Id FROM Account WHERE {join} AND {join}")
    with pytest.raises(ApiError):
        parse(f"SELECT Id FROM Account WHERE {join} AND {join} AND {join}")


def test_parentheses_group_and_not_negates_what_follows() -> None:
    where = parse("SELECT Id FROM Account WHERE (Name > 'x' OR (Name = 'x' AND Id > '001')) AND (NOT Fax = null)").where
    assert isinstance(where, And)
    keyset, negated = where.parts
    assert isinstance(keyset, Or)
    assert isinstance(keyset.parts[1], And)
    assert isinstance(negated, Not)
    assert isinstance(negated.part, Comparison)
    assert isinstance(negated.part.target, Path)


def test_keywords_are_read_in_any_case() -> None:
    query = parse("select Id from Account a where a.Name like 'x%' order by Name desc nulls last limit 5 for view")
    assert (query.alias, query.limit) == ("a", 5)
    assert query.order_by[0].descending
    assert not query.order_by[0].nulls_first

"""SuiteQL's grammar and Oracle's semantics, over a few rows that can be seen at a glance."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from sandbox.netsuite.suiteql.engine import Engine
from sandbox.netsuite.suiteql.refusals import QueryRefused
from sandbox.netsuite.suiteql.sources import Column, Row

PEOPLE = [
    {"id": "2", "name": "Åsa", "team": "10", "pay": Decimal("10.50"), "born": date(1990, 5, 1), "nick": None},
    {"id": "10", "name": "bob", "team": "10", "pay": Decimal(20), "born": date(1985, 1, 31), "nick": "B_b"},
    {"id": "1", "name": "Zoe", "team": "20", "pay": None, "born": None, "nick": "100%"},
    {"id": "30", "name": "Eve", "team": None, "pay": Decimal(-3), "born": date(2000, 12, 31), "nick": "O'Hara"},
]
TEAMS = [{"id": "10", "label": "North"}, {"id": "20", "label": "South"}, {"id": "30", "label": "Empty"}]
SEEN = datetime(2026, 11, 20, 9, 30, 15, tzinfo=UTC)


class Rows:
    def __init__(self, name: str, rows: list[dict[str, Any]], columns: Mapping[str, Column]) -> None:
        self.name, self._rows, self.columns = name, rows, columns
        self.indexed = frozenset({"id", "team"})
        self.scans = 0

    def rows(self) -> Iterable[Row]:
        self.scans += 1
        return self._rows

    def find(self, column: str, values: Sequence[Any]) -> Sequence[Row]:
        assert column in self.indexed
        return [row for value in values for row in self._rows if row[column] == value]


class Catalog:
    version = 1

    def __init__(self) -> None:
        teams = {"10": "North", "20": "South"}
        self.people = Rows(
            "person",
            PEOPLE,
            {
                "id": Column("id"),
                "name": Column("text"),
                "team": Column("id", display=lambda value, _: teams[value]),
                "pay": Column("number"),
                "born": Column("date"),
                "nick": Column("text"),
                "seen": Column("moment", compute=lambda _: SEEN),
            },
        )
        self.teams = Rows("team", TEAMS, {"id": Column("id"), "label": Column("text")})

    def source(self, name: str) -> Rows | None:
        return {"person": self.people, "team": self.teams}.get(name)


Ask = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def catalog() -> Catalog:
    return Catalog()


@pytest.fixture
def ask(catalog: Catalog) -> Ask:
    engine = Engine(catalog, lambda: SEEN)

    def run(q: str, *params: Any) -> list[dict[str, Any]]:
        items, total = engine.run(q, params, limit=1000, offset=0)
        assert total == len(items)
        return [{name: value for name, value in item.items() if name != "links"} for item in items]

    return run


def column(rows: list[dict[str, Any]], name: str = "v") -> list[Any]:
    return [row.get(name) for row in rows]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("-p.pay", "-10.5"),
        ("p.pay * 2 + 1", "22"),
        ("(p.pay - 0.5) / 4", "2.5"),
        ("1 + 2 * 3", "7"),
        ("'a' || NULL || 'b'", "ab"),
        ("p.name || ' ' || p.pay", "Åsa 10.5"),
        ("UPPER(p.name)", "ÅSA"),
        ("LOWER('AbC')", "abc"),
        ("NVL(p.nick, 'none')", "none"),
        ("COALESCE(NULL, p.nick, p.name)", "Åsa"),
        ("CASE WHEN p.pay > 15 THEN 'high' WHEN p.pay > 5 THEN 'low' ELSE 'none' END", "low"),
        ("CASE p.team WHEN 10 THEN 'ten' END", "ten"),
        ("CASE WHEN p.nick = 'x' THEN 1 END", None),
        ("BUILTIN.DF(p.team)", "North"),
        ("TO_CHAR(p.born, 'YYYY-MM-DD')", "1990-05-01"),
        ("p.born", "01/05/1990"),
        ("p.seen", "20/11/2026"),
        ("""TO_CHAR(p.seen, 'YYYY-MM-DD"T"HH24:MI:SS"Z"')""", "2026-11-20T09:30:15Z"),
        ("TO_CHAR(p.seen, 'DD-MON-YY HH12:MI AM')", "20-NOV-26 09:30 AM"),
        ("TO_CHAR(sysdate, 'YYYY')", "2026"),
        ("TRUNC(CURRENT_DATE) - TO_DATE('2026-11-01', 'YYYY-MM-DD')", "19"),
        ("TO_CHAR(TO_DATE('2026-01-31', 'YYYY-MM-DD') + 1, 'DD/MM/YYYY')", "01/02/2026"),
        ("ABS(-2.50)", "2.5"),
        ("ROUND(2.345, 2)", "2.35"),
        ("SUBSTR('abcdef', 2, 3)", "bcd"),
        ("LENGTH(p.name)", "3"),
        ("''", None),
        ("0.1 + 0.2", "0.3"),
        ("(SELECT MAX(t.label) FROM team t)", "South"),
    ],
)
def test_an_expression_is_worth_what_oracle_says(ask: Ask, expression: str, expected: str | None) -> None:
    assert column(ask(f"SELECT {expression} AS v FROM person p WHERE p.id = 2")) == [expected]


@pytest.mark.parametrize(
    ("condition", "ids"),
    [
        ("name = 'bob'", ["10"]),
        ("name = 'BOB'", []),
        ("id = '10'", ["10"]),
        ("id = 10.0", ["10"]),
        ("id = 10.5", []),
        ("pay != 20", ["2", "30"]),
        ("pay <> 20 OR pay IS NULL", ["1", "2", "30"]),
        ("NOT pay = 20", ["2", "30"]),
        ("NOT (pay = 20 OR nick = 'zzz')", ["30"]),
        ("nick = ''", []),
        ("nick <> ''", []),
        ("pay BETWEEN -3 AND 10.5", ["2", "30"]),
        ("pay NOT BETWEEN -3 AND 10.5", ["10"]),
        ("team IN (10, 20)", ["1", "2", "10"]),
        ("team NOT IN (10)", ["1"]),
        ("team NOT IN (10, NULL)", []),
        ("team IN (SELECT id FROM team WHERE label LIKE 'N%')", ["2", "10"]),
        ("EXISTS (SELECT t.id FROM team t WHERE t.id = person.team)", ["1", "2", "10"]),
        ("name LIKE '%o_'", ["1", "10"]),
        ("nick LIKE '100\\%' ESCAPE '\\'", ["1"]),
        ("nick LIKE 'B\\_b' ESCAPE '\\'", ["10"]),
        ("nick NOT LIKE '%''%'", ["1", "10"]),
        ("nick = 'O''Hara'", ["30"]),
        ("born >= TO_DATE('1990-05-01', 'YYYY-MM-DD')", ["2", "30"]),
        ("born > TO_DATE('1990-05-01 00:00:01', 'YYYY-MM-DD HH24:MI:SS')", ["30"]),
        ("born = '31/01/1985'", ["10"]),
        ("seen > TO_DATE('2026-11-20', 'YYYY-MM-DD')", ["1", "2", "10", "30"]),
        ("team = 10 AND (pay < 15 OR nick IS NOT NULL) AND NOT name = 'bob'", ["2"]),
    ],
)
def test_a_condition_keeps_these_rows(ask: Ask, condition: str, ids: list[str]) -> None:
    assert column(ask(f"SELECT id AS v FROM person WHERE {condition} ORDER BY id")) == ids


def test_parameters_stand_for_values_and_never_for_text(ask: Ask) -> None:
    q = "SELECT id AS v FROM person WHERE nick IN (?, ?) OR pay = ? ORDER BY id"
    assert column(ask(q, "O'Hara", "x' OR '1'='1", 20)) == ["10", "30"]


@pytest.mark.parametrize(
    ("order", "ids"),
    [
        ("pay", ["30", "2", "10", "1"]),
        ("pay DESC", ["1", "10", "2", "30"]),
        ("pay NULLS FIRST", ["1", "30", "2", "10"]),
        ("pay DESC NULLS LAST", ["10", "2", "30", "1"]),
        ("team DESC NULLS LAST, pay DESC", ["1", "10", "2", "30"]),
        ("name", ["30", "1", "10", "2"]),  # by code point: capitals, then small letters, then Å
        ("v DESC", ["30", "10", "2", "1"]),
        ("1", ["1", "2", "10", "30"]),
    ],
)
def test_orders_put_nulls_last_when_ascending(ask: Ask, order: str, ids: list[str]) -> None:
    assert column(ask(f"SELECT id AS v FROM person ORDER BY {order}")) == ids


def test_joins_follow_keys_and_left_joins_keep_what_has_no_partner(ask: Ask) -> None:
    inner = ask("SELECT p.name, t.label FROM person p JOIN team t ON t.id = p.team ORDER BY p.name")
    assert [(row["name"], row["label"]) for row in inner] == [("Zoe", "South"), ("bob", "North"), ("Åsa", "North")]
    left = ask("SELECT t.label, p.name FROM team t LEFT JOIN person p ON p.team = t.id AND p.pay > 15 ORDER BY t.label")
    assert left == [{"label": "Empty"}, {"label": "North", "name": "bob"}, {"label": "South"}]
    unmatched = ask("SELECT t.label FROM team t LEFT JOIN person p ON p.team = t.id WHERE p.id IS NULL")
    assert column(unmatched, "label") == ["Empty"]


def test_a_comma_joins_and_a_table_may_join_itself(ask: Ask) -> None:
    pairs = ask("SELECT a.name AS a, b.name AS b FROM person a, person b WHERE a.team = b.team AND a.id < b.id")
    assert pairs == [{"a": "Åsa", "b": "bob"}]


def test_keys_are_looked_up_and_not_searched_for(ask: Ask, catalog: Catalog) -> None:
    ask("SELECT p.id FROM person p JOIN team t ON t.id = p.team WHERE t.label > 'A' AND p.id IN ('2', '10')")
    assert (catalog.people.scans, catalog.teams.scans) == (0, 0)


def test_groups_are_counted_summed_and_chosen_by_having(ask: Ask) -> None:
    q = """SELECT team, COUNT(*) AS n, COUNT(pay) AS paid, SUM(pay) AS total, MIN(name) AS first, MAX(born) AS last
           FROM person GROUP BY team HAVING COUNT(*) > 0 ORDER BY SUM(pay) DESC NULLS LAST"""
    assert ask(q) == [
        {"team": "10", "n": "2", "paid": "2", "total": "30.5", "first": "bob", "last": "01/05/1990"},
        {"n": "1", "paid": "1", "total": "-3", "first": "Eve", "last": "31/12/2000"},
        {"team": "20", "n": "1", "paid": "0", "first": "Zoe"},
    ]


def test_an_aggregate_of_no_rows_is_one_row(ask: Ask) -> None:
    assert ask("SELECT COUNT(*) AS n, SUM(pay) AS s FROM person WHERE id = 99") == [{"n": "0"}]
    assert ask("SELECT team, COUNT(*) AS n FROM person WHERE id = 99 GROUP BY team") == []


def test_an_expression_grouped_by_may_be_selected(ask: Ask) -> None:
    q = "SELECT UPPER(person.name) AS v FROM person GROUP BY UPPER(name) ORDER BY UPPER(name) FETCH FIRST 2 ROWS ONLY"
    assert column(ask(q)) == ["BOB", "EVE"]


def test_distinct_and_fetch_first(ask: Ask) -> None:
    assert column(ask("SELECT DISTINCT team AS v FROM person ORDER BY team")) == ["10", "20", None]
    assert column(ask("SELECT COUNT(DISTINCT team) AS v FROM person")) == ["2"]
    assert len(ask("SELECT id FROM person ORDER BY id FETCH FIRST 3 ROWS ONLY")) == 3


def test_a_subquery_may_refer_to_the_query_around_it(ask: Ask) -> None:
    q = "SELECT t.label, (SELECT SUM(p.pay) FROM person p WHERE p.team = t.id) AS pay FROM team t ORDER BY t.label"
    assert ask(q) == [{"label": "Empty"}, {"label": "North", "pay": "30.5"}, {"label": "South"}]


def test_names_of_results_are_lower_case(ask: Ask) -> None:
    (row,) = ask("SELECT P.Name AS FullName, P.ID, 1 + 1, COUNT(*) FROM Person P WHERE P.ID = 1 GROUP BY P.Name, P.ID")
    assert row == {"fullname": "Zoe", "id": "1", "expr1": "2", "expr2": "1"}
    assert set(ask("SELECT t.* FROM team t WHERE t.id = 10")[0]) == {"id", "label"}


@pytest.mark.parametrize(
    "q",
    [
        "WITH x AS (SELECT id FROM person) SELECT id FROM x",
        "SELECT id FROM person LIMIT 5",
        "SELECT [id] FROM person",
        "SELECT id FROM person; DELETE FROM person",
        "DELETE FROM person",
        "SELECT id FROM person UNION SELECT id FROM team",
        "SELECT id FROM person RIGHT JOIN team ON team.id = person.team",
        "SELECT id FROM person WHERE",
        "SELECT id FROM person WHERE name",
        "SELECT id FROM person WHERE name LIKE '%x' ESCAPE '%%'",
        "SELECT id, FROM person",
        "SELECT FROM person",
        "SELECT 'open FROM person",
        "SELECT NOSUCH(id) FROM person",
        "SELECT UPPER() FROM person",
        "SELECT SUM(pay) FROM person WHERE SUM(pay) > 1",
        "SELECT id FROM person WHERE (SELECT id FROM team) = 1",
        "SELECT id FROM person WHERE born > 5",
        "SELECT 1 / 0 FROM person",
        "SELECT * FROM person GROUP BY id",
        "SELECT id FROM person ORDER BY 7",
        "SELECT TO_CHAR(born, 'QQQQ') FROM person",
    ],
)
def test_what_is_outside_the_dialect_is_refused(ask: Ask, q: str) -> None:
    with pytest.raises(QueryRefused, match="Invalid or unsupported search"):
        ask(q)


@pytest.mark.parametrize(
    ("q", "message"),
    [
        ("SELECT id FROM nowhere", "Record 'nowhere' was not found"),
        (
            "SELECT p.wage FROM person p JOIN team t ON t.id = p.team",
            r"Unknown identifier 'wage'. Available identifiers are: \{p=person, t=team\}",
        ),
        ("SELECT x.id FROM person p", "Unknown identifier 'x'"),
        ("SELECT id FROM person p JOIN team t ON t.id = p.team", "'id' is ambiguous"),
        ("SELECT name, COUNT(*) FROM person", "'name' is not a GROUP BY expression"),
        ("SELECT id FROM person WHERE id = 'abc'", "Invalid number: 'abc'"),
        ("SELECT id FROM person WHERE name = 7", "Invalid number: "),
        ("SELECT id FROM person WHERE born > '2026-01-01'", "Invalid date value"),
        ("SELECT id FROM person WHERE born > TO_DATE('2026-02-30', 'YYYY-MM-DD')", "Invalid date value"),
        (
            f"SELECT id FROM person WHERE id IN ({','.join(['1'] * 1001)})",
            "maximum number of expressions in a list is 1000",
        ),
        ("SELECT id FROM person WHERE id = ?", "has 1 parameters, 0 were given"),
    ],
)
def test_a_wrong_query_is_refused_with_its_reason(ask: Ask, q: str, message: str) -> None:
    with pytest.raises(QueryRefused, match=message):
        ask(q)


def test_parameters_must_be_as_many_as_question_marks(ask: Ask) -> None:
    with pytest.raises(QueryRefused, match="has 1 parameters, 2 were given"):
        ask("SELECT id FROM person WHERE id = ?", "1", "2")


def test_a_thousand_items_are_not_too_many(ask: Ask) -> None:
    assert column(ask(f"SELECT id AS v FROM person WHERE id IN ({','.join(map(str, range(1000)))}) ORDER BY id")) == [
        "1",
        "2",
        "10",
        "30",
    ]

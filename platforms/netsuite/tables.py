"""How a record is found in SuiteQL: its table, what may be joined to it, and its columns as declared rows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What a column holds, which decides how it is told and compared."""

    TEXT = "text"
    ID = "id"
    """An internal id: decimal digits, a number in the vendor's eyes."""
    KEY = "key"
    """Text that names a record of another platform."""
    NUMBER = "number"
    DAY = "day"
    MOMENT = "moment"
    FLAG = "flag"
    """`T` or `F`."""


@dataclass(frozen=True, slots=True)
class Column:
    """An expression of SuiteQL, the joins that it needs, and how many `?` in it stand for today."""

    sql: str
    kind: Kind = Kind.TEXT
    join: str = ""
    todays: int = 0

    @property
    def told(self) -> str:
        """The expression as it is selected: dates by TO_CHAR, since bare ones come in the user's own format."""
        match self.kind:
            case Kind.DAY:
                return f"TO_CHAR({self.sql}, 'YYYY-MM-DD')"
            case Kind.MOMENT:
                return f"TO_CHAR({self.sql}, 'YYYY-MM-DD\"T\"HH24:MI:SS')"
            case _:
                return self.sql


@dataclass(frozen=True, slots=True)
class Join:
    """`table` names the alias too; `after` is the alias of another join that the condition speaks of.

    `always`: the join decides which rows there are, so no query goes without it. `inner`: it is never optional.
    """

    alias: str
    table: str
    on: str
    after: str = ""
    always: bool = False
    inner: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The rows of one facet. `columns` go by the names that the answer's items give them.

    `repeats`: several rows may bear one id, so that paging can't go on behind an id.
    """

    table: str
    id: str
    always: str = ""
    joins: tuple[Join, ...] = ()
    columns: Mapping[str, Column]
    repeats: bool = False

    def column(self, name: str) -> Column:
        """A declared column, else the table's own of that name."""
        return self.columns.get(name) or Column(f"{self.table.split()[1]}.{name}")

    def from_clause(self, needed: Iterable[str], strict: Iterable[str]) -> str:
        """FROM with the joins of the needed aliases; those in `strict` must find a row, which spares the rest."""
        wanted = self._with_parents(needed) | {join.alias for join in self.joins if join.always}
        inner = self._with_parents(strict)
        parts = [f" FROM {self.table}"]
        for join in self.joins:
            if join.alias in wanted or join.alias in inner:
                how = "JOIN" if join.inner or join.alias in inner else "LEFT JOIN"
                parts.append(f" {how} {join.table} ON {join.on}")
        return "".join(parts)

    def _with_parents(self, aliases: Iterable[str]) -> set[str]:
        after = {join.alias: join.after for join in self.joins}
        found: set[str] = set()
        for alias in aliases:
            while alias and alias not in found:
                found.add(alias)
                alias = after[alias]  # noqa: PLW2901 - walks up the chain
        return found


def text(sql: str, join: str = "") -> Column:
    return Column(sql, Kind.TEXT, join)


def key(sql: str, join: str = "") -> Column:
    return Column(sql, Kind.KEY, join)


def internal_id(sql: str, join: str = "") -> Column:
    return Column(sql, Kind.ID, join)


def amount(sql: str, join: str = "") -> Column:
    return Column(sql, Kind.NUMBER, join)


def day(sql: str) -> Column:
    return Column(sql, Kind.DAY)


def moment(sql: str) -> Column:
    return Column(sql, Kind.MOMENT)


def flag(sql: str) -> Column:
    return Column(sql, Kind.FLAG)

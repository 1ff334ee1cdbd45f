"""SOQL's grammar: tokens to syntax."""

from sandbox.salesforce.soql import syntax
from sandbox.salesforce.soql.conditions import ConditionReader
from sandbox.salesforce.soql.faults import at_position, malformed
from sandbox.salesforce.soql.reading import Reader

MAX_QUERY_LENGTH = 100_000
MAX_OFFSET = 2000
MAX_DIGITS = 18
MAX_SUBQUERIES = 20
MAX_SUBQUERY_LEVELS = 4  # below the root: five levels in all
AGGREGATES = frozenset({"COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"})
_FIELD_GROUPS = frozenset({"ALL", "STANDARD", "CUSTOM"})


def parse(text: str) -> syntax.Query:
    """The query, or MALFORMED_QUERY. Grammar: `sforce_api_calls_soql_select.htm` of the SOQL reference."""
    if len(text) > MAX_QUERY_LENGTH:
        raise malformed(f"SOQL statements cannot be longer than {MAX_QUERY_LENGTH} characters.")
    reader = QueryReader(Reader(text))
    query = reader.query(level=0)
    reader.tokens.expect_end()
    return query


class QueryReader:
    """Reads one query and, by recursion, what stands inside it."""

    def __init__(self, tokens: Reader) -> None:
        self.tokens = tokens
        self.conditions = ConditionReader(tokens, self)

    def query(self, *, level: int) -> syntax.Query:
        tokens = self.tokens
        tokens.expect_word("SELECT")
        select = self._select(level)
        tokens.expect_word("FROM")
        source = tokens.expect("name")
        alias = self._alias()
        if tokens.take_word("USING"):
            tokens.expect_word("SCOPE")
            tokens.expect("name")
        where = self.conditions.condition() if tokens.take_word("WHERE") else None
        if tokens.take_word("WITH"):
            tokens.expect("name")
        group_by, having = self._grouping()
        order_by = self._order_by()
        limit = self._number() if tokens.take_word("LIMIT") else None
        offset = self._offset() if tokens.take_word("OFFSET") else 0
        self._trailer()
        return syntax.Query(
            select=select,
            source=source.text,
            source_at=source.at,
            alias=alias,
            where=where,
            group_by=group_by,
            having=having,
            order_by=order_by,
            limit=limit,
            offset=offset,
        )

    def _select(self, level: int) -> tuple[syntax.Selected, ...]:
        select = [self._selected(level)]
        while self.tokens.take_symbol(","):
            select.append(self._selected(level))
        if sum(isinstance(each.what, syntax.Query) for each in select) > MAX_SUBQUERIES:
            raise malformed(f"maximum of {MAX_SUBQUERIES} sub-queries is allowed in one query")
        return tuple(select)

    def _selected(self, level: int) -> syntax.Selected:
        tokens = self.tokens
        if tokens.take_symbol("("):
            if level >= MAX_SUBQUERY_LEVELS:
                raise at_position(tokens.text, tokens.at, "sub-queries may be nested five levels deep at most")
            inner = self.query(level=level + 1)
            tokens.expect_symbol(")")
            return syntax.Selected(inner)
        name = tokens.expect("name")
        if name.word == "TYPEOF":
            raise at_position(
                tokens.text, name.at, "TYPEOF is not supported here: this object has no polymorphic field"
            )
        if not tokens.take_symbol("("):
            return syntax.Selected(syntax.Path(tuple(name.text.split(".")), name.at), self._alias())
        if name.word == "FIELDS":
            group = tokens.expect("name")
            if group.word not in _FIELD_GROUPS:
                raise at_position(tokens.text, group.at, f"unexpected token: '{group.text}'")
            tokens.expect_symbol(")")
            return syntax.Selected(syntax.FieldGroup(group.word, name.at))
        return syntax.Selected(self.aggregate(name.text, name.at), self._alias())

    def aggregate(self, name: str, at: int) -> syntax.Aggregate:
        """The aggregate whose opening parenthesis was just read."""
        function = name.upper()
        if function not in AGGREGATES:
            raise at_position(self.tokens.text, at, f"Unknown function: {name}")
        if self.tokens.take_symbol(")"):
            if function != "COUNT":
                raise at_position(self.tokens.text, self.tokens.at, f"{function} needs a field")
            return syntax.Aggregate(function, None, at)
        argument = self.tokens.expect("name")
        self.tokens.expect_symbol(")")
        return syntax.Aggregate(function, syntax.Path(tuple(argument.text.split(".")), argument.at), at)

    def _alias(self) -> str | None:
        token = self.tokens.peek
        if token.kind == "name" and "." not in token.text and token.word not in Reader.CLAUSES:
            return self.tokens.next().text
        return None

    def _grouping(self) -> tuple[tuple[syntax.Path, ...], syntax.Condition | None]:
        tokens = self.tokens
        if not tokens.take_word("GROUP"):
            return (), None
        tokens.expect_word("BY")
        paths = []
        while True:
            name = tokens.expect("name")
            if tokens.peek.text == "(":
                raise at_position(tokens.text, name.at, f"Unknown function: {name.text}")
            paths.append(syntax.Path(tuple(name.text.split(".")), name.at))
            if not tokens.take_symbol(","):
                break
        having = self.conditions.condition() if tokens.take_word("HAVING") else None
        return tuple(paths), having

    def _order_by(self) -> tuple[syntax.Ordering, ...]:
        tokens = self.tokens
        if not tokens.take_word("ORDER"):
            return ()
        tokens.expect_word("BY")
        orderings = [self._ordering()]
        while tokens.take_symbol(","):
            orderings.append(self._ordering())
        return tuple(orderings)

    def _ordering(self) -> syntax.Ordering:
        tokens = self.tokens
        target = self.conditions.target()
        descending = bool(tokens.take_word("DESC"))
        if not descending:
            tokens.take_word("ASC")
        nulls_first = True
        if tokens.take_word("NULLS"):
            nulls_first = bool(tokens.take_word("FIRST"))
            if not nulls_first:
                tokens.expect_word("LAST")
        return syntax.Ordering(target, descending, nulls_first)

    def _number(self) -> int:
        token = self.tokens.expect("number")
        if not token.text.isdigit() or len(token.text) > MAX_DIGITS:
            raise at_position(self.tokens.text, token.at, f"unexpected token: '{token.text}'")
        return int(token.text)

    def _offset(self) -> int:
        at = self.tokens.at
        offset = self._number()
        if offset > MAX_OFFSET:
            raise at_position(
                self.tokens.text, at, f"Maximum SOQL offset allowed is {MAX_OFFSET}", "NUMBER_OUTSIDE_VALID_RANGE"
            )
        return offset

    def _trailer(self) -> None:
        """FOR VIEW and FOR REFERENCE are read and ignored; locks and ALL ROWS belong to Apex."""
        tokens = self.tokens
        while tokens.take_word("FOR"):
            purpose = tokens.expect("name")
            if purpose.word not in {"VIEW", "REFERENCE"}:
                raise at_position(tokens.text, purpose.at, f"unexpected token: '{purpose.text}'")
        if tokens.peek.word == "ALL":
            raise at_position(tokens.text, tokens.at, "ALL ROWS not allowed in this context")

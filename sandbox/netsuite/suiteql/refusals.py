"""What SuiteQL answers when it can't run a query, in the vendor's own words."""


class QueryRefused(Exception):  # noqa: N818  # an answer of the API, no fault
    """The query is outside the dialect or names what isn't there; the text follows the vendor's fixed opening."""


def unsupported() -> QueryRefused:
    """The vendor's answer to nearly every syntax it does not know; it names no position."""
    return QueryRefused("Search error occurred: Invalid or unsupported search.")


def no_such_table(name: str) -> QueryRefused:
    return QueryRefused(f"Search error occurred: Record '{name}' was not found.")


def no_such_column(name: str, tables: dict[str, str]) -> QueryRefused:
    known = ", ".join(f"{alias}={table}" for alias, table in tables.items())
    return QueryRefused(f"Search error occurred: Unknown identifier '{name}'. Available identifiers are: {{{known}}}.")


def ambiguous_column(name: str) -> QueryRefused:
    return QueryRefused(f"Search error occurred: Field '{name}' is ambiguous. Qualify it with its table.")


def not_a_number(text: str) -> QueryRefused:
    return QueryRefused(f"Search error occurred: Invalid number: '{text}'.")


def not_a_date(text: str) -> QueryRefused:
    return QueryRefused(f"Search error occurred: Invalid date value: '{text}'.")


def not_grouped(what: str) -> QueryRefused:
    return QueryRefused(f"Search error occurred: '{what}' is not a GROUP BY expression.")


def too_many_items(limit: int) -> QueryRefused:
    return QueryRefused(f"Search error occurred: The maximum number of expressions in a list is {limit}.")


def wrong_parameters(expected: int, given: int) -> QueryRefused:
    return QueryRefused(f"Search error occurred: The query has {expected} parameters, {given} were given.")

"""Which records a request means, in which order, and which of them are on the page: filter, order, paginate.

As brainstem's `FilterOrSearch` strategy does it (github.com/mavenlink/brainstem), with the limits of
https://developer.kantata.com/section/pagination
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from sandbox.kantata.account import Account
from sandbox.kantata.collection import Collection, Filter, Keep
from sandbox.kantata.errors import BadRequestError
from sandbox.kantata.filters import REFERENCE_COLUMNS, REFERENCE_LIST, reference_presence, referenced
from sandbox.kantata.parameters import filter_value, given, leading_integer, listed
from sandbox.store import Record

DEFAULT_PER_PAGE = 20
MAX_PER_PAGE = 200
WORTH_KEEPING = 200  # shorter lists are sorted again faster than they are looked up


@dataclass(frozen=True, slots=True)
class Page:
    """`count` is that of the whole query; `number` and `pages` are 0 where nothing was found."""

    records: list[Record]
    count: int
    number: int
    pages: int
    size: int


def select(account: Account, collection: Collection, params: Mapping[str, Any]) -> Page:
    """The page of a list request. Unknown filters and orders are ignored. Raises BadRequestError on unreadable ones."""
    if collection.required_filter and given(params, collection.required_filter) is None:
        raise BadRequestError(f"{collection.required_filter} is required")
    searching = bool(collection.search) and given(params, "search") is not None
    wanted = given(params, "only") if not searching else None
    if wanted is not None:
        ids = [text for text in listed(wanted) if text.isascii() and text.isdigit()]
        # Paging is skipped for `only`: all that is found is answered at once.
        records = _ordered(
            _narrowed(account, collection, params, account.tables[collection.name].where("id", ids)), collection, params
        )
        return _page(records, len(records), params)
    found = _listed(account, collection, params, searching=searching)
    limit, offset = limit_and_offset(params)
    return _page(found[offset : offset + limit], len(found), params)


def single(account: Account, collection: Collection, record_id: str, params: Mapping[str, Any]) -> Page | None:
    """The record of a show request, unless a filter, given or by default, hides it."""
    row = account.tables[collection.name].get(record_id)
    kept = _narrowed(account, collection, params, [row]) if row is not None else []
    return _page(kept, 1, params) if kept else None


def just(records: list[Record]) -> Page:
    """What a create or update answers: the records themselves, whatever the filters' defaults hide."""
    return _page(records, len(records), {})


def per_page(params: Mapping[str, Any]) -> int:
    """Larger values are clamped to 200; below 1, the default."""
    value = given(params, "per_page")
    size = min(leading_integer(value), MAX_PER_PAGE) if value is not None else DEFAULT_PER_PAGE
    return size if size >= 1 else DEFAULT_PER_PAGE


def limit_and_offset(params: Mapping[str, Any]) -> tuple[int, int]:
    """`limit` and `offset`, which count only when both are given, else those of `page` and `per_page`."""
    limit, offset = given(params, "limit"), given(params, "offset")
    if limit is not None and offset is not None:
        return min(max(leading_integer(limit), 1), MAX_PER_PAGE), max(leading_integer(offset), 0)
    size = per_page(params)
    return size, size * (max(leading_integer(params.get("page", 1)), 1) - 1)


def _page(records: list[Record], count: int, params: Mapping[str, Any]) -> Page:
    size = per_page(params)
    number = leading_integer(params.get("page", 1)) if count else 0
    return Page(records, count, number, -(-count // size), size)


def _listed(account: Account, collection: Collection, params: Mapping[str, Any], *, searching: bool) -> list[Record]:
    lists = account.selected.at(account.version)
    key = (collection.name, searching, params.get("order"), frozenset(_comparable(requested(collection, params))))
    if searching:
        key = (*key, params.get("search"))  # type: ignore[assignment]
    if not collection.volatile and key in lists:
        return lists[key]
    kept = _narrowed(account, collection, params, None)
    found = _searched(collection, kept, str(params["search"])) if searching else _ordered(kept, collection, params)
    if not collection.volatile and len(found) > WORTH_KEEPING:
        lists[key] = found
    return found


def _comparable(given_filters: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    return ((name, str(value)) for name, value in given_filters.items())


def requested(collection: Collection, params: Mapping[str, Any]) -> dict[str, Any]:
    """The filters that apply: those given, and the defaults of the others."""
    names: dict[str, Any] = {name: declared.default for name, declared in collection.filters.items()}
    if collection.synced:
        names.update(dict.fromkeys((*REFERENCE_COLUMNS, REFERENCE_LIST, *reference_presence(collection))))
    values = ((name, filter_value(params.get(name)), default) for name, default in names.items())
    return {
        name: default if value is None else value
        for name, value, default in values
        if (default if value is None else value) is not None
    }


def _narrowed(
    account: Account, collection: Collection, params: Mapping[str, Any], among: list[Record] | None
) -> list[Record]:
    """The records that pass every filter: from the shortest indexed set, then test by test."""
    filters = requested(collection, params)
    declared: dict[str, Filter] = {**collection.filters}
    if collection.synced:
        declared.update(reference_presence(collection))
    sets: list[list[Record]] = [] if among is None else [among]
    tests: list[Keep] = []
    linked = referenced(account, collection, filters) if collection.synced else None
    if linked is not None:
        sets.append(linked)
    for name, value in filters.items():
        rule = declared.get(name)
        if rule is None:
            continue
        if rule.rows is not None:
            sets.append(list(rule.rows(account, collection.name, value)))
        test = rule.keep(account, value, filters) if rule.keep is not None else None
        if test is not None:
            tests.append(test)
    kept = _intersection(sets) if sets else list(account.tables[collection.name])
    for test in tests:
        kept = [row for row in kept if test(row)]
    return kept


def _intersection(sets: list[list[Record]]) -> list[Record]:
    shortest, *others = sorted(sets, key=len)
    members = [{row["id"] for row in other} for other in others]
    return [row for row in shortest if all(row["id"] in ids for ids in members)]


def sort_of(collection: Collection, params: Mapping[str, Any]) -> tuple[str, bool]:
    """The column and whether it descends; an order the endpoint doesn't know is its default order."""
    name, _, direction = str(params.get("order") or "").partition(":")
    if name not in collection.orders:
        name, _, direction = collection.default_order.partition(":")
    return collection.orders.get(name, name), direction == "desc"


def _ordered(records: list[Record], collection: Collection, params: Mapping[str, Any]) -> list[Record]:
    """Sorted, equal ones by id ascending; nulls are least."""
    column, descending = sort_of(collection, params)
    by_id = sorted(records, key=lambda row: int(row["id"]))
    if column == "id":
        return by_id[::-1] if descending else by_id
    if all(row.get(column) is not None for row in by_id):
        return sorted(by_id, key=itemgetter(column), reverse=descending)
    return sorted(by_id, key=lambda row: _null_least(row.get(column)), reverse=descending)


def _null_least(value: Any) -> tuple[bool, Any]:
    return (value is not None, value if value is not None else 0)


def _searched(collection: Collection, records: list[Record], sought: str) -> list[Record]:
    """By relevance: what starts with the words before what merely holds them."""
    words = sought.casefold()
    ranked = []
    for row in records:
        texts = [str(row.get(column) or "").casefold() for column in collection.search]
        if any(words in text for text in texts):
            ranked.append((not any(text.startswith(words) for text in texts), int(row["id"]), row))
    return [row for _, _, row in sorted(ranked, key=itemgetter(0, 1))]

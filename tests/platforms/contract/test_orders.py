"""Orders that a vendor says it can make, and pages that go on behind a row's values: every row once, in order."""

from itertools import pairwise

from platforms.predicates import all_of
from platforms.readers import Order
from resolvers.run.conditions import behind


def comparable(value):
    return value.casefold() if isinstance(value, str) else value


def id_key(value):
    return int(value) if value.isdecimal() else value


def orders_of(facet):
    return [Order(path, descending) for path in sorted(facet.orders) for descending in (False, True)]


async def test_rows_without_an_order_come_by_id_or_where_ids_cant_be_ordered_by_always_alike(
    facet, projection, read_all, told
):
    ids = [id_key(told(row)["id"]) for row in await read_all(projection)]
    again = [id_key(told(row)["id"]) for row in await read_all(projection)]
    assert ids == (sorted(ids) if facet.keyset else again)


async def test_each_order_puts_missing_values_at_its_low_end_and_ties_by_id(facet, projection, read_all, told):
    everything = {row["id"] for row in map(told, await read_all(projection))}
    for order in orders_of(facet):
        rows = [told(row) for row in await read_all(projection, order=(order,))]
        assert {row["id"] for row in rows} == everything
        assert len(rows) == len(everything)
        values = [row[order.path] for row in rows]
        missing = [value is None for value in values]
        assert missing == sorted(missing, reverse=not order.descending), order
        key = id_key if order.path == "id" else comparable
        there = [key(value) for value in values if value is not None]
        assert there == sorted(there, reverse=order.descending), order
        ties = pairwise(rows)
        assert all(id_key(one["id"]) < id_key(two["id"]) for one, two in ties if one[order.path] == two[order.path]), (
            order
        )


async def test_pages_behind_a_rows_values_bring_every_row_once_and_in_order(facet, projection, read_all, told):
    for order in [(), *((order,) for order in orders_of(facet) if order.path != "id")]:
        whole = [row["id"] for row in map(told, await read_all(projection, order=order))]
        size = max(7, len(whole) // 5)
        seen: list[str] = []
        place = None
        while True:
            query = following(facet, order, place, size, offset=len(seen))
            page = [told(row) for row in await read_all(projection, **query)][:size]
            seen += [row["id"] for row in page]
            if len(page) < size:
                break
            place = page[-1]
        assert seen == whole, order


async def test_two_orders_go_one_after_the_other(facet, projection, read_all, told):
    paths = sorted(facet.orders - {"id"})[:2]
    if len(paths) == 2:
        order = (Order(paths[0], descending=True), Order(paths[1]))
        rows = [told(row) for row in await read_all(projection, order=order)]
        for one, two in pairwise(rows):
            if one[paths[0]] == two[paths[0]] and None not in (one[paths[1]], two[paths[1]]):
                assert comparable(one[paths[1]]) <= comparable(two[paths[1]])


def following(facet, order, place, size, *, offset):
    """The next page as the graph asks for it."""
    if place is None or not facet.keyset:
        return {"order": order, "limit": size, "offset": offset}
    values = tuple(place[item.path] for item in order)
    return {"order": order, "limit": size, "where": all_of([behind(order, values, place["id"])])}

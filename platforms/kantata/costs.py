"""How many calls a write takes at most: what can't ride in the record's own request, and what is looked up for it."""

from collections.abc import Mapping
from typing import Any

from platforms.kantata.kept import Kept
from platforms.kantata.places import Custom, Place, Reference, Role, needs_currency


def calls_of_new(kept: Kept, values: Mapping[str, Any]) -> int:
    """`values` without missing ones. The currency of a record without one of its own is its project's."""
    places = {path: kept.places[path] for path in values}
    asks_project = kept.currency is None and _counts_money(places, values)
    waits = kept.currency is not None and kept.currency not in values and _counts_money(places, values)
    return 1 + _looked_up(places) + _beside(places, values) + asks_project + waits


def calls_of_change(kept: Kept, values: Mapping[str, Any]) -> int:
    """A missing value clears, and what goes has an id of its own, which must be known."""
    places = {path: kept.places[path] for path in values}
    cleared = [path for path, place in places.items() if values[path] is None and isinstance(place, Custom | Reference)]
    rides = any(
        not isinstance(place, Reference) and not (isinstance(place, Custom) and not place.rides)
        for path, place in places.items()
        if path not in cleared
    )
    asks_record = bool(cleared) or _counts_money(places, values)
    return rides + _looked_up(places) + _beside(places, values) + len(cleared) + asks_record


def _looked_up(places: Mapping[str, Place]) -> int:
    """The account's own names: custom fields of each kind of record, and roles."""
    fields = {place.of for place in places.values() if isinstance(place, Custom)}
    return len(fields) + any(isinstance(place, Role) for place in places.values())


def _beside(places: Mapping[str, Place], values: Mapping[str, Any]) -> int:
    """Calls of their own: one for each reference, one for all custom values that don't ride."""
    given = [place for path, place in places.items() if values[path] is not None]
    references = sum(isinstance(place, Reference) for place in given)
    return references + any(isinstance(place, Custom) and not place.rides for place in given)


def _counts_money(places: Mapping[str, Place], values: Mapping[str, Any]) -> bool:
    try:
        return any(values[path] is not None and needs_currency(place, values[path]) for path, place in places.items())
    except ValueError:  # an amount that can't be sent: the write will say so
        return True

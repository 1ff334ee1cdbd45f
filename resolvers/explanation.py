"""What an operation cost, in words: `extensions.plan`, on request."""

from collections.abc import Sequence
from typing import Any

from platforms.call_log import UpstreamCall
from platforms.predicates import And, Compare, Constant, Missing, Not, Or, Predicate
from platforms.readers import Order
from resolvers.run.reads import ReadNote
from resolvers.run.settled import RelatedKeys

SHOWN_KEYS = 5


def explained(notes: Sequence[ReadNote], calls: Sequence[UpstreamCall]) -> dict[str, Any]:
    """`reads`: what was read, and what of the condition and order was pushed or done here. `calls`: what that took."""
    return {
        "reads": [
            {
                "platform": note.platform,
                "entity": note.projection.facet.entity,
                "type": note.projection.facet.type,
                "fields": list(note.projection.fields),
                "by": note.by or None,
                "keys": note.keys or None,
                "pushed": None if note.pushed is None else words(note.pushed),
                "local": None if note.local is None else words(note.local),
                "order": order_words(note.order) or None,
            }
            for note in notes
        ],
        "calls": [
            {
                "platform": call.platform,
                "route": call.route,
                "statement": call.statement,
                "milliseconds": round(call.ms, 2),
                "status": call.status,
                "attempt": call.attempt,
                "code": call.code,
                "shared": call.shared,
            }
            for call in calls
        ],
    }


def words(where: Predicate) -> str:
    """A condition as a person reads it."""
    match where:
        case Constant(value):
            return "always" if value else "never"
        case Compare(path, operator, value, negated):
            return f"{'not ' if negated else ''}{path} {operator} {_value(value)}"
        case Missing(path, negated):
            return f"{path} is {'there' if negated else 'missing'}"
        case And(parts):
            return " and ".join(f"({words(part)})" if isinstance(part, Or) else words(part) for part in parts)
        case Or(parts):
            return " or ".join(f"({words(part)})" if isinstance(part, And) else words(part) for part in parts)
        case Not(part):
            return f"not ({words(part)})"


def order_words(order: Sequence[Order]) -> str:
    return ", ".join(f"{item.path}{' descending' if item.descending else ''}" for item in order)


def _value(value: Any) -> str:
    if isinstance(value, RelatedKeys):
        return f"{value.type} where {words(value.where)}"
    if isinstance(value, tuple):
        shown = ", ".join(_value(item) for item in value[:SHOWN_KEYS])
        return f"[{shown}{f', and {len(value) - SHOWN_KEYS} more' if len(value) > SHOWN_KEYS else ''}]"
    return repr(value) if isinstance(value, str) else str(getattr(value, "value", value))

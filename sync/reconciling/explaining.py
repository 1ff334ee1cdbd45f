"""What a difference is, in words for the people who settle it."""

from datetime import datetime

from schema.roles import PlatformRole
from sync.firm import Firm
from sync.ledger.port_of_reconciliations import DifferenceKind
from sync.ledger.records import Json
from sync.ownership import owner
from sync.reconciling.comparison import Comparison
from sync.reconciling.divergence import Since
from sync.reconciling.judging import Found

_LONGEST = 120


def explained(firm: Firm, comparison: Comparison, found: Found, since: Since) -> str:
    return f"{_what(firm, comparison, found)} {_since(since)}"


def _what(firm: Firm, comparison: Comparison, found: Found) -> str:
    left, right = found.left, found.right
    if found.path is not None:
        assert left is not None
        assert right is not None
        said = (
            f"{found.path} is {shown(found.left_value)} for the {comparison.left_name} {left.external_id} in "
            f"{left.platform}, and {shown(found.right_value)} for the {comparison.right_name} {right.external_id} in "
            f"{right.platform}."
        )
        owned = _owner(firm, comparison.type, found.path)
        return said if owned is None else f"{said} {owned.value} owns it."
    match found.kind:
        case DifferenceKind.MISSING:
            assert left is not None
            where = ", ".join(comparison.right.platforms(firm))
            whose = f"the {comparison.left_name} {left.external_id} of {left.platform}"
            return f"{where} has no {comparison.right_name} for {whose}."
        case DifferenceKind.EXTRA if left is not None and right is not None:
            return (
                f"The {comparison.right_name} {right.external_id} in {right.platform} is one too many for the "
                f"{comparison.left_name} {left.external_id} of {left.platform}."
            )
        case DifferenceKind.EXTRA:
            assert right is not None
            which = f"The {comparison.right_name} {right.external_id} in {right.platform}"
            return f"{which} is linked to no {comparison.left_name}."
        case _ if right is not None:
            where = ", ".join(comparison.left.platforms(firm))
            return (
                f"The {comparison.right_name} {right.external_id} in {right.platform} names the {comparison.left_name} "
                f"{shown(found.right_value)}, which {where} doesn't have."
            )
        case _:
            assert left is not None
            target = f"{left.values.get('entity')} {left.external_id} in {left.platform}"
            return f"A {comparison.left_name} points at {target}, which isn't there any more."


def _since(since: Since) -> str:
    if since.at is not None:
        return f"So since {_moment(since.at)}."
    if since.known is not None:
        return f"Found before, at {_moment(since.known)}; since when exactly isn't known."
    if since.after is not None:
        return f"It wasn't so yet when they were compared at {_moment(since.after)}."
    return "Since when isn't known."


def shown(value: Json) -> str:
    """A value as it stands in a sentence."""
    text = "empty" if value in (None, "", []) else str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"


def _owner(firm: Firm, type_name: str, path: str) -> PlatformRole | None:
    """None where the path is none of the canonical type's: then what is compared has its own owner on the left."""
    model = firm.bindings.model.types.get(type_name)
    if model is None or path.split(".", 1)[0] not in model.fields:
        return None
    return owner(firm, type_name, path)


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"

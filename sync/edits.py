"""What a person may put into a failed step in place of what was asked: only what its platform takes there."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from platforms.writers import Line, Writable
from schema.roles import PlatformRole
from sync.desk import Refusal, RefusalCode
from sync.firm import Firm
from sync.ledger.records import Json, Operation, Step
from sync.process import Refused
from sync.values import values_from_json, values_to_json
from sync.wording import word_problems

_NOTHING = (None, "", ())


def fitting(firm: Firm, step: Step, values: Mapping[str, Json]) -> dict[str, Json]:
    """The values as the ledger keeps them; Refused with everything that is wrong with them."""
    door = firm.door(step.platform, step.type, PlatformRole(step.role))
    if door is None or step.operation is Operation.DELETE:
        message = f"Nothing can be set by this step on {step.platform}: settle it there."
        raise Refused(Refusal(RefusalCode.UNSUPPORTED, message, ("step",)))
    if not values:
        raise Refused(Refusal(RefusalCode.INVALID, "Give at least one value.", ("values",)))
    creating = step.operation is Operation.CREATE
    problems = [*word_problems(values, "values"), *_unsettable(door.writable, values, creating=creating)]
    if problems:
        raise Refused(*problems)
    canonical = {path: _canonical(door.writable, path, value) for path, value in values.items()}
    wrong = [value for value in canonical.values() if isinstance(value, Refusal)]
    if wrong:
        raise Refused(*wrong)
    return values_to_json(canonical)


def _unsettable(writable: Writable, values: Mapping[str, Json], *, creating: bool) -> list[Refusal]:
    known = ", ".join(sorted(path for path in writable.paths if writable.settable(path, creating=creating)))
    return [
        Refusal(RefusalCode.INVALID, f"{writable.entity} lets nobody set {path!r} here. Known: {known}.", ("values",))
        for path in values
        if not writable.settable(path, creating=creating)
    ]


def _canonical(writable: Writable, path: str, value: Json) -> Any:
    """The canonical value, or why it can't be one."""
    place = ("values", path)
    try:
        found = values_from_json(writable, {path: value})[path]
    except msgspec.ValidationError as error:
        return Refusal(RefusalCode.INVALID, f"{path}: {error}.", place)
    if found in _NOTHING and writable.paths[path].required:
        return Refusal(RefusalCode.INVALID, f"{writable.entity} can't be without {path}.", place)
    if not _is_finite(found):
        return Refusal(RefusalCode.INVALID, f"{path} must be a number.", place)
    return found


def _is_finite(value: Any) -> bool:
    match value:
        case Decimal():
            return value.is_finite()
        case tuple():
            return all(_is_finite(part) for part in value)
        case Line():
            return all(_is_finite(getattr(value, name)) for name in value.__struct_fields__)
    return True

"""`@{reference.field}` in composite requests, replaced by what an earlier answer holds."""

import re
from collections.abc import Mapping
from typing import Any

from sandbox.salesforce.errors import ApiError

_REFERENCE = re.compile(r"@\{([^}]*)\}")
_STEP = re.compile(r"\.?([A-Za-z_]\w*)|\[(\d+)\]")


def halted() -> ApiError:
    return ApiError(
        400,
        "PROCESSING_HALTED",
        "The transaction was rolled back since another operation in the same transaction failed.",
    )


def filled(value: Any, answers: Mapping[str, Any]) -> Any:
    """`value` with every reference in it replaced; PROCESSING_HALTED for one that nothing answers."""
    if isinstance(value, dict):
        return {key: filled(each, answers) for key, each in value.items()}
    if isinstance(value, list):
        return [filled(each, answers) for each in value]
    if not isinstance(value, str):
        return value
    alone = _REFERENCE.fullmatch(value)
    if alone:
        return _looked_up(alone[1], answers)
    return _REFERENCE.sub(lambda found: str(_looked_up(found[1], answers)), value)


def _looked_up(path: str, answers: Mapping[str, Any]) -> Any:
    """The value at `reference.records[0].Id`."""
    name, at = re.split(r"[.\[]", path, maxsplit=1)[0], 0
    if name not in answers:
        raise halted()
    value, at = answers[name], len(name)
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None:
            raise _invalid(path)
        try:
            value = value[step[1]] if step[1] else value[int(step[2])]
        except (KeyError, IndexError, TypeError):
            raise _invalid(path) from None
        at = step.end()
    if value is None or isinstance(value, dict | list):
        raise _invalid(path)
    return value


def _invalid(path: str) -> ApiError:
    message = f"Invalid reference specified. No value for {path} found"
    return ApiError(400, "PROCESSING_HALTED", message)

"""How SOQL points at what it can't read."""

from sandbox.salesforce.errors import ApiError

_SHOWN = 60


def at_position(text: str, at: int, message: str, code: str = "MALFORMED_QUERY") -> ApiError:
    """The vendor's picture of an error: the line, a caret below the place, and row and column counted from 1."""
    at = min(at, len(text))
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    line = text[start : len(text) if end < 0 else end]
    column = at - start
    left = max(0, column - _SHOWN)
    picture = f"{line[left : column + _SHOWN]}\n{' ' * (column - left)}^"
    row = text.count("\n", 0, at) + 1
    return ApiError(400, code, f"\n{picture}\nERROR at Row:{row}:Column:{column + 1}\n{message}")


def malformed(message: str) -> ApiError:
    return ApiError(400, "MALFORMED_QUERY", message)

"""What the control API answers to a request that can't be done."""

from collections.abc import Iterable
from difflib import get_close_matches


class RefusedRequest(Exception):  # noqa: N818  named as the platforms' RefusedChange
    """The request to the control API can't be done; answered with `status` and the message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


def unknown(what: str, name: object, known: Iterable[str]) -> str:
    """That there is no `what` of this name, the nearest one, and all that there are."""
    names = list(known)
    near = get_close_matches(str(name), names, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"no {what} {name!r}; {hint}known: {', '.join(names)}"

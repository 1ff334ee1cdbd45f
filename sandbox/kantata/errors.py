"""What the API answers when it refuses: `{"errors": [{"type", "message", "field"?, "index"?}]}`.

    ApiError
    ├── UnauthorizedError   401 oauth
    ├── ForbiddenError      403 system
    ├── NotFoundError       404 system
    ├── BadRequestError     400 system
    ├── RateLimitError        429 system
    └── InvalidError        422 validation, one entry per problem

https://developer.kantata.com/section/errors
"""

from dataclasses import dataclass
from typing import Any, ClassVar


class ApiError(Exception):
    """A refusal. There are no stable codes: callers branch on the HTTP status, `type` and `field`."""

    status: ClassVar[int] = 500
    type: ClassVar[str] = "system"

    def body(self) -> dict[str, Any]:
        return {"errors": [{"type": self.type, "message": str(self)}]}


class UnauthorizedError(ApiError):
    status = 401
    type = "oauth"

    def __init__(self) -> None:
        super().__init__("Invalid OAuth 2 Request")


class ForbiddenError(ApiError):
    status = 403


class NotFoundError(ApiError):
    status = 404

    def __init__(self) -> None:
        super().__init__("Not found")


class BadRequestError(ApiError):
    status = 400


class RateLimitError(ApiError):
    """The published pages give neither a body nor headers for 429; this is the body of the other system errors."""

    status = 429

    def __init__(self) -> None:
        super().__init__("Rate limit exceeded")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one field; `base` is the whole record. `index` counts the items of a bulk request."""

    field: str
    message: str
    index: int | None = None


class InvalidError(ApiError):
    status = 422
    type = "validation"

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(f"{problem.field} {problem.message}" for problem in problems))
        self.problems = problems

    def body(self) -> dict[str, Any]:
        entries = []
        for problem in self.problems:
            entry: dict[str, Any] = {"type": self.type, "message": problem.message, "field": problem.field}
            if problem.index is not None:
                entry["index"] = problem.index
            entries.append(entry)
        return {"errors": entries}

"""How the edge says no: GraphQL errors with a code, a status and no more text than the caller may see."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from graphql import GraphQLError

from schema.errors import ErrorCode

MESSAGE_CHARACTERS = 600
"""A foreign message may echo what the caller sent; more of it than this helps nobody."""

Header = tuple[bytes, bytes]


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not a fault
    """Nothing was executed. `errors` are GraphQL errors as JSON objects.

    `of_document` marks a well-formed request whose document, variables or operation name is unfit: GraphQL over HTTP
    wants 200 for it where the caller accepts only `application/json`.
    """

    def __init__(
        self,
        status: HTTPStatus,
        errors: Iterable[Mapping[str, Any]],
        *,
        headers: Iterable[Header] = (),
        of_document: bool = False,
    ) -> None:
        super().__init__(status.phrase)
        self.status = status
        self.errors = tuple(errors)
        self.headers = tuple(headers)
        self.of_document = of_document


def coded(message: str, code: ErrorCode, **extensions: Any) -> dict[str, Any]:
    """One GraphQL error without a place in the document."""
    return {"message": message, "extensions": {"code": code.value, **extensions}}


def formatted(error: GraphQLError, code: ErrorCode) -> dict[str, Any]:
    """`error` for the caller; `code` stands where it has none of its own."""
    shown: dict[str, Any] = {"message": error.message[:MESSAGE_CHARACTERS]}
    if error.locations:
        shown["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    if error.path:
        shown["path"] = error.path
    shown["extensions"] = {"code": code.value, **(error.extensions or {})}
    return shown


def bad_request(
    message: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST, *, headers: Iterable[Header] = ()
) -> Refusal:
    """The HTTP request itself can't be read as GraphQL over HTTP."""
    return Refusal(status, [coded(message, ErrorCode.BAD_USER_INPUT)], headers=headers)


def unfit(errors: Iterable[Mapping[str, Any]]) -> Refusal:
    """The request is well-formed, its document or variables aren't."""
    return Refusal(HTTPStatus.BAD_REQUEST, errors, of_document=True)


def unfit_input(message: str) -> Refusal:
    return unfit([coded(message, ErrorCode.BAD_USER_INPUT)])


def unauthenticated() -> Refusal:
    message = "An API key is needed: send it as X-API-Key or as Authorization: Bearer."
    return Refusal(
        HTTPStatus.UNAUTHORIZED,
        [coded(message, ErrorCode.UNAUTHENTICATED)],
        headers=[(b"www-authenticate", b'Bearer realm="crosswalk"')],
    )


def forbidden(message: str) -> Refusal:
    return Refusal(HTTPStatus.FORBIDDEN, [coded(message, ErrorCode.FORBIDDEN)])


def out_of_time(seconds: float) -> Refusal:
    message = f"The operation took longer than {seconds:g} s and was stopped. Ask for fewer records or fewer fields."
    return Refusal(
        HTTPStatus.GATEWAY_TIMEOUT,
        [coded(message, ErrorCode.DEADLINE_EXCEEDED, retryable=True)],
    )


def internal() -> Refusal:
    """A bug of ours: its text stays in the log, found by the correlation id."""
    message = "Something went wrong inside Crosswalk. The log holds the cause under this correlation id."
    return Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, [coded(message, ErrorCode.INTERNAL_SERVER_ERROR, retryable=False)])

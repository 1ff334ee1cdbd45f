"""The error bodies of SuiteTalk REST.

Source: docs.oracle.com, Error Handling in REST Web Services (section_156570709583).
"""

import msgspec
from starlette.responses import Response

ERROR_TYPE = "application/vnd.oracle.resource+json; type=error"
_RFC = "https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"
_TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    413: "Request Entity Too Large",
    415: "Unsupported Media Type",
    429: "Too Many Requests",
    500: "Internal Server Error",
}
_LOGIN = (
    "Invalid login attempt. For more details, see the Login Audit Trail in the NetSuite UI at "
    "Setup > Users/Roles > User Management > View Login Audit Trail."
)


class Refused(Exception):  # noqa: N818  # an answer of the API, no fault
    """A request that NetSuite answers with an error. `where` says which part: path, header, query parameter or URL."""

    def __init__(
        self, status: int, code: str, detail: str, *, where: tuple[str, str] | None = None, title: str | None = None
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.where = status, code, detail, where
        self.title = title or _TITLES[status]
        self.headers: dict[str, str] = {}
        self.top_level_code: str | None = None

    def body(self) -> dict[str, object]:
        anchor = {400: "#sec10.4.1", 404: "#sec10.4.5", 405: "#sec10.4.6"}.get(self.status, "")
        detail = {"detail": self.detail, "o:errorCode": self.code}
        if self.where is not None:
            detail[f"o:error{self.where[0]}"] = self.where[1]
        body: dict[str, object] = {"type": _RFC + anchor, "title": self.title, "status": self.status}
        if self.top_level_code is not None:
            body["o:errorCode"] = self.top_level_code
        return body | {"o:errorDetails": [detail]}

    def response(self) -> Response:
        return Response(msgspec.json.encode(self.body()), self.status, self.headers, ERROR_TYPE)


def invalid_content(detail: str, path: str) -> Refused:
    return Refused(400, "INVALID_CONTENT", f"Invalid content in the request body. {detail}", where=("Path", path))


def business_rule(detail: str) -> Refused:
    return Refused(400, "USER_ERROR", f"Error while accessing a resource. {detail}")


def invalid_parameter(name: str, detail: str) -> Refused:
    return Refused(400, "INVALID_PARAMETER", detail, where=("QueryParam", name))


def invalid_header(name: str, detail: str) -> Refused:
    return Refused(400, "INVALID_REQUEST", detail, where=("Header", name))


def no_such_record() -> Refused:
    return Refused(
        404, "NONEXISTENT_ID", "The record instance does not exist. Provide a valid record instance ID.",
        where=("Url", "id"),
    )  # fmt: skip


def no_such_type(name: str) -> Refused:
    return Refused(404, "NOT_FOUND", f"Record type '{name}' does not exist.", where=("Url", name))


def login_failed(reason: str = "") -> Refused:
    return Refused(401, "INVALID_LOGIN", f"{_LOGIN} {reason}".strip())


def too_many_requests() -> Refused:
    """Source: docs.oracle.com, Web Services and RESTlet Concurrency Governance: the pool is shared, no Retry-After."""
    refused = Refused(
        429,
        "CONCURRENCY_LIMIT_EXCEEDED",
        "Concurrent request limit exceeded. Request blocked. Reduce the number of parallel requests and try again.",
    )
    refused.top_level_code = "USER_ERROR"
    return refused

"""What Salesforce says when it refuses: one exception, and its two shapes on the wire."""

from typing import Any


class ApiError(Exception):
    """A refusal in the platform's words.

    `extra` holds further keys of the error object, such as `duplicateResult`.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        fields: tuple[str, ...] | None = None,
        extra: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.fields = fields
        self.extra = extra or {}
        self.headers = headers or {}

    def body(self) -> list[dict[str, Any]]:
        """The error list of a plain REST answer, as https://developer.salesforce.com `errorcodes.htm` shows it."""
        error: dict[str, Any] = {"message": self.message, "errorCode": self.code, **self.extra}
        if self.fields is not None:
            error["fields"] = list(self.fields)
        return [error]

    def item(self) -> dict[str, Any]:
        """The error of one record of a collection, where the key is `statusCode`."""
        return {"statusCode": self.code, "message": self.message, "fields": list(self.fields or ()), **self.extra}


def not_found(message: str = "The requested resource does not exist") -> ApiError:
    return ApiError(404, "NOT_FOUND", message)


def invalid_field(message: str) -> ApiError:
    return ApiError(400, "INVALID_FIELD", message)


def malformed_json(message: str) -> ApiError:
    return ApiError(400, "JSON_PARSER_ERROR", message)


def session_expired() -> ApiError:
    return ApiError(401, "INVALID_SESSION_ID", "Session expired or invalid", headers={"WWW-Authenticate": "Token"})


def daily_limit_exceeded() -> ApiError:
    return ApiError(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")


def concurrency_exceeded() -> ApiError:
    return ApiError(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded.")


def row_locked(record_id: str) -> ApiError:
    return ApiError(
        400,
        "UNABLE_TO_LOCK_ROW",
        f"unable to obtain exclusive access to this record or 1 records: {record_id}",
        fields=(),
    )

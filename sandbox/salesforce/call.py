"""One API call and its answer, whether it came over HTTP or inside a composite."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec

from sandbox.salesforce.errors import ApiError, malformed_json
from sandbox.salesforce.instance import Instance

_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_ENCODER = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request to the REST API. `body` is what JSON held, already decoded."""

    instance: Instance
    version: str
    method: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any = None

    def fields(self) -> dict[str, Any]:
        """The body as the JSON object that most calls expect."""
        if not isinstance(self.body, dict):
            raise malformed_json("The request body must be a JSON object")
        return self.body

    def needed(self, name: str) -> str:
        """A query parameter that the call can't do without."""
        value = self.query.get(name)
        if not value:
            raise ApiError(400, "MISSING_ARGUMENT", f"The {name} parameter is required")
        return value

    @property
    def allows_duplicates(self) -> bool:
        """`Sforce-Duplicate-Rule-Header: allowSave=true`, see api_rest `headers_duplicaterules.htm`."""
        return "allowsave=true" in self.headers.get("sforce-duplicate-rule-header", "").lower().replace(" ", "")


@dataclass(frozen=True, slots=True)
class Answer:
    """`text` replaces the JSON body where an endpoint answers something else, such as CSV."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    text: str | None = None

    def content(self) -> bytes:
        if self.text is not None:
            return self.text.encode()
        return b"" if self.status in {204, 304} else encoded(self.body)

    @property
    def media_type(self) -> str:
        return "text/csv; charset=UTF-8" if self.text is not None else "application/json;charset=UTF-8"


Endpoint = Callable[[Call], Answer]


def refused(error: ApiError) -> Answer:
    return Answer(error.status, error.body(), dict(error.headers))


def encoded(body: Any) -> bytes:
    """JSON with amounts written as numbers, digit by digit from their Decimal."""
    return _ENCODER.encode(body)


def decoded(content: bytes) -> Any:
    """JSON with amounts read as Decimal; JSON_PARSER_ERROR when it can't be read."""
    try:
        return _DECODER.decode(content)
    except (msgspec.DecodeError, RecursionError) as fault:
        raise malformed_json(f"Unexpected content: {fault}") from None

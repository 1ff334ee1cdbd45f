"""SuiteQL over HTTP: /services/rest/query/v1/suiteql.

Source: docs.oracle.com, Executing SuiteQL Queries Through REST Web Services.
"""

from decimal import Decimal

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.netsuite.errors import Refused, invalid_content, invalid_header, invalid_parameter
from sandbox.netsuite.requests import collection, json_body, page, preferences
from sandbox.netsuite.suiteql.engine import Engine
from sandbox.netsuite.suiteql.refusals import QueryRefused

_OPENING = "Invalid search query. Detailed unprocessed description follows."
LONGEST = 64_000
"""Characters of a query that are still read here; the vendor publishes no figure."""


class QueryEndpoint:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def routes(self) -> list[Route]:
        return [Route("/services/rest/query/v1/suiteql", self.run, methods=["POST"])]

    async def run(self, request: Request) -> Response:
        """POST /query/v1/suiteql?limit=&offset= with {"q": ..., "params": [...]}; `Prefer: transient` is required.

        Source: docs.oracle.com, Executing SuiteQL Queries Through REST Web Services.
        """
        if "transient" not in preferences(request):
            raise invalid_header("Prefer", "The required request header 'Prefer' is missing or not 'transient'.")
        body = await json_body(request)
        text = body.get("q") if isinstance(body, dict) else None
        if not isinstance(text, str) or not text.strip():
            raise invalid_content("Provide the query in the property q.", "q")
        params = body.get("params", [])
        if not isinstance(params, list) or not all(isinstance(p, str | int | Decimal | bool | None) for p in params):
            raise invalid_content("params is a list of texts and numbers.", "params")
        limit, offset = page(request)
        if len(text) > LONGEST:
            raise _refused("Search error occurred: Invalid or unsupported search.")
        try:
            items, total = self._engine.run(text, params, limit=limit, offset=offset)
        except QueryRefused as refused:
            raise _refused(str(refused)) from None
        except RecursionError:
            raise _refused("Search error occurred: Invalid or unsupported search.") from None
        return collection(request, items, total, limit, offset)


def _refused(detail: str) -> Refused:
    return invalid_parameter("q", f"{_OPENING} {detail}")

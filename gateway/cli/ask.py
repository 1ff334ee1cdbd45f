"""Asks a gateway one operation over HTTP, with nothing but the standard library."""

import http.client
import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from gateway.cli.refusal import Refusal


def ask(
    url: str,
    *,
    key: str | None,
    document: str,
    variables: dict[str, object] | None = None,
    operation: str | None = None,
    timeout_seconds: float = 60.0,
) -> dict[str, Any]:
    """The whole answer, errors included. Raises Refusal where there is none."""
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise Refusal(f"{url} is no address of a gateway; write one such as http://127.0.0.1:8000/graphql")
    body: dict[str, Any] = {"query": document}
    if variables is not None:
        body["variables"] = variables
    if operation is not None:
        body["operationName"] = operation
    headers = {"Content-Type": "application/json", "Accept": "application/graphql-response+json, application/json"}
    if key:
        headers["X-API-Key"] = key
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)  # noqa: S310 - checked above
    try:
        with urllib.request.urlopen(request, timeout=timeout_seconds) as response:  # noqa: S310 - checked above
            return _answer(url, response.status, response.read())
    except urllib.error.HTTPError as error:
        return _answer(url, error.code, error.read())
    except TimeoutError:
        raise Refusal(f"{url} gave no answer within {timeout_seconds:g} s") from None
    except (urllib.error.URLError, http.client.HTTPException, OSError, UnicodeError) as error:
        reason = getattr(error, "reason", error)
        text = getattr(reason, "strerror", None) or str(reason)
        raise Refusal(f"can't reach {url}: {text}; is the gateway running? (--url names another)") from None


def _answer(url: str, status: int, body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if isinstance(answer, dict) and ("data" in answer or "errors" in answer):
        if status == http.HTTPStatus.UNAUTHORIZED:
            raise Refusal("the gateway wants a valid API key: give one with --key or CROSSWALK_KEY")
        return answer
    if status == http.HTTPStatus.UNAUTHORIZED:
        raise Refusal("the gateway wants a valid API key: give one with --key or CROSSWALK_KEY")
    raise Refusal(f"{url} answered with status {status} and no GraphQL; does the address end in /graphql?")

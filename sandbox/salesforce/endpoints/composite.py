"""Up to 25 dependent requests in one call."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote, unquote_plus

from sandbox.salesforce.call import Answer, Call
from sandbox.salesforce.endpoints.references import filled, halted
from sandbox.salesforce.errors import ApiError, malformed_json

MAX_SUBREQUESTS = 25
MAX_QUERIES_AND_COLLECTIONS = 5
Dispatch = Callable[[Call, str], Answer]


def composite(call: Call, dispatch: Dispatch) -> Answer:
    """`POST /composite`: api_rest `resources_composite_composite_post.htm`."""
    envelope = call.fields()
    subrequests = subrequests_of(envelope.get("compositeRequest"))
    if len(subrequests) > MAX_SUBREQUESTS:
        raise _too_many(f"Cannot execute more than {MAX_SUBREQUESTS} subrequests in one composite call")
    heavy = sum(_is_heavy(each["url"].partition("?")[0]) for each in subrequests)
    if heavy > MAX_QUERIES_AND_COLLECTIONS:
        raise _too_many(
            f"Cannot execute more than {MAX_QUERIES_AND_COLLECTIONS} query or sObject collections subrequests"
        )
    answers = run_transaction(call, subrequests, dispatch, all_or_none=envelope.get("allOrNone") is True)
    return Answer(body={"compositeResponse": answers})


def run_transaction(
    call: Call, subrequests: list[dict[str, Any]], dispatch: Dispatch, *, all_or_none: bool
) -> list[dict[str, Any]]:
    """The subrequests' answers in order. With all_or_none one failure undoes and halts all others."""
    org = call.instance.org
    start = org.mark()
    known: dict[str, Any] = {}
    answers: list[tuple[dict[str, Any], Answer]] = []
    failed = False
    for subrequest in subrequests:
        answer = refusal() if failed and all_or_none else _run_one(call, subrequest, known, dispatch)
        if fails(answer):
            failed = True
        else:
            known[subrequest["referenceId"]] = answer.body
        answers.append((subrequest, answer))
    if failed and all_or_none:
        org.roll_back(start)
        answers = [(subrequest, answer if fails(answer) else refusal()) for subrequest, answer in answers]
    return [
        {
            "body": answer.body,
            "httpHeaders": {name: value for name, value in answer.headers.items() if name in {"Location", "ETag"}},
            "httpStatusCode": answer.status,
            "referenceId": subrequest["referenceId"],
        }
        for subrequest, answer in answers
    ]


def _run_one(call: Call, subrequest: dict[str, Any], known: Mapping[str, Any], dispatch: Dispatch) -> Answer:
    try:
        return subcall(call, subrequest, known, dispatch)
    except ApiError as error:
        return Answer(error.status, error.body(), dict(error.headers))


def subcall(call: Call, subrequest: dict[str, Any], known: Mapping[str, Any], dispatch: Dispatch) -> Answer:
    """One subrequest, its references filled in after its URL was unescaped."""
    url, _, asked = subrequest["url"].partition("?")
    path = filled(unquote(url), known)
    query = {}
    for pair in filter(None, asked.split("&")):
        name, _, value = pair.partition("=")
        query[unquote_plus(name)] = str(filled(unquote_plus(value), known))
    headers = subrequest.get("httpHeaders") or {}
    return dispatch(
        Call(
            instance=call.instance,
            version=call.version,
            method=subrequest["method"].upper(),
            path={},
            query=query,
            headers={**call.headers, **{str(name).lower(): str(value) for name, value in headers.items()}},
            body=filled(subrequest.get("body"), known),
        ),
        str(path),
    )


def subrequests_of(given: object) -> list[dict[str, Any]]:
    """The subrequests, well formed and each with its own reference id."""
    if not isinstance(given, list) or not given:
        raise malformed_json("compositeRequest must be a list of subrequests")
    references = set()
    for each in given:
        if not isinstance(each, dict) or not all(
            isinstance(each.get(name), str) for name in ("method", "url", "referenceId")
        ):
            raise malformed_json("Each subrequest needs method, url and referenceId")
        if not isinstance(each.get("httpHeaders") or {}, dict):
            raise malformed_json("httpHeaders must be an object")
        if each["referenceId"] in references:
            raise malformed_json(f"Duplicate referenceId {each['referenceId']}")
        references.add(each["referenceId"])
    return given


def fails(answer: Answer) -> bool:
    if answer.status >= 400:
        return True
    items = answer.body if isinstance(answer.body, list) else []
    return any(isinstance(each, dict) and each.get("success") is False for each in items)


def refusal() -> Answer:
    error = halted()
    return Answer(error.status, error.body())


def _is_heavy(path: str) -> bool:
    steps = path.strip("/").split("/")
    return any(step.lower() in {"query", "queryall"} for step in steps) or "composite" in steps


def _too_many(message: str) -> ApiError:
    return ApiError(400, "LIMIT_EXCEEDED", message)

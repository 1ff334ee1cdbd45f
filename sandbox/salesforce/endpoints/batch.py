"""Up to 25 independent requests in one call."""

from typing import Any

from sandbox.salesforce.call import Answer, Call
from sandbox.salesforce.endpoints.composite import MAX_SUBREQUESTS, Dispatch, fails, subcall
from sandbox.salesforce.errors import ApiError, malformed_json


def batch(call: Call, dispatch: Dispatch) -> Answer:
    """`POST /composite/batch`, each request counted by itself: api_rest `resources_composite_batch.htm`."""
    envelope = call.fields()
    requests = envelope.get("batchRequests")
    if not isinstance(requests, list) or not requests or not all(map(_well_formed, requests)):
        raise malformed_json("batchRequests must be a list of objects with method and url")
    if len(requests) > MAX_SUBREQUESTS:
        raise ApiError(400, "LIMIT_EXCEEDED", f"Cannot execute more than {MAX_SUBREQUESTS} batch requests")
    call.instance.quota.spend(len(requests) - 1)  # the call itself was counted at the gate
    results: list[dict[str, Any]] = []
    failed = False
    for request in requests:
        if failed and envelope.get("haltOnError") is True:
            error = ApiError(412, "BATCH_PROCESSING_HALTED", "Batch processing has been halted")
            answer = Answer(error.status, error.body())
        else:
            answer = _run(call, request, dispatch)
        failed = failed or fails(answer)
        results.append({"statusCode": answer.status, "result": answer.body})
    return Answer(body={"hasErrors": failed, "results": results})


def _run(call: Call, request: dict[str, Any], dispatch: Dispatch) -> Answer:
    url = request["url"]
    if not url.startswith("/"):
        url = f"/services/data/{url}"
    subrequest = {"method": request["method"], "url": url, "body": request.get("richInput")}
    try:
        return subcall(call, subrequest, {}, dispatch)
    except ApiError as error:
        return Answer(error.status, error.body())


def _well_formed(request: object) -> bool:
    return isinstance(request, dict) and isinstance(request.get("method"), str) and isinstance(request.get("url"), str)

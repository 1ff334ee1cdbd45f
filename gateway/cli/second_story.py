"""The demo's second story: a won deal becomes a project and a billing schedule, by one governed mutation."""

import time
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

from gateway.cli.refusal import Refusal

Ask = Callable[[str, dict[str, object]], Mapping[str, Any]]
"""Asks the gateway: document and variables to the answer's data."""

SECONDS = 60.0
_PAUSE = 0.2
_WON = """query WonDeals($after: String) {
  opportunities(filter: {stage: {eq: WON}}, first: 100, after: $after) {
    nodes { id name serviceCode account { name billing { legalName } } contract { id status } project { id } }
    pageInfo { hasNextPage endCursor }
  }
}"""
CONVERT = """mutation Convert($input: ConvertOpportunityInput!) {
  convertOpportunity(input: $input) { run { id status } errors { code message } }
}"""
_RUN = """query Run($id: ID!) {
  syncRun(id: $id) {
    status correlationId
    steps { name platform status externalId attempts error { message } }
    exceptions { queue message }
  }
}"""
_ENDED = frozenset({"SUCCEEDED", "FAILED", "COMPENSATED", "CANCELLED", "AWAITING_APPROVAL"})


def convert_a_deal(ask: Ask, say: Callable[[str], None]) -> str | None:
    """Finds a deal that is ready, converts it, waits, and shows what came of it; says so where there is none.

    The deal's id, where it has a project now.
    """
    say("\nA won deal becomes a project\n")
    for deal in _ready_deals(ask):
        key = f"demo-{uuid4()}"
        variables: dict[str, object] = {"input": {"opportunityId": deal["id"], "idempotencyKey": key}}
        payload = ask(CONVERT, variables)["convertOpportunity"]
        if payload["errors"]:
            continue  # not every deal that looks ready is: the next one may be
        say(
            f"  {deal['name']!r} of {deal['account']['name']}, contract {deal['contract']['status']}: accepted as a run"
        )
        run = _ended_run(ask, payload["run"]["id"])
        _show(run, say)
        deal_id: str = deal["id"]
        return deal_id if run["status"] == "SUCCEEDED" else None
    say("  This firm has no won deal with an approved contract that waits for its project; another --seed may.")
    return None


def _ready_deals(ask: Ask) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    after: str | None = None
    while True:
        page = ask(_WON, {"after": after})["opportunities"]
        found += [
            deal
            for deal in page["nodes"]
            if deal["contract"] and deal["contract"]["status"] in ("APPROVED", "ACTIVE") and not deal["project"]
            if deal["account"] and deal["account"]["billing"]
        ]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


def _ended_run(ask: Ask, run_id: str) -> Mapping[str, Any]:
    until = time.monotonic() + SECONDS
    while True:
        run: Mapping[str, Any] = ask(_RUN, {"id": run_id})["syncRun"]
        if run["status"] in _ENDED:
            return run
        if time.monotonic() > until:
            raise Refusal(f"the demo's run {run_id} has not ended within {SECONDS:g} s; it is {run['status']}")
        time.sleep(_PAUSE)


def _show(run: Mapping[str, Any], say: Callable[[str], None]) -> None:
    for step in run["steps"]:
        error = f"  {step['error']['message']}" if step["error"] else ""
        where, made = step["platform"] or "", step["externalId"] or ""
        say(f"    {step['status']:<10} {where:<11} {step['name']:<32} {made}{error}")
    say(f"  The run is {run['status']}; `auditLog(correlationId: {run['correlationId']!r})` tells the whole of it.")
    for problem in run["exceptions"]:
        say(f"  In the queue {problem['queue']}: {problem['message']}")

"""The demo's third story: somebody starts a project in the PSA, and a subscriber hears of it."""

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

from gateway.cli.refusal import Refusal
from gateway.cli.second_story import Ask

SECONDS = 30.0
"""Far more than a feed's longest pause in a demo."""
STARTED = {"status": {"key": 301}}
"""What the invented account calls "In progress"."""
_PROJECT = """query Project($opportunity: ID!) {
  opportunity(id: $opportunity) { project { id name status sources { platform externalId } } }
}"""
SUBSCRIPTION = """subscription Status($projects: [ID!]) {
  projectStatusChanged(projectIds: $projects) {
    cursor platform before after occurredAt
    project { name status account { name } }
  }
}"""


def hear_of_a_change(
    ask: Ask, opportunity: str, *, url: str, key: str, control: str, say: Callable[[str], None]
) -> None:
    """`opportunity`: the one whose project is started; `control`: the sandbox's, where its platforms' users act."""
    say("\nA change in the PSA reaches whoever waits for it\n")
    project = ask(_PROJECT, {"opportunity": opportunity})["opportunity"]["project"]
    source = next(each for each in project["sources"] if each["platform"] == "kantata")
    with _subscribed(url, key, {"projects": [project["id"]]}) as events:
        say(f"  A portal subscribes to projectStatusChanged; {project['name']!r} is {project['status']}.")
        _change(f"{control}/records/kantata/workspaces/{source['externalId']}")
        began = time.monotonic()
        say("  Somebody sets it to 'In progress' in Kantata, which has no webhooks: a feed notices. The portal gets\n")
        event = next(events)["projectStatusChanged"]
        took = time.monotonic() - began
    say("    " + json.dumps(event, ensure_ascii=False))
    say(f"\n  {took:.1f} s later. Behind that cursor (`after`) it goes on, with nothing missed or repeated.")


@contextmanager
def _subscribed(url: str, key: str, variables: Mapping[str, Any]) -> Iterator[Iterator[Mapping[str, Any]]]:
    """The data of each event, from the moment on that the gateway has taken the subscription."""
    headers = {"Content-Type": "application/json", "Accept": "text/event-stream", "X-API-Key": key}
    body = json.dumps({"query": SUBSCRIPTION, "variables": variables}).encode()
    request = urllib.request.Request(url, body, headers)  # noqa: S310 - the demo's own gateway
    try:
        with closing(urllib.request.urlopen(request, timeout=SECONDS)) as answer:  # noqa: S310
            yield _events(answer)
    except TimeoutError:
        raise Refusal(f"the demo's third story failed: no event came within {SECONDS:g} s") from None
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        raise Refusal(f"the demo's third story failed: {error}") from None


def _events(lines: Iterator[bytes]) -> Iterator[Mapping[str, Any]]:
    kind = ""
    for line in lines:
        name, _, value = line.decode().strip().partition(": ")
        if name == "event":
            kind = value
        elif name == "data" and kind == "next":
            answer = json.loads(value)
            if answer.get("errors"):
                raise Refusal(*(f"the demo's third story failed: {error['message']}" for error in answer["errors"]))
            yield answer["data"]
    raise Refusal("the demo's third story failed: the gateway ended the stream")


def _change(record: str) -> None:
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(record, json.dumps(STARTED).encode(), headers, method="PATCH")  # noqa: S310
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310 - the sandbox's own
        answer.read()

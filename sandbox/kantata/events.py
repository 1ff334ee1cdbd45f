"""The collection of subscribed events.

https://developer.kantata.com/tag/Events
"""

from collections.abc import Iterable
from typing import Any

from sandbox.kantata.account import ACCOUNT_ID, Account
from sandbox.kantata.attributes import Kind, derived, stored
from sandbox.kantata.collection import Association, Collection, Filter, Given, Keep, belongs_to
from sandbox.kantata.errors import BadRequestError
from sandbox.kantata.feed import VALUE_EVENT, visible
from sandbox.kantata.filters import after, before, by_ids, equal, one_of
from sandbox.kantata.parameters import listed
from sandbox.store import Record

ACTIONS = ("created", "updated", "deleted")
VALUED = ("workspaces", "stories", "users", "workspace_groups", "workspace_resources")
"""Collections whose records have custom fields."""


def _told(account: Account, _value: Any, _given: Given) -> Keep:
    now = account.now()
    return lambda event: visible(event, now)


def _latest(per_type: bool) -> Any:
    """Only the last event of each subject (and type); the two filters can't be combined."""

    def keep(account: Account, value: Any, given: Given) -> Keep | None:
        if given.get("most_recent") is True and given.get("most_recent_by_event_type") is True:
            raise BadRequestError("most_recent can't be used with most_recent_by_event_type")
        if value is not True:
            return None
        now = account.now()
        last: dict[Any, Record] = {}
        for event in account.tables["subscribed_events"]:
            if visible(event, now):
                key = (event["subject_type"], event["subject_id"], event["event_type"] if per_type else None)
                held = last.get(key)
                if held is None or event["subject_changed_at"] >= held["subject_changed_at"]:
                    last[key] = event
        ids = {event["id"] for event in last.values()}
        return lambda event: event["id"] in ids

    return keep


def _of_subjects(_account: Account, value: Any, given: Given) -> Keep:
    if given.get("subject_type") is None:
        raise BadRequestError("subject_id needs a subject_type")
    wanted = set(listed(value))
    return lambda event: str(event["subject_id"]) in wanted


def event_types(collections: Iterable[Collection]) -> list[dict[str, Any]]:
    """What `GET /subscribed_events/event_types` lists: each type with the fields of its payloads."""
    return [
        {
            "event_type": f"{collection.event}:{action}",
            "subject_type": collection.subject,
            "fields": {
                attribute.name: attribute.kind.value for attribute in collection.attributes if attribute.read is None
            },
        }
        for collection in collections
        if collection.event is not None
        for action in (*ACTIONS, *(f"{VALUE_EVENT}_{each}" for each in ACTIONS if collection.name in VALUED))
    ]


SUBSCRIBED_EVENTS = Collection(
    name="subscribed_events",
    singular="subscribed_event",
    subject="SubscribedEvent",
    page="https://developer.kantata.com/tag/Events",
    verbs="L",
    attributes=(
        stored("event_type"),
        stored("subject_type"),
        stored("subject_id", Kind.INTEGER),
        stored("subject_changed_at", Kind.DATETIME),
        stored("created_at", Kind.DATETIME),
        derived("account_id", lambda _account, _row: ACCOUNT_ID),
        stored("previous_payload", Kind.ANY, optional=True),
        stored("current_payload", Kind.ANY, optional=True),
        stored("payload_changes", Kind.ANY, optional=True),
    ),
    associations=(belongs_to("user", "users"), Association(name="subject", target=None)),
    filters={
        "created_after": after("created_at"),
        "created_before": before("created_at"),
        "event_types": one_of("event_type"),
        "subject_type": equal("subject_type"),
        "subject_id": Filter(keep=_of_subjects),
        "user_ids": by_ids("user_id"),
        "most_recent": Filter(keep=_latest(per_type=False)),
        "most_recent_by_event_type": Filter(keep=_latest(per_type=True)),
        "told": Filter(keep=_told, default=True),
    },
    orders={"created_at": "created_at"},
    default_order="created_at:desc",
    volatile=True,
)

"""How an account's changes are noticed: by `updated_at`, by its events, and by reading again what neither shows."""

from collections.abc import Mapping
from datetime import timedelta

from platforms.feeds import FeedTraits, PlatformFeeds
from platforms.kantata.client import Client
from platforms.kantata.events import SubscribedEvents
from runtime.clock import Clock
from schema.roles import PlatformRole

OVERLAP, PRECISION = timedelta(minutes=5), timedelta(seconds=1)

Key = tuple[str, PlatformRole]
_PSA = PlatformRole.PSA
# External references, custom values, users, tasks and submissions are records of their own, with stamps of their own.
_RESTAMPS: Mapping[str, frozenset[str]] = {
    "Account": frozenset({"anchor"}),
    "Project": frozenset(
        {
            "code", "kind", "nativeKind", "nativeStatus", "managerName", "account", "contract", "percentComplete",
            "budgetHours",
        }
    ),
    "Milestone": frozenset({"key", "nativeStatus"}),
    "Task": frozenset({"percentComplete"}),
    "Assignment": frozenset({"resource", "role"}),
    "TimeEntry": frozenset({"approval", "nativeApproval", "billingState"}),
    "Expense": frozenset({"approval", "nativeApproval", "billingState"}),
    "Resource": frozenset({"department", "costRate", "role"}),
}  # fmt: skip
_CHILDREN: Mapping[str, Mapping[Key, str]] = {
    "Project": {("Task", _PSA): "project", ("Milestone", _PSA): "project"},
}


def feeds(client: Client, clock: Clock) -> PlatformFeeds:
    traits = {
        (type_name, _PSA): FeedTraits(
            overlap=OVERLAP, precision=PRECISION, restamps=restamps, children=_CHILDREN.get(type_name, {})
        )
        for type_name, restamps in _RESTAMPS.items()
    }
    return PlatformFeeds(traits=traits, logs=(SubscribedEvents(client, clock),))

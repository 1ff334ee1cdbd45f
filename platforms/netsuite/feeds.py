"""How an account's changes are noticed: by their stamps, by what they decide of others, and by its deleted records."""

from collections.abc import Iterable, Mapping
from datetime import timedelta, tzinfo

from platforms.feeds import FeedTraits, PlatformFeeds
from platforms.netsuite.client import SuiteQl
from platforms.netsuite.clocks import set_back
from platforms.netsuite.deletions import Deletions
from platforms.netsuite.facets import Told
from runtime.clock import Clock
from schema.roles import PlatformRole

USUAL_OVERLAP = timedelta(minutes=5)
PRECISION = timedelta(minutes=1)
"""Stamps are told to the second; which records are stamped to the minute alone isn't documented."""

Key = tuple[str, PlatformRole]
_ERP = PlatformRole.ERP
# What the calendar decides, and what a settlement changes whether or not it touches the invoice.
_RESTAMPS: Mapping[str, frozenset[str]] = {
    "Invoice": frozenset({"status", "nativeStatus", "amountPaid", "balance"}),
    "Account": frozenset({"billing"}),
    "Project": frozenset({"financials"}),
    "Payment": frozenset({"invoice", "amount"}),
    "CreditMemo": frozenset({"invoice", "amount"}),
}
_CHILDREN: Mapping[str, Mapping[Key, str]] = {
    "Invoice": {("Payment", _ERP): "invoice", ("CreditMemo", _ERP): "invoice"},
    "Account": {("Invoice", _ERP): "account"},
    "Project": {("Invoice", _ERP): "project"},
}


def feeds(told: Iterable[Told], suiteql: SuiteQl, platform: str, zone: tzinfo, clock: Clock) -> PlatformFeeds:
    """`zone` is the account's: where its clocks are set back, each round begins as much earlier."""
    overlap = USUAL_OVERLAP + set_back(zone, clock.now())
    traits = {(each.facet.type, each.facet.role): _traits(each.facet.type, overlap) for each in told}
    deletions = Deletions(suiteql, platform, lambda: clock.now().astimezone(zone).replace(tzinfo=None), overlap)
    return PlatformFeeds(traits=traits, logs=(deletions,))


def _traits(type_name: str, overlap: timedelta) -> FeedTraits:
    return FeedTraits(
        overlap=overlap,
        precision=PRECISION,
        restamps=_RESTAMPS.get(type_name, frozenset()),
        children=_CHILDREN.get(type_name, {}),
    )

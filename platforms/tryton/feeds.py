"""How a database's changes are noticed: by their stamps, by what decides them, and by what became inactive.

Tryton keeps no list of deleted records that our user could read: `ir.model.log` tells others than administrators of
one record at a time only. What is deleted is found by those who count and look.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import get_origin

from platforms.feeds import FeedTraits, PlatformFeeds
from platforms.rows import Field
from platforms.tryton.client import Client
from platforms.tryton.facets import TrytonFacet
from platforms.tryton.inactive import Inactive
from runtime.clock import Clock
from schema.roles import PlatformRole

OVERLAP = timedelta(minutes=5)
"""A record's stamp is that of its transaction's start, and posting many invoices takes a while."""
PRECISION = timedelta(seconds=1)

Key = tuple[str, PlatformRole]
_ERP = PlatformRole.ERP
_CHILDREN: Mapping[str, Mapping[Key, str]] = {
    "Invoice": {("InvoiceLine", _ERP): "invoice", ("Payment", _ERP): "invoice", ("CreditMemo", _ERP): "invoice"},
    "Account": {("Invoice", _ERP): "account"},
    "Project": {("Invoice", _ERP): "project"},
}
_BY_CALENDAR = frozenset({"status", "nativeStatus"})


def feeds(facets: Iterable[TrytonFacet], client: Client, platform: str, clock: Clock) -> PlatformFeeds:
    told = list(facets)
    traits = {
        (each.type, each.role): FeedTraits(
            overlap=OVERLAP,
            precision=PRECISION,
            restamps=_restamps(each),
            children=_CHILDREN.get(each.type, {}),
        )
        for each in told
    }
    return PlatformFeeds(traits=traits, logs=(Inactive(told, client, platform, clock),))


def _restamps(facet: TrytonFacet) -> frozenset[str]:
    """What other records hold or decide: a parent isn't stamped when a record of its own changes."""
    beside = {row.path.split(".", 1)[0] for row in facet.rows if any(_elsewhere(facet, one) for one in row.fields)}
    return frozenset(beside) | (_BY_CALENDAR & facet.by_path().keys())


def _elsewhere(facet: TrytonFacet, field: Field) -> bool:
    return "." in field.name or get_origin(field.type) is list or field.name in facet.slow or field.name in facet.asides

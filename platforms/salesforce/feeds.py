"""How an org's changes are noticed: by SystemModstamp, by its lists of deleted records, formulas by reading again."""

from collections.abc import Iterable
from datetime import timedelta

from platforms.feeds import FeedTraits, PlatformFeeds
from platforms.readers import Facet
from platforms.salesforce.client import Client
from platforms.salesforce.deletions import OVERLAP, Deletions
from platforms.salesforce.options import OrgOptions
from platforms.salesforce.soql import SoqlFacet
from platforms.salesforce.writables import writables
from runtime.clock import Clock

PRECISION = timedelta(seconds=1)


def feeds(
    facets: Iterable[SoqlFacet], client: Client, platform: str, options: OrgOptions, clock: Clock
) -> PlatformFeeds:
    told = list(facets)
    written = {
        (each.entity, field.name)
        for each in writables(options)
        for cell in each.cells.values()
        for field in cell.mapped.fields
    }
    traits = {
        (facet.type, facet.role): FeedTraits(overlap=OVERLAP, precision=PRECISION, restamps=_restamps(facet, written))
        for facet in told
    }
    return PlatformFeeds(traits=traits, logs=[Deletions(client, facet, platform, clock) for facet in told])


def _restamps(facet: Facet, written: set[tuple[str, str]]) -> frozenset[str]:
    """What another record holds, and what an org may have made a formula: a custom field that nobody writes here.

    A roll-up's new value does stamp its record; a formula is worked out anew by each question.
    """
    return frozenset(
        row.path.split(".", 1)[0]
        for row in facet.rows
        for field in row.fields
        if "." in field.name or (field.name.endswith("__c") and (facet.entity, field.name) not in written)
    )

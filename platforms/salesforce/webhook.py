"""What a Flow or a trigger of an org sends through a callout; Salesforce has no webhooks of its own.

Signed by the org as Standard Webhooks says, see docs/vendors/salesforce.md.
"""

from collections.abc import Mapping

from platforms.readers import Facet
from platforms.salesforce.ids import full_id
from platforms.standard_webhooks import Named, StandardInbound, names_of


def inbound(facets: Mapping[Named, Facet]) -> StandardInbound:
    """A formula of a Flow gives ids of 15 characters, everything else those of 18: they are one record's."""
    return StandardInbound(names_of(facets), tame=full_id)

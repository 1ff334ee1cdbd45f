"""What a user event script of an account sends; NetSuite has no webhooks of its own.

Signed by the script as Standard Webhooks says, see docs/vendors/netsuite.md.
"""

from collections.abc import Mapping

from platforms.netsuite.ids import internal_number
from platforms.readers import Facet
from platforms.standard_webhooks import Named, StandardInbound, names_of

_CODES = {"CustInvc": "invoice", "CustPymt": "customerPayment", "CustCred": "creditMemo"}
"""The types of transactions as a search in a script tells them; `record.type` is the entity's name in lower case."""


def inbound(facets: Mapping[Named, Facet]) -> StandardInbound:
    return StandardInbound(
        names_of(facets, _CODES), tame=lambda text: text if internal_number(text) is not None else None
    )

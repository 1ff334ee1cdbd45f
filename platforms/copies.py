"""What a platform shows of records that others own: read in bulk like any facet, and no part of the graph.

These are the values that governed writes bring there, such as an invoice's balance in a CRM. They are compared with
what their owner says; nobody is answered from them.
"""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from platforms.readers import Facet, Reader
from schema.roles import PlatformRole

Copies = Mapping[tuple[str, PlatformRole], Facet]


@runtime_checkable
class KeepsCopies(Protocol):
    """A reader whose `read` also takes projections of these facets."""

    copies: Copies


def copies_of(reader: Reader) -> Copies:
    """By type and role: InvoiceSummary (what a CRM shows of an invoice), ProjectBilling (a project's figures in a
    PSA), ProjectCopy (what an ERP repeats of a project).
    """
    return reader.copies if isinstance(reader, KeepsCopies) else {}

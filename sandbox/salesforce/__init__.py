"""Salesforce, emulated from its documentation: REST, Composite and Bulk 2.0 query over one org."""

from sandbox.firm.model import Firm
from sandbox.platform import Clock
from sandbox.salesforce.platform import OrgOptions, SalesforcePlatform

__all__ = ["OrgOptions", "SalesforcePlatform", "build"]

_USUAL = OrgOptions()


def build(
    firm: Firm,
    *,
    name: str = "salesforce",
    clock: Clock,
    session_seconds: int = _USUAL.session_seconds,
    daily_requests: int = _USUAL.daily_requests,
    concurrent_requests: int | None = _USUAL.concurrent_requests,
    response_ms: int = _USUAL.response_ms,
    query_page: int = _USUAL.query_page,
    open_cursors: int = _USUAL.open_cursors,
    bulk_polls: int = _USUAL.bulk_polls,
    duplicate_rule: bool = _USUAL.duplicate_rule,
) -> SalesforcePlatform:
    """The firm's CRM; OrgOptions says what the options mean. Raises ValueError for an option out of range."""
    options = OrgOptions(
        session_seconds=session_seconds,
        daily_requests=daily_requests,
        concurrent_requests=concurrent_requests,
        response_ms=response_ms,
        query_page=query_page,
        open_cursors=open_cursors,
        bulk_polls=bulk_polls,
        duplicate_rule=duplicate_rule,
    )
    return SalesforcePlatform(firm, name=name, clock=clock, options=options)

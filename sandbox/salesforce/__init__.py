"""Salesforce, emulated from its documentation: REST, Composite and Bulk 2.0 query over one org."""

from typing import Any

from sandbox.firm.model import Firm
from sandbox.platform import Clock
from sandbox.salesforce.platform import OrgOptions, SalesforcePlatform

__all__ = ["OrgOptions", "SalesforcePlatform", "build"]


def build(firm: Firm, *, name: str = "salesforce", clock: Clock, **options: Any) -> SalesforcePlatform:
    """The firm's CRM. `options` are the fields of OrgOptions; an unknown one is a TypeError."""
    return SalesforcePlatform(firm, name=name, clock=clock, options=OrgOptions(**options))

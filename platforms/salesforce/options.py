"""What a firm may say of its org beyond address and credentials."""

import re
from dataclasses import dataclass

from platforms.registry import Connection

OPTIONS = {
    "api_version": "REST API version, such as 62.0 (the default); the org must list it under /services/data/.",
    "audience": "For the JWT flow: https://login.salesforce.com (the default), or https://test.salesforce.com for a "
    "Salesforce sandbox.",
    "committed_stages": "Open opportunity stages that count as COMMITTED, by their API names. Default: "
    "Negotiation/Review.",
    "currency": "The org's currency, such as EUR, where multi-currency is off: only then leave no amount without one.",
}
_VERSION = re.compile(r"[1-9]\d{1,2}\.0")
_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class OrgOptions:
    """`currency` None: multi-currency is on, and each record says its own."""

    api_version: str = "62.0"
    audience: str = "https://login.salesforce.com"
    committed_stages: tuple[str, ...] = ("Negotiation/Review",)
    currency: str | None = None


def read_options(connection: Connection) -> OrgOptions:
    """The options of the settings, checked; SettingsError says which one can't be meant."""
    given = dict(connection.options)
    usual = OrgOptions()
    version = str(given.get("api_version", usual.api_version))
    if not _VERSION.fullmatch(version):
        raise connection.problem("options.api_version", "must look like 62.0")
    audience = given.get("audience", usual.audience)
    if not isinstance(audience, str) or not audience.startswith("https://"):
        raise connection.problem("options.audience", "must be a URL that begins with https://")
    stages = given.get("committed_stages", usual.committed_stages)
    if not isinstance(stages, (list, tuple)) or not all(isinstance(stage, str) and stage for stage in stages):
        raise connection.problem("options.committed_stages", "must be a list of stage names")
    currency = given.get("currency")
    if currency is not None and not (isinstance(currency, str) and _CURRENCY.fullmatch(currency)):
        raise connection.problem("options.currency", "must be an ISO 4217 code, such as EUR")
    return OrgOptions(
        api_version=version, audience=audience.rstrip("/"), committed_stages=tuple(stages), currency=currency
    )

"""What a firm may say of its org beyond address and credentials."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from platforms.registry import Connection
from platforms.salesforce.naming import USUAL, Names, is_custom_field, named

OPTIONS = {
    "api_version": "REST API version, such as 62.0 (the default); the org must list it under /services/data/.",
    "audience": "For the JWT flow: https://login.salesforce.com (the default), or https://test.salesforce.com for a "
    "Salesforce sandbox.",
    "committed_stages": "Open opportunity stages that count as COMMITTED, by their API names. Default: "
    "Negotiation/Review.",
    "currency": "The org's currency, such as EUR, where multi-currency is off: only then leave no amount without one.",
    "key_field": "External id field (text, unique) of accounts and of our invoices that holds our keys. Default: "
    "CW_Key__c.",
    "fields": "Custom fields that are called differently in this org, by what is written to them, such as "
    f"{{Account.syncStatus: My_Status__c}}. Known: {', '.join(USUAL)}.",
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
    key_field: str = "CW_Key__c"
    fields: Names = field(default_factory=lambda: USUAL)


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
    key_field = given.get("key_field", usual.key_field)
    if not is_custom_field(key_field):
        raise connection.problem("options.key_field", "must be a custom field's API name, such as CW_Key__c")
    return OrgOptions(
        api_version=version,
        audience=audience.rstrip("/"),
        committed_stages=tuple(stages),
        currency=currency,
        key_field=key_field,
        fields=_fields(connection),
    )


def _fields(connection: Connection) -> Names:
    given = connection.options.get("fields", {})
    if not isinstance(given, Mapping):
        raise connection.problem("options.fields", "must map paths to fields, such as Account.syncStatus: My_Status__c")
    try:
        return named(given)
    except ValueError as error:
        raise connection.problem("options.fields", str(error)) from None

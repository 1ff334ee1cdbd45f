"""What a firm may say of its Tryton beyond address and credentials."""

import re
from dataclasses import dataclass

from platforms.registry import Connection

OPTIONS = {
    "account_field": "Field of `party.party` that holds the CRM's id of the account. Default: code.",
    "project_field": "Field of `account.invoice` that holds the PSA's id of the project. Default: description.",
    "contract_field": "Field of `account.invoice` that holds the CRM's id of the contract. Default: comment.",
    "crm_id_form": "A regular expression that the CRM's ids match as a whole; a field's other content is no link. "
    "Default: [0-9A-Za-z]{18}, Salesforce's ids.",
    "psa_id_form": "The same for the PSA's ids. Default: [0-9]{1,18}, Kantata's ids.",
    "records_limit": "The server's own `[request] records_limit`, where it is below 1000.",
}
_FIELD = re.compile(r"[a-z][a-z0-9_]{0,62}")
_LEAST_RECORDS, _MOST_RECORDS = 2, 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkOptions:
    """Where the links to other platforms stand. The forms tell an id of theirs from what people write there."""

    account_field: str = "code"
    project_field: str = "description"
    contract_field: str = "comment"
    crm_id_form: re.Pattern[str] = re.compile(r"[0-9A-Za-z]{18}")
    psa_id_form: re.Pattern[str] = re.compile(r"[0-9]{1,18}")
    records_limit: int = _MOST_RECORDS

    @property
    def page_size(self) -> int:
        """Records of a page: one more is asked for, to know whether it is the last."""
        return self.records_limit - 1

    def is_crm_id(self, text: str) -> bool:
        return self.crm_id_form.fullmatch(text) is not None

    def is_psa_id(self, text: str) -> bool:
        return self.psa_id_form.fullmatch(text) is not None


def read_options(connection: Connection) -> LinkOptions:
    """The options of the settings, checked; SettingsError says which one can't be meant."""
    usual = LinkOptions()
    limit = connection.options.get("records_limit", usual.records_limit)
    if not isinstance(limit, int) or not _LEAST_RECORDS <= limit <= _MOST_RECORDS:
        raise connection.problem("options.records_limit", f"must be from {_LEAST_RECORDS} to {_MOST_RECORDS:,}")
    return LinkOptions(
        account_field=_field(connection, "account_field", usual.account_field),
        project_field=_field(connection, "project_field", usual.project_field),
        contract_field=_field(connection, "contract_field", usual.contract_field),
        crm_id_form=_form(connection, "crm_id_form", usual.crm_id_form),
        psa_id_form=_form(connection, "psa_id_form", usual.psa_id_form),
        records_limit=limit,
    )


def _field(connection: Connection, name: str, usual: str) -> str:
    given = connection.options.get(name, usual)
    if not isinstance(given, str) or not _FIELD.fullmatch(given):
        raise connection.problem(f"options.{name}", "must be the name of a field, such as code")
    return given


def _form(connection: Connection, name: str, usual: re.Pattern[str]) -> re.Pattern[str]:
    given = connection.options.get(name)
    if given is None:
        return usual
    try:
        return re.compile(given)
    except (re.error, TypeError):
        raise connection.problem(f"options.{name}", "must be a regular expression, such as [0-9]+") from None

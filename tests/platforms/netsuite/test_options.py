"""Options of the settings: wrong ones are refused with what to do, and the page about NetSuite tells all of them."""

from pathlib import Path

import pytest

from platforms.netsuite import VENDOR
from platforms.netsuite.naming import USUAL, USUAL_FIELDS, named, named_fields
from platforms.netsuite.options import AccountOptions
from platforms.netsuite.platform import facets
from runtime.settings import SettingsError
from schema.roles import PlatformRole

PAGE = (Path(__file__).parents[3] / "docs/vendors/netsuite.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"time_zone": "Mars/Olympus"}, "options.time_zone: must be an IANA time zone"),
        ({"time_zone": 3}, "options.time_zone"),
        ({"time_zone": "../../etc/passwd"}, "options.time_zone"),
        ({"page_size": 0}, "options.page_size"),
        ({"page_size": 1001}, "options.page_size"),
        ({"page_size": True}, "options.page_size"),
        ({"columns": ["x"]}, "options.columns"),
        ({"columns": {"Invoice.contracts": "x"}}, "did you mean Invoice.contract?"),
        ({"columns": {"Invoice.contract": "x; DROP"}}, "isn't a column name"),
        ({"columns": {"Invoice.contract": 7}}, "isn't a column name"),
        ({"fields": "x"}, "options.fields"),
        ({"fields": {"Account.billing.taxID": "x"}}, "did you mean Account.billing.taxId?"),
        ({"fields": {"Account.billing.taxId": "a.b"}}, "isn't a field name"),
        ({"items": ["45"]}, "options.items"),
        ({"items": {"milestone": "46"}}, "must map service"),
        ({"items": {"service": "45", "other": "1"}}, "must map service"),
        ({"items": {"service": "eid:45"}}, "is no internal id"),
        ({"items": {"service": True}}, "is no internal id"),
        ({"terms": {"soon": "2"}}, "options.terms: must map whole numbers of days"),
        ({"terms": {30: "two"}}, "is no internal id"),
    ],
)
def test_an_option_that_cannot_be_meant_is_refused(scripted, options, problem):
    with pytest.raises(SettingsError, match=r"platforms\.netsuite\.") as refused:
        scripted(**options)
    assert problem in str(refused.value)


def test_people_are_sent_to_the_accounts_own_host(scripted):
    facet = scripted().reader.facets["Invoice", PlatformRole.ERP]
    assert facet.url is not None
    assert facet.url.format(base="", id="7") == (
        "https://1234567-sb1.app.netsuite.com/app/accounting/transactions/custinvc.nl?id=7"
    )


def test_the_page_tells_every_option_credential_and_column():
    told = [f"`{name}`" for name in (*VENDOR.options, *USUAL, *USUAL.values(), *USUAL_FIELDS, *USUAL_FIELDS.values())]
    told += [name for names in VENDOR.credentials for name in names]
    for told_facet in facets(AccountOptions()):
        source = told_facet.source
        told += [f"{join.table} ON {join.on}" for join in source.joins]
        told += [column.told for column in source.columns.values() if len(column.told) <= 90]
        told += [f"`{name}`" for name in told_facet.facet.ignored]
    assert [name for name in told if name not in PAGE] == []


def test_the_page_tells_everything_that_can_be_written(scripted):
    told = []
    for writable in scripted().writer.writables.values():
        told += [f"| {writable.type} | `{writable.entity}` |"]
        told += [f"`{path.replace('billing.billTo', '')}`" for path in writable.paths if path != "billing.billTo.lines"]
    assert [name for name in told if name not in PAGE] == []


def test_a_custom_field_bears_one_name_in_both_apis():
    columns = named({"Invoice.contract": "custbody_deal", "Account.billing.taxId": "taxidnum"})
    fields = named_fields({"InvoiceLine.milestoneKey": "custcol_stone"}, columns)
    assert (fields["Invoice.contract"], fields["InvoiceLine.milestoneKey"]) == ("custbody_deal", "custcol_stone")
    assert fields["Account.billing.taxId"] == "vatRegNumber"
    assert named_fields({"Invoice.contract": "custbody_X"}, columns)["Invoice.contract"] == "custbody_X"

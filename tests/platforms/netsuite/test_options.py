"""Options of the settings: wrong ones are refused with what to do, and the page about NetSuite tells all of them."""

from pathlib import Path

import pytest

from platforms.netsuite import VENDOR
from platforms.netsuite.naming import USUAL
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
    told = [*VENDOR.options, *(name for names in VENDOR.credentials for name in names), *USUAL, *USUAL.values()]
    for told_facet in facets(AccountOptions()):
        source = told_facet.source
        told += [f"{join.table} ON {join.on}" for join in source.joins]
        told += [column.told for column in source.columns.values() if len(column.told) <= 90]
        told += [f"`{name}`" for name in told_facet.facet.ignored]
    assert [name for name in told if name not in PAGE] == []

"""What the wire can't carry exactly is refused before any call; everything else is written and read by one row."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from platforms.salesforce.options import OrgOptions
from platforms.salesforce.writables import writables
from schema.enums import AccountStatus, ContractStatus
from schema.errors import Landed, UpstreamRejected
from schema.roles import PlatformRole

ONE = "0015g00000XyZ12AAF"


@pytest.fixture(scope="module")
def cells():
    found = {written.type: written.cells for written in writables(OrgOptions())}
    return lambda path: found[path.partition(".")[0]][path.partition(".")[2]]


@pytest.mark.parametrize(
    ("path", "value", "why"),
    [
        ("Account.name", "x" * 256, "longer than 255"),
        ("Account.name", " x", "white space"),
        ("Account.name", "x\n", "white space"),
        ("Account.name", " \t", "white space"),
        ("Account.name", "a\0b", "no record can hold"),
        ("Account.name", "\ud800", "no record can hold"),
        ("Account.name", 7, "int, not str"),
        ("Account.number", "x" * 41, "longer than 40"),
        ("Account.erpCustomers", "x" * 32_001, "longer than 32000"),
        ("Account.status", "Active", "str, not AccountStatus"),
        ("Account.status", ContractStatus.ACTIVE, "ContractStatus, not AccountStatus"),
        ("Account.parent", ONE[:15], "no Salesforce id"),
        ("Account.parent", f"{ONE}' OR", "no Salesforce id"),
        ("InvoiceSummary.total", Decimal("0.005"), "more than two decimals"),
        ("InvoiceSummary.total", Decimal("1E-999999"), "more than two decimals"),
        ("InvoiceSummary.total", Decimal(10) ** 16, "16 digits"),
        ("InvoiceSummary.total", Decimal("-1E+999999"), "16 digits"),
        ("InvoiceSummary.total", Decimal("NaN"), "16 digits"),
        ("InvoiceSummary.total", Decimal("-Infinity"), "16 digits"),
        ("InvoiceSummary.total", 12.5, "float, not Decimal"),
        ("InvoiceSummary.issueDate", date(1699, 12, 31), "no day from"),
        ("InvoiceSummary.issueDate", date(4000, 1, 1), "no day from"),
        ("InvoiceSummary.issueDate", datetime(2026, 1, 1, tzinfo=UTC), "no day from"),
        ("InvoiceSummary.issueDate", "2026-01-01", "str, not date"),
        ("InvoiceSummary.currency", "euro", "ISO 4217"),
        ("InvoiceSummary.currency", None, "can't be empty"),
        ("InvoiceSummary.account", None, "can't be empty"),
        ("Contract.status", None, "can't be empty"),
    ],
)
def test_what_the_wire_cannot_carry_is_refused(cells, path, value, why):
    with pytest.raises(ValueError, match=why):
        cells(path).wire(value)


@pytest.mark.parametrize(
    ("path", "value", "fields"),
    [
        ("Account.name", "x" * 255, {"Name": "x" * 255}),
        ("Account.name", "\u00a0x\u00a0", {"Name": "\u00a0x\u00a0"}),  # a no-break space stays
        ("Account.status", AccountStatus.ON_HOLD, {"CW_Status__c": "On Hold"}),
        ("Account.status", None, {"CW_Status__c": None}),
        ("Account.website", "", {"Website": None}),
        ("InvoiceSummary.total", Decimal("1.50"), {"Total__c": Decimal("1.50")}),
        ("InvoiceSummary.total", Decimal("9999999999999999.99"), {"Total__c": Decimal("9999999999999999.99")}),
        ("InvoiceSummary.total", Decimal("1E+3"), {"Total__c": Decimal(1000)}),
        ("InvoiceSummary.dueDate", date(2026, 2, 28), {"Due_Date__c": date(2026, 2, 28)}),
        ("InvoiceSummary.currency", "SEK", {"CurrencyIsoCode": "SEK"}),
    ],
)
def test_everything_else_is_written_to_its_fields(cells, path, value, fields):
    assert cells(path).wire(value) == fields


async def test_a_value_that_is_refused_costs_no_call(connect, org):
    platform = connect()
    account = platform.writer.writables["Account", PlatformRole.CRM]
    with pytest.raises(UpstreamRejected, match=r"Account\.number is longer") as refused:
        await platform.writer.update(account, ONE, {"number": "x" * 41})
    with pytest.raises(UpstreamRejected, match=r"Account\.nowhere can't be changed"):
        await platform.writer.update(account, ONE, {"nowhere": "x"})
    assert (refused.value.landed, refused.value.platform) == (Landed.NO, "crm")
    assert org.requests == []


def test_every_writable_is_declared_consistently():
    for written in writables(OrgOptions()):
        assert written.paths.keys() == written.cells.keys()
        fields = [field.name for cell in written.cells.values() for field in cell.mapped.fields]
        assert len(set(fields)) == len(fields)
        assert set(fields) <= set(written.projection.fields)
        assert written.key_field not in fields


def test_the_vendors_page_lists_what_can_be_written(request):
    page = (request.config.rootpath / "docs" / "vendors" / "salesforce.md").read_text(encoding="utf-8")
    for written in writables(OrgOptions()):
        for path, cell in written.cells.items():
            fields = ", ".join(f"`{field.name}`" for field in cell.mapped.fields)
            assert f"| {written.type} | `{path}` | {fields} |" in page

"""What is written to an org is there, once, as it was asked; nothing else is."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platforms.salesforce.ids import is_record_id
from sandbox.firm.ids import salesforce_id
from sandbox.serve import SandboxThread
from schema.enums import AccountStatus, ContractStatus, InvoiceStatus
from schema.errors import Landed, UpstreamConflict, UpstreamDuplicate, UpstreamRejected
from schema.roles import PlatformRole

KEY = "cw4k2j6h5g"
NOWHERE = salesforce_id("001", "nobody")
ROW = "/services/data/v{version}/sobjects/{entity}/{record_id}"
BY_KEY = "/services/data/v{version}/sobjects/{entity}/{field}/{value}"
NASTY = (
    "O'Hara & Söhne", "a/b?c=d#e", "%2e%2e/..", '"}],[{"', "x' OR Id != ''", "東京", "🦉", "<b>&amp;</b>", "@{ref.id}",
    "two\nlines", "null",
)  # fmt: skip


@pytest.fixture
def write(crm):
    """`write("Account")` is the writable of a type."""
    return lambda type_name: crm.writer.writables[type_name, PlatformRole.CRM]


@pytest.fixture
def account_id(truth):
    return truth.records("Account", limit="1")[0]["Id"]


@pytest.fixture
def contract_id(truth, account_id):
    return truth.make("Contract", AccountId=account_id, Name="Draft of a test")


@pytest.fixture
def whole(account_id, contract_id):
    """A value for every path that a new record can have, by type."""
    return {
        "Account": {
            "name": "Halden AS", "number": "A-17", "status": AccountStatus.ON_HOLD, "industry": "Energy",
            "website": "https://halden.example/?a=1&b", "parent": account_id, "syncStatus": "SYNCED: 2026-11-20",
            "erpCustomers": "netsuite:17\nnetsuite-emea:4",
        },
        "InvoiceSummary": {
            "number": "INV-1001", "account": account_id, "contract": contract_id,
            "status": InvoiceStatus.PARTIALLY_PAID, "issueDate": date(2026, 11, 1), "dueDate": date(2026, 12, 1),
            "currency": "SEK", "total": Decimal("1234567.89"), "amountPaid": Decimal("0.1"),
            "balance": Decimal(-12), "credited": Decimal("0.00"),
        },
    }  # fmt: skip


MADE = ("Account", "InvoiceSummary")


# ------------------------------------------------------------------------------------------------------ new records


@pytest.mark.parametrize("type_name", MADE)
async def test_a_new_record_is_there_as_asked_under_its_key(crm, truth, write, whole, type_name):
    writable = write(type_name)
    assert set(whole[type_name]) == {path for path in writable.paths if writable.settable(path, creating=True)}
    truth.calls()
    made = await crm.writer.create(writable, KEY, whole[type_name])
    assert truth.calls() == {f"PATCH {BY_KEY}": 1}
    assert is_record_id(made)
    held = truth.record(writable.entity, made)
    assert held["CW_Key__c"] == KEY
    found = await crm.writer.fetch(writable, made)
    assert truth.calls() == {f"GET {ROW}": 1}
    assert found.values == whole[type_name]
    assert (found.external_id, found.version) == (made, held["LastModifiedDate"])
    assert found.url == f"{crm.base_url}/{made}"
    assert found.modified_at.isoformat(timespec="milliseconds") == held["SystemModstamp"].replace("+0000", "+00:00")
    assert await crm.writer.find(writable, KEY) == (found,)
    assert truth.calls() == {f"GET {BY_KEY}": 1}


@pytest.mark.parametrize("type_name", MADE)
async def test_one_key_makes_one_record_however_often(crm, truth, write, whole, type_name):
    writable = write(type_name)
    first = await crm.writer.create(writable, KEY, whole[type_name])
    again = await crm.writer.create(writable, KEY, whole[type_name])
    other = await crm.writer.create(writable, KEY + "2", whole[type_name])
    assert first == again != other
    assert len(truth.records(writable.entity, CW_Key__c=KEY)) == 1


@pytest.mark.parametrize("type_name", MADE)
async def test_a_record_that_misses_what_it_needs_is_refused_before_any_call(crm, truth, write, whole, type_name):
    writable = write(type_name)
    truth.calls()
    for path, settable in writable.paths.items():
        if settable.required:
            for values in ({**whole[type_name], path: None}, {**whole[type_name], path: ""}):
                with pytest.raises(UpstreamRejected, match=rf"{type_name}\.{path} can't be empty"):
                    await crm.writer.create(writable, KEY, values)
            rest = {other: value for other, value in whole[type_name].items() if other != path}
            with pytest.raises(UpstreamRejected, match=f"needs {path}") as refused:
                await crm.writer.create(writable, KEY, rest)
            assert refused.value.landed is Landed.NO
    assert truth.calls() == {}


@pytest.mark.parametrize("type_name", ["Opportunity", "Contract"])
async def test_deals_and_contracts_are_neither_made_nor_deleted(crm, truth, write, type_name):
    writable = write(type_name)
    held = truth.records(type_name, limit="1")[0]["Id"]
    with pytest.raises(UpstreamRejected, match="isn't created"):
        await crm.writer.create(writable, KEY, {"syncStatus": "x"})
    with pytest.raises(UpstreamRejected, match="isn't deleted"):
        await crm.writer.remove(writable, held)
    assert truth.record(type_name, held)["IsDeleted"] is False


async def test_a_currency_is_said_once(crm, truth, write, whole):
    made = await crm.writer.create(write("InvoiceSummary"), KEY, whole["InvoiceSummary"])
    with pytest.raises(UpstreamRejected, match=r"InvoiceSummary\.currency can't be changed"):
        await crm.writer.update(write("InvoiceSummary"), made, {"currency": "EUR"})
    assert truth.record("CW_Invoice__c", made)["CurrencyIsoCode"] == "SEK"


async def test_an_org_with_one_currency_is_told_none(fresh_sandbox, connect_sandbox, truth, whole):
    platform = connect_sandbox(fresh_sandbox, currency="EUR")
    writable = platform.writer.writables["InvoiceSummary", PlatformRole.CRM]
    asked = whole["InvoiceSummary"]
    with pytest.raises(UpstreamRejected, match="only currency"):
        await platform.writer.create(writable, KEY, asked)
    made = await platform.writer.create(writable, KEY, {**asked, "currency": "EUR"})
    assert "CurrencyIsoCode" not in writable.fields
    assert (await platform.writer.fetch(writable, made)).values == {**asked, "currency": "EUR"}


# ---------------------------------------------------------------------------------------------------------- changes


async def test_a_change_changes_what_it_says_and_nothing_else(crm, truth, write, whole):
    writable = write("Account")
    made = await crm.writer.create(writable, KEY, whole["Account"])
    truth.calls()
    await crm.writer.update(writable, made, {"industry": "Media"})
    assert truth.calls() == {f"PATCH {ROW}": 1}
    assert (await crm.writer.fetch(writable, made)).values == {**whole["Account"], "industry": "Media"}


@pytest.mark.parametrize("type_name", MADE)
async def test_none_clears_each_value_that_may_be_missing(crm, write, whole, type_name):
    writable = write(type_name)
    made = await crm.writer.create(writable, KEY, whole[type_name])
    optional = {path for path, settable in writable.paths.items() if settable.update and not settable.required}
    await crm.writer.update(writable, made, dict.fromkeys(optional))
    found = (await crm.writer.fetch(writable, made)).values
    assert found == {path: None if path in optional else value for path, value in whole[type_name].items()}


async def test_empty_text_is_no_value(crm, write, whole):
    made = await crm.writer.create(write("Account"), KEY, {**whole["Account"], "website": ""})
    assert (await crm.writer.fetch(write("Account"), made)).values["website"] is None


async def test_no_change_costs_no_call(crm, truth, write, account_id):
    truth.calls()
    await crm.writer.update(write("Account"), account_id, {})
    assert truth.calls() == {}


async def test_every_status_is_taken(crm, truth, write, whole, account_id):
    for type_name, kind in (("Account", AccountStatus), ("InvoiceSummary", InvoiceStatus)):
        for status in kind:
            made = await crm.writer.create(write(type_name), KEY, {**whole[type_name], "status": status})
            assert (await crm.writer.fetch(write(type_name), made)).values["status"] is status
    for status in ContractStatus:  # an active contract never goes back
        draft = truth.make("Contract", AccountId=account_id)
        await crm.writer.update(write("Contract"), draft, {"status": status, "project": "38000036"})
        found = (await crm.writer.fetch(write("Contract"), draft)).values
        assert found == {"status": status, "project": "38000036", "syncStatus": None}


async def test_a_step_that_the_org_forbids_is_refused_in_its_words(crm, write, contract_id):
    await crm.writer.update(write("Contract"), contract_id, {"status": ContractStatus.ACTIVE})
    with pytest.raises(
        UpstreamRejected, match=r"FIELD_INTEGRITY_EXCEPTION: Choose a valid .*fields: Status"
    ) as refused:
        await crm.writer.update(write("Contract"), contract_id, {"status": ContractStatus.DRAFT})
    assert refused.value.landed is Landed.NO


words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40).map(str.strip).filter(bool)
VALUES = {
    str: words,
    Decimal: st.decimals(min_value=-(10**12), max_value=10**12, places=2),
    date: st.dates(date(1700, 1, 1), date(3999, 12, 31)),
}
FIXED = ("parent", "account", "contract", "currency", "status")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_every_value_reads_back_as_it_was_written(data, crm, truth, write, whole, account_id, contract_id):
    for type_name in ("Account", "Opportunity", "Contract", "InvoiceSummary"):
        writable = write(type_name)
        asked = {
            path: data.draw(VALUES[settable.kind] if settable.required else st.none() | VALUES[settable.kind], path)
            for path, settable in writable.paths.items()
            if path not in FIXED
        }
        if type_name in MADE:
            record_id = await crm.writer.create(writable, KEY, {**whole[type_name], **asked})
        else:
            record_id = contract_id if type_name == "Contract" else truth.records(type_name, limit="1")[0]["Id"]
            await crm.writer.update(writable, record_id, asked)
        found = await crm.writer.fetch(writable, record_id)
        assert {path: found.values[path] for path in asked} == asked


async def test_text_is_text_whatever_it_says(crm, truth, write):
    before = len(truth.records("Account"))
    for text in NASTY:
        texts = dict.fromkeys(("name", "number", "industry", "website", "syncStatus", "erpCustomers"), text)
        made = await crm.writer.create(write("Account"), KEY, texts)
        assert (await crm.writer.fetch(write("Account"), made)).values == {**texts, "status": None, "parent": None}
    assert len(truth.records("Account")) == before + 1


# --------------------------------------------------------------------------------------------------------- versions


async def test_a_change_bound_to_an_old_version_is_a_conflict(crm, truth, write, whole):
    writable = write("Account")
    made = await crm.writer.create(writable, KEY, whole["Account"])
    version = (await crm.writer.fetch(writable, made)).version
    await crm.writer.update(writable, made, {"industry": "Media"}, version=version)
    long_ago = "2020-01-01T00:00:00.000+0000"
    with pytest.raises(UpstreamConflict) as refused:
        await crm.writer.update(writable, made, {"industry": "Law"}, version=long_ago)
    assert refused.value.landed is Landed.NO
    assert truth.record("Account", made)["Industry"] == "Media"


async def test_a_version_that_is_none_is_refused_before_any_call(crm, truth, write, account_id):
    truth.calls()
    for version in ["", "7", "2026-11-20T12:00:00", "yesterday"]:
        with pytest.raises(UpstreamRejected, match="version"):
            await crm.writer.update(write("Account"), account_id, {"industry": "Law"}, version=version)
    assert truth.calls() == {}


# ------------------------------------------------------------------------------------------------ what isn't there


@pytest.mark.parametrize("type_name", MADE)
async def test_a_removed_record_is_gone_and_removing_it_again_is_done_already(crm, truth, write, whole, type_name):
    writable = write(type_name)
    made = await crm.writer.create(writable, KEY, whole[type_name])
    truth.calls()
    await crm.writer.remove(writable, made)
    assert truth.calls() == {f"DELETE {ROW}": 1}
    await crm.writer.remove(writable, made)
    assert await crm.writer.fetch(writable, made) is None
    assert await crm.writer.find(writable, KEY) == ()
    with pytest.raises(UpstreamRejected, match="ENTITY_IS_DELETED") as refused:
        await crm.writer.update(writable, made, {"status": None})
    assert refused.value.landed is Landed.NO


async def test_an_unknown_record_is_none_and_cannot_be_changed(crm, write):
    writable = write("Account")
    assert is_record_id(NOWHERE)
    assert await crm.writer.fetch(writable, NOWHERE) is None
    await crm.writer.remove(writable, NOWHERE)
    with pytest.raises(UpstreamRejected, match="NOT_FOUND"):
        await crm.writer.update(writable, NOWHERE, {"industry": "Law"})


async def test_a_record_of_another_object_is_none(crm, truth, write):
    contact = truth.records("Contact", limit="1")[0]["Id"]
    assert await crm.writer.fetch(write("Account"), contact) is None
    await crm.writer.remove(write("Account"), contact)
    assert truth.record("Contact", contact)["IsDeleted"] is False


async def test_what_can_be_no_id_costs_no_call(crm, truth, write):
    writable = write("Account")
    truth.calls()
    for record_id in ("", "1", "../Contact", NOWHERE[:15], NOWHERE[:15] + "AAA", f"{NOWHERE}/x", "ü" * 18):
        assert await crm.writer.fetch(writable, record_id) is None
        await crm.writer.remove(writable, record_id)
        with pytest.raises(UpstreamRejected) as refused:
            await crm.writer.update(writable, record_id, {"industry": "Law"})
        assert refused.value.landed is Landed.NO
    assert truth.calls() == {}


async def test_a_key_that_a_url_could_change_names_nothing(crm, truth, write, whole):
    truth.calls()
    for key in ("", "..", "a/b", "a.inc", "a b", "a?b", "%2e", "ü", "k" * 256, "a\0", "a\n"):
        assert await crm.writer.find(write("Account"), key) == ()
        with pytest.raises(UpstreamRejected, match="key") as refused:
            await crm.writer.create(write("Account"), key, whole["Account"])
        assert refused.value.landed is Landed.NO
    assert truth.calls() == {}


async def test_an_unknown_key_names_nothing(crm, write):
    for type_name in ("Account", "Opportunity", "Contract", "InvoiceSummary"):
        assert await crm.writer.find(write(type_name), "cwnobody") == ()


async def test_a_reference_to_a_deleted_record_is_refused_in_the_orgs_words(crm, truth, write, whole, contract_id):
    truth.remove("Contract", contract_id)
    with pytest.raises(UpstreamRejected, match=r"ENTITY_IS_DELETED.*Contract__c") as refused:
        await crm.writer.create(write("InvoiceSummary"), KEY, whole["InvoiceSummary"])
    assert refused.value.landed is Landed.NO
    assert truth.records("CW_Invoice__c") == []


# ------------------------------------------------------------------------------------------------- fields and rules


async def test_fields_go_by_the_firms_own_names(fresh_sandbox, connect_sandbox, truth, account_id):
    platform = connect_sandbox(fresh_sandbox, fields={"Account.syncStatus": "CW_ERP_Customers__c",
                                                      "Account.erpCustomers": "CW_Sync_Status__c"})  # fmt: skip
    writable = platform.writer.writables["Account", PlatformRole.CRM]
    await platform.writer.update(writable, account_id, {"syncStatus": "swapped"})
    assert truth.record("Account", account_id)["CW_ERP_Customers__c"] == "swapped"
    assert (await platform.writer.fetch(writable, account_id)).values["syncStatus"] == "swapped"


async def test_a_field_that_the_org_lacks_is_named(fresh_sandbox, connect_sandbox, account_id):
    platform = connect_sandbox(fresh_sandbox, fields={"Account.syncStatus": "Nowhere__c"})
    writable = platform.writer.writables["Account", PlatformRole.CRM]
    for tried in (
        platform.writer.update(writable, account_id, {"syncStatus": "x"}),
        platform.writer.fetch(writable, account_id),
    ):
        with pytest.raises(UpstreamRejected, match=r"Account\.Nowhere__c"):
            await tried


async def test_a_key_field_that_the_org_lacks_is_not_taken_for_no_record(fresh_sandbox, connect_sandbox, whole):
    platform = connect_sandbox(fresh_sandbox, key_field="Nowhere__c")
    writable = platform.writer.writables["Account", PlatformRole.CRM]
    with pytest.raises(UpstreamRejected, match=r"options\.key_field"):
        await platform.writer.find(writable, KEY)
    with pytest.raises(UpstreamRejected, match=r"options\.key_field"):
        await platform.writer.create(writable, KEY, whole["Account"])


async def test_a_likely_duplicate_comes_with_the_records_that_it_may_be(connect_sandbox):
    strict = SandboxThread(platforms=["salesforce:duplicate_rule=yes"], accounts=12, as_of=date(2026, 11, 20))
    try:
        platform = connect_sandbox(strict.start())
        writable = platform.writer.writables["Account", PlatformRole.CRM]
        first = await platform.writer.create(writable, KEY, {"name": "Halden AS"})
        with pytest.raises(UpstreamDuplicate, match=first) as refused:
            await platform.writer.create(writable, KEY + "2", {"name": "halden as"})
        assert refused.value.candidates == (first,)
        assert refused.value.landed is Landed.NO
        assert await platform.writer.find(writable, KEY + "2") == ()
    finally:
        strict.stop()

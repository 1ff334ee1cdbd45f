"""A hint is looked into, and each difference becomes one event; the same again tells nothing."""

from datetime import timedelta
from uuid import uuid4

from platforms.feeds import Hint
from schema.ids import decode_id
from schema.roles import PlatformRole
from sync.noticing.observer import Noticed
from tests.sync.noticing.conftest import Watchman
from tests.sync.office import Office

CRM, PSA, ERP = PlatformRole.CRM, PlatformRole.PSA, PlatformRole.ERP


async def test_what_is_seen_first_is_only_remembered_where_it_is_the_beginning(office: Office, watchman: Watchman):
    accounts = [office.external(each, "salesforce") for each in office.of_firm("Account")[:3]]
    assert await watchman.look("salesforce", "Account", CRM, *accounts, baseline=True) == Noticed(read=3, first=3)
    assert await watchman.news() == []
    kept = await office.ledger.snapshots.get("salesforce", "Account", "CRM", accounts)
    assert sorted(kept) == sorted(accounts)
    assert kept[accounts[0]].values["name"] == office.of_firm("Account")[0]["name"]


async def test_a_new_record_is_told_with_all_that_it_is(office: Office, watchman: Watchman):
    invoice = next(each for each in office.of_firm("Invoice") if each["account"] and each["project"])
    key = office.external(invoice, "netsuite")
    assert await watchman.look("netsuite", "Invoice", ERP, key, correlation_id="c-1") == Noticed(read=1, first=1)
    [event] = await watchman.news()
    assert (event.subject, event.correlation_id) == (office.id_of("Invoice", invoice), "c-1")
    assert event.change.first
    assert not event.change.gone
    assert event.change.run is None
    assert event.change.changes["number"] == (None, invoice["number"])
    assert event.change.entity == "invoice"
    client = next(each for each in office.of_firm("Account") if each["key"] == invoice["account"])
    assert event.change.values["account"] == office.external(client, "salesforce")
    assert event.change.values["status"] == invoice["status"]


async def test_a_difference_is_told_once_with_what_was_before(office: Office, watchman: Watchman):
    account = office.of_firm("Account")[4]
    key = office.external(account, "salesforce")
    await watchman.look("salesforce", "Account", CRM, key, baseline=True)
    name = f"Renamed {uuid4().hex}"
    before = office.control.record("salesforce", "Account", key)
    assert before is not None
    office.control.change("salesforce", "Account", key, Name=name, Website=f"https://{uuid4().hex}.example")
    hints = [Hint(type="Account", role=CRM, external_id=key)] * 2
    assert await watchman.observer.look("salesforce", hints, noticed_by="webhook") == Noticed(read=1, changed=1)
    [event] = await watchman.news()
    assert event.change.changes["name"] == (before["Name"], name)
    assert set(event.change.changes) == {"name", "website"}
    assert (event.change.noticed_by, event.change.first) == ("webhook", False)
    assert event.subject == office.id_of("Account", account)
    assert await watchman.look("salesforce", "Account", CRM, key) == Noticed(read=1)
    assert await watchman.news() == []


async def test_a_change_that_no_canonical_value_shows_tells_nothing(office: Office, watchman: Watchman):
    account = office.of_firm("Account")[5]
    key = office.external(account, "salesforce")
    await watchman.look("salesforce", "Account", CRM, key, baseline=True)
    [before] = (await office.ledger.snapshots.get("salesforce", "Account", "CRM", [key])).values()
    office.control.change("salesforce", "Account", key, Description=uuid4().hex)
    assert await watchman.look("salesforce", "Account", CRM, key) == Noticed(read=1)
    assert await watchman.news() == []
    [after] = (await office.ledger.snapshots.get("salesforce", "Account", "CRM", [key])).values()
    assert after.values == before.values
    assert after.modified_at is not None
    assert before.modified_at is not None
    assert after.modified_at > before.modified_at


async def test_a_customers_change_is_the_clients(office: Office, watchman: Watchman):
    account = next(each for each in office.of_firm("Account") if "netsuite" in each["records"])
    key = office.external(account, "netsuite")
    await watchman.look("netsuite", "Account", ERP, key)
    [event] = await watchman.news()
    assert decode_id(event.subject).external_id == office.external(account, "salesforce")
    assert event.change.external_id == key
    assert event.change.entity == "customer"


async def test_hints_of_what_nobody_follows_are_passed_over(office: Office, watchman: Watchman):
    office.control.calm()
    assert await watchman.look("kantata", "TimeEntry", PSA, "1") == Noticed()
    assert await watchman.look("netsuite", "Project", ERP, "1") == Noticed()
    assert await watchman.look("netsuite", "Account", CRM, "1") == Noticed()
    assert sum(office.control.calls("netsuite").values()) == 0


async def test_an_id_that_nobody_has_tells_nothing(watchman: Watchman):
    assert await watchman.look("salesforce", "Account", CRM, "001000000000000AAA") == Noticed(missing=1)
    assert await watchman.news() == []


async def test_many_records_take_few_calls(office: Office, watchman: Watchman):
    keys = [office.external(each, "salesforce") for each in office.of_firm("Account")][:200]
    await watchman.look("salesforce", "Account", CRM, keys[0], baseline=True)
    office.control.calm()
    await watchman.look("salesforce", "Account", CRM, *keys, baseline=True)
    assert sum(office.control.calls("salesforce").values()) == 1


async def test_what_was_read_long_after_its_stamp_needs_no_reading(office: Office, watchman: Watchman):
    keys = [office.external(each, "salesforce") for each in office.of_firm("Account")[20:22]]
    await watchman.look("salesforce", "Account", CRM, keys[0], baseline=True)
    [seen] = (await office.ledger.snapshots.get("salesforce", "Account", "CRM", [keys[0]])).values()
    assert seen.modified_at is not None
    assert seen.modified_at < office.clock.now() - timedelta(hours=1)
    stamps = {keys[0]: seen.modified_at, keys[1]: seen.modified_at}
    assert await watchman.observer.known("salesforce", "Account", CRM, stamps) == [keys[1]]
    later = {keys[0]: seen.modified_at + timedelta(seconds=1)}
    assert await watchman.observer.known("salesforce", "Account", CRM, later) == [keys[0]]
    assert await watchman.observer.known("salesforce", "Account", CRM, {keys[0]: None}) == [keys[0]]


async def test_what_was_read_within_its_stamps_granule_is_read_again_when_that_is_over(
    office: Office, watchman: Watchman
):
    key = office.external(office.of_firm("Account")[22], "salesforce")
    office.control.change("salesforce", "Account", key, Name=f"Renamed {uuid4().hex}")
    [row] = await office.firm.rows("salesforce", "Account", CRM, ["modifiedAt"], by="id", keys=[key])
    office.clock.advance((row["modifiedAt"] - office.clock.now()).total_seconds() + 0.5)
    await watchman.look("salesforce", "Account", CRM, key, baseline=True)
    stamps = {key: row["modifiedAt"]}
    assert await watchman.observer.known("salesforce", "Account", CRM, stamps) == [key]
    office.clock.advance(10)
    assert await watchman.look("salesforce", "Account", CRM, key) == Noticed(read=1)
    assert await watchman.observer.known("salesforce", "Account", CRM, stamps) == []

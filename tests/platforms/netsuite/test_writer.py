"""What is written to an account's books is there, once, as it was asked; nothing else is."""

from datetime import date
from decimal import Decimal

import pytest
from msgspec.structs import replace

from platforms.writers import Line
from schema.errors import Landed, UpstreamDuplicate, UpstreamRejected
from sync.values import alike

KEY = "cw4k2j6h5g"
MADE = ("Account", "Project", "BillingSchedule", "Invoice")
TABLES = {"Account": "customer", "Project": "job", "BillingSchedule": "salesOrder", "Invoice": "invoice"}


def shown(control, type_name, record_id):
    return control("GET", f"/records/netsuite/{TABLES[type_name]}/{record_id}")


def count(control, type_name):
    return len(control("GET", f"/records/netsuite/{TABLES[type_name]}")["records"])


def routes(calls):
    return [call.route.rsplit("/v1/", 1)[1] for call in calls]


# ---------------------------------------------------------------------------------------------------------- creating


@pytest.mark.parametrize("type_name", MADE)
async def test_a_new_record_reads_back_as_it_was_asked(books, write, whole, control, type_name):
    asked = whole[type_name]
    assert asked.keys() == {path for path, settable in write(type_name).paths.items() if settable.create}
    made = await books.create(write(type_name), KEY, asked)
    for found in (await books.fetch(write(type_name), made), *await books.find(write(type_name), KEY)):
        assert found.external_id == made
        assert found.values.keys() == write(type_name).paths.keys()
        assert [path for path, value in asked.items() if not alike(value, found.values[path])] == []
        assert found.values.get("anchor", KEY) == KEY
        assert found.url.endswith(f"?id={made}")
        assert found.version == shown(control, type_name, made)["lastModifiedDate"]
        assert found.modified_at.isoformat() == found.version.replace("Z", "+00:00")
    assert shown(control, type_name, made)["externalId"] == KEY


async def test_the_books_themselves_have_it(books, write, whole, control, firm):
    customer = shown(control, "Account", await books.create(write("Account"), KEY, whole["Account"]))
    assert (customer["companyName"], customer["isPerson"], customer["vatRegNumber"]) == (
        "Halden Søm AS", False, "GB123456789",
    )  # fmt: skip
    assert customer["terms"]["refName"] == "Net 30"
    assert customer["creditHoldOverride"]["id"] == "ON"
    (entry,) = customer["addressBook"]["items"]
    assert entry["defaultBilling"] is True
    address = {name: value for name, value in entry["addressBookAddress"].items() if name != "links"}
    assert address == {
        "addr1": "4 Quay St", "addr2": "Floor 2", "city": "Bristol", "state": "Avon", "zip": "BS1 4AA",
        "country": {"id": "GB", "refName": "GB"},
    }  # fmt: skip
    job = shown(control, "Project", await books.create(write("Project"), KEY, whole["Project"]))
    assert job["parent"]["id"] == firm["customer"]
    invoice = shown(control, "Invoice", await books.create(write("Invoice"), KEY, whole["Invoice"]))
    assert (invoice["entity"]["id"], invoice["status"]["id"]) == (firm["customer"], "A")
    lines = invoice["item"]["items"]
    assert [(line["item"]["id"], line["amount"], line.get("custcol_cw_milestone")) for line in lines] == [
        ("45", "4800.10", None), ("46", "1200.00", "CM-17"),
    ]  # fmt: skip
    assert (lines[0]["quantity"], lines[0]["rate"]) == ("32", "150.003125")


async def test_an_invoice_is_pending_until_approved(books, write, whole, control):
    asked = {path: value for path, value in whole["Invoice"].items() if path != "approved"}
    made = await books.create(write("Invoice"), KEY, asked)
    assert (await books.fetch(write("Invoice"), made)).values["approved"] is False
    assert (shown(control, "Invoice", made)["status"]["id"], shown(control, "Invoice", made)["posting"]) == ("D", False)
    await books.update(write("Invoice"), made, {"approved": True})
    assert (await books.fetch(write("Invoice"), made)).values["approved"] is True
    assert shown(control, "Invoice", made)["posting"] is True


@pytest.mark.parametrize("type_name", MADE)
async def test_one_key_is_one_record(books, write, whole, control, type_name):
    before = count(control, type_name)
    first = await books.create(write(type_name), KEY, whole[type_name])
    assert await books.create(write(type_name), KEY, whole[type_name]) == first
    assert count(control, type_name) == before + 1
    if "lines" in whole[type_name]:
        assert len((await books.fetch(write(type_name), first)).values["lines"]) == 2


async def test_only_what_a_record_cannot_be_without_has_to_be_told(books, write, firm):
    line = Line(description="Work", amount=Decimal(100))
    least = {
        "Account": {"billing.legalName": "Halden", "billing.legalEntity": firm["legalEntity"]},
        "Project": {"name": "Rollout", "customer": firm["customer"]},
        "BillingSchedule": {"customer": firm["customer"], "lines": (line,)},
        "Invoice": {"customer": firm["customer"], "issueDate": date(2026, 11, 30), "lines": (line,)},
    }
    for type_name, asked in least.items():
        assert asked.keys() == {path for path, settable in write(type_name).paths.items() if settable.required}
        made = await books.create(write(type_name), KEY, asked)
        found = await books.fetch(write(type_name), made)
        assert all(alike(value, found.values[path]) for path, value in asked.items())


async def test_a_key_belongs_to_one_type(books, write, whole):
    customer = await books.create(write("Account"), KEY, whole["Account"])
    assert await books.find(write("Project"), KEY) == ()
    assert (await books.find(write("Account"), KEY))[0].external_id == customer


# ---------------------------------------------------------------------------------------------------------- changing


@pytest.mark.parametrize("type_name", MADE)
async def test_an_update_sets_just_what_it_says(books, write, whole, type_name):
    asked = {path: value for path, value in whole[type_name].items() if path != "approved"}
    made = await books.create(write(type_name), KEY, asked)
    before = (await books.fetch(write(type_name), made)).values
    line = Line(description="Other", amount=Decimal("0.10"), quantity=Decimal("0.5"), unit_price=Decimal("0.2"))
    changes = {
        "Account": {
            "anchor": "0015g00000XYZ", "website": "https://halden.example", "billing.legalName": "Halden Ltd",
            "billing.taxId": "GB9", "billing.paymentTermsDays": 45, "billing.creditHold": False,
            "billing.billTo.lines": ("1 High St",),
            "billing.billTo.city": "Bath", "billing.billTo.region": "Somerset", "billing.billTo.postalCode": "BA1",
            "billing.billTo.country": "IE",
        },
        "Project": {
            "anchor": "98765", "name": "Rollout 2", "startDate": date(2026, 12, 2), "endDate": date(2027, 7, 1),
        },
        "BillingSchedule": {
            "project": None, "contract": "800X", "date": date(2026, 11, 21), "memo": "Later", "lines": (line,),
        },
        "Invoice": {
            "project": None, "contract": "800X", "issueDate": date(2026, 12, 1), "dueDate": date(2027, 1, 1),
            "purchaseOrder": "PO 2", "memo": "Later", "lines": (line,), "approved": True,
        },
    }[type_name]  # fmt: skip
    assert changes.keys() == {path for path, settable in write(type_name).paths.items() if settable.update}
    for path, value in changes.items():
        await books.update(write(type_name), made, {path: value}, version="2001-01-01T00:00:00Z")
        before[path] = value
        found = (await books.fetch(write(type_name), made)).values
        assert [other for other in before if not alike(before[other], found[other])] == [], path


async def test_what_may_be_missing_can_be_cleared(books, write, whole):
    for type_name in MADE:
        made = await books.create(write(type_name), KEY, whole[type_name])
        cleared = {
            path: None
            for path, settable in write(type_name).paths.items()
            if settable.update and not settable.required and path != "approved"
        }
        await books.update(write(type_name), made, cleared)
        found = (await books.fetch(write(type_name), made)).values
        assert [path for path in cleared if found[path] is not None] == []
        with pytest.raises(UpstreamRejected, match="can't be empty") as refused:
            await books.update(write(type_name), made, {_needed(write(type_name)): None})
        assert refused.value.landed is Landed.NO


def _needed(writable):
    return next(path for path, settable in writable.paths.items() if settable.required and settable.update)


async def test_an_empty_text_clears(books, write, whole):
    made = await books.create(write("Account"), KEY, whole["Account"])
    await books.update(write("Account"), made, {"billing.taxId": "", "billing.billTo.lines": ()})
    found = (await books.fetch(write("Account"), made)).values
    assert (found["billing.taxId"], found["billing.billTo.lines"]) == (None, None)
    assert found["billing.billTo.city"] == "Bristol"


async def test_the_default_address_changes_and_no_other_does(books, write, whole, control):
    made = await books.create(write("Account"), KEY, whole["Account"])
    second = {"items": [{"label": "Depot", "defaultShipping": True, "addressBookAddress": {"city": "Cardiff"}}]}
    control("PATCH", f"/records/netsuite/customer/{made}", {"addressBook": second})
    await books.update(write("Account"), made, {"billing.billTo.city": "Bath", "billing.taxId": "GB7"})
    entries = shown(control, "Account", made)["addressBook"]["items"]
    assert [(entry["addressBookAddress"]["city"], entry["defaultBilling"]) for entry in entries] == [
        ("Bath", True), ("Cardiff", False),
    ]  # fmt: skip
    assert entries[0]["addressBookAddress"]["addr1"] == "4 Quay St"
    assert shown(control, "Account", made)["vatRegNumber"] == "GB7"


async def test_a_customer_without_an_address_gets_one(books, write, whole, control):
    asked = {path: value for path, value in whole["Account"].items() if "billTo" not in path}
    made = await books.create(write("Account"), KEY, {**asked, "billing.billTo.city": None})
    assert shown(control, "Account", made)["addressBook"]["items"] == []
    await books.update(write("Account"), made, {"billing.billTo.region": None})
    assert shown(control, "Account", made)["addressBook"]["items"] == []
    await books.update(write("Account"), made, {"billing.billTo.country": "NO"})
    found = (await books.fetch(write("Account"), made)).values
    assert (found["billing.billTo.country"], found["billing.billTo.city"]) == ("NO", None)
    assert len(shown(control, "Account", made)["addressBook"]["items"]) == 1


async def test_lines_become_what_they_are_told_to_be(books, write, whole, control):
    for type_name in ("Invoice", "BillingSchedule"):
        made = await books.create(write(type_name), KEY, whole[type_name])
        first, second = whole[type_name]["lines"]
        fewer = (replace(second, description="Went live", amount=Decimal(5)),)
        await books.update(write(type_name), made, {"lines": fewer})
        assert alike(fewer, (await books.fetch(write(type_name), made)).values["lines"])
        more = (replace(second, description="Goodwill", amount=Decimal("-0.01"), milestone=None), first, second)
        await books.update(write(type_name), made, {"lines": more})
        assert alike(more, (await books.fetch(write(type_name), made)).values["lines"])
        assert len(shown(control, type_name, made)["item"]["items"]) == 3


async def test_a_customer_that_finance_made_is_linked(books, write, control):
    customer = next(
        record for record in control("GET", "/records/netsuite/customer")["records"] if "externalId" not in record
    )
    await books.update(write("Account"), customer["id"], {"anchor": "0015g00000NEW"})
    (found,) = await books.find(write("Account"), "0015g00000NEW")
    assert found.external_id == customer["id"]
    assert found.values["billing.legalName"] == customer["companyName"]


# ---------------------------------------------------------------------------------------------------------- removing


@pytest.mark.parametrize("type_name", MADE)
async def test_a_record_taken_back_is_gone_and_stays_gone(books, write, whole, control, type_name):
    before = count(control, type_name)
    asked = {path: value for path, value in whole[type_name].items() if path != "approved"}
    made = await books.create(write(type_name), KEY, asked)
    for _ in range(2):
        await books.remove(write(type_name), made)
        assert await books.fetch(write(type_name), made) is None
        assert await books.find(write(type_name), KEY) == ()
    assert count(control, type_name) == before


async def test_what_others_depend_on_stays(books, write, whole, firm, control):
    with pytest.raises(UpstreamRejected, match=r"\(USER_ERROR\): .*dependent records") as refused:
        await books.remove(write("Account"), firm["customer"])
    assert refused.value.landed is Landed.NO
    assert shown(control, "Account", firm["customer"])["id"] == firm["customer"]


async def test_a_posted_invoice_stays(books, write, whole, control):
    made = await books.create(write("Invoice"), KEY, whole["Invoice"])
    with pytest.raises(UpstreamRejected, match="approved and so posted") as refused:
        await books.remove(write("Invoice"), made)
    assert (refused.value.landed, refused.value.platform) == (Landed.NO, "netsuite")
    assert shown(control, "Invoice", made)["id"] == made


# ----------------------------------------------------------------------------------------------------------- calls


async def test_no_more_calls_are_made_than_needed(books, write, whole, calls):
    made = await books.create(write("Account"), KEY, whole["Account"])
    assert routes(calls) == ["suiteql", "suiteql", "customer/eid:{externalId}"]  # currencies, terms, the customer
    del calls[:]
    await books.fetch(write("Account"), made)
    await books.find(write("Account"), KEY)
    await books.update(write("Account"), made, {"billing.legalName": "X", "billing.paymentTermsDays": 45})
    await books.update(write("Account"), made, {"billing.billTo.city": "Y", "billing.billTo.country": "GB"})
    await books.update(write("Account"), made, {})
    await books.remove(write("Account"), made)
    assert routes(calls) == [
        "customer/{id}", "customer/eid:{externalId}", "customer/{id}", "customer/{id}", "customer/{id}",
        "customer/{id}",
    ]  # fmt: skip
    del calls[:]
    made = await books.create(write("Invoice"), KEY, {**whole["Invoice"], "approved": False})
    await books.fetch(write("Invoice"), made)
    await books.update(write("Invoice"), made, {"lines": whole["Invoice"]["lines"], "memo": None})
    await books.remove(write("Invoice"), made)
    assert routes(calls) == ["invoice/eid:{externalId}", *["invoice/{id}"] * 4]


async def test_a_plan_tells_names_and_no_values(books, write, whole, calls):
    made = await books.create(write("Project"), KEY, whole["Project"])
    await books.update(write("Project"), made, {"name": "Secret plan", "endDate": None})
    assert [call.statement for call in calls] == [
        f"PUT job eid:{KEY}: companyName, parent, subsidiary, startDate, endDate",
        f"PATCH job {made}: companyName, endDate",
    ]


# --------------------------------------------------------------------------------------------------- what isn't there


@pytest.mark.parametrize("type_name", MADE)
@pytest.mark.parametrize("nobody", ["7000000001", "eid:cw4k2j6h5g", "1/../2", "0017", "", "1?q=x", "٣"])
async def test_a_record_that_nobody_has_is_found_by_nobody(books, write, whole, type_name, nobody):
    assert await books.fetch(write(type_name), nobody) is None
    await books.remove(write(type_name), nobody)
    for values in (
        {_needed(write(type_name)): whole[type_name][_needed(write(type_name))]},
        {"billing.billTo.city": "X"},
    ):
        if values.keys() <= write(type_name).paths.keys():
            with pytest.raises(UpstreamRejected, match="no such record") as refused:
                await books.update(write(type_name), nobody, values)
            assert (refused.value.landed, refused.value.platform) == (Landed.NO, "netsuite")


@pytest.mark.parametrize("key", ["", "a b", "a/b", "../invoice", "a|b", "a?replace=item", "ключ", "a:b", "a\n", "%41"])
async def test_a_key_that_can_be_none_finds_nothing_and_makes_nothing(books, write, whole, control, calls, key):
    assert await books.find(write("Project"), key) == ()
    with pytest.raises(UpstreamRejected, match="letters, digits, _ and - only") as refused:
        await books.create(write("Project"), key, whole["Project"])
    assert (refused.value.landed, calls) == (Landed.NO, [])


# ---------------------------------------------------------------------------------------------------------- refusals


async def test_an_external_id_that_another_record_has_is_a_duplicate(books, write, whole, control):
    taken = next(
        record["externalId"]
        for record in control("GET", "/records/netsuite/customer")["records"]
        if "externalId" in record
    )
    made = await books.create(write("Account"), KEY, whole["Account"])
    with pytest.raises(UpstreamDuplicate, match=r"\(USER_ERROR\): .*already exists") as refused:
        await books.update(write("Account"), made, {"anchor": taken})
    assert refused.value.landed is Landed.NO


async def test_a_reference_to_nothing_is_refused_with_its_place(books, write, whole):
    asked = {**whole["Invoice"], "lines": (Line(description="x", amount=Decimal(1), project="7000000001"),)}
    with pytest.raises(UpstreamRejected, match=r"INVALID_CONTENT.*7000000001.*\[item\.items\[0\]\.job") as refused:
        await books.create(write("Invoice"), KEY, asked)
    assert refused.value.landed is Landed.NO
    assert await books.find(write("Invoice"), KEY) == ()


async def test_terms_that_the_account_lacks_are_refused_with_those_that_it_has(books, write, whole, firm, calls):
    with pytest.raises(UpstreamRejected, match=r"no payment terms for 31; it has .*30") as refused:
        await books.create(write("Account"), KEY, {**whole["Account"], "billing.paymentTermsDays": 31})
    assert (refused.value.landed, refused.value.platform) == (Landed.NO, "netsuite")
    with pytest.raises(UpstreamRejected, match=r"no currency for XTS; it has .*GBP"):
        await books.create(write("Invoice"), KEY, {**whole["Invoice"], "currency": "XTS"})
    assert {call.route for call in calls} == {"/services/rest/query/v1/suiteql"}


async def test_a_field_that_the_account_lacks_is_refused_not_dropped(joined, write, whole):
    account = joined(fields={"Account.billing.taxId": "custentity_vat"})
    writable = write("Account")
    with pytest.raises(UpstreamRejected, match=r"INVALID_CONTENT.*custentity_vat"):
        await account.writer.create(writable, KEY, whole["Account"])
    assert await account.writer.find(writable, KEY) == ()


async def test_lines_need_to_know_what_they_are_billed_as(account, write, whole, calls):
    with pytest.raises(UpstreamRejected, match=r"options\.items") as refused:
        await account.writer.create(write("Invoice"), KEY, whole["Invoice"])
    assert (refused.value.landed, refused.value.platform) == (Landed.NO, "netsuite")
    assert calls == []


async def test_one_item_does_for_every_line(joined, write, whole, control):
    writer = joined(items={"service": 45}).writer
    made = await writer.create(write("Invoice"), KEY, whole["Invoice"])
    assert [line["item"]["id"] for line in shown(control, "Invoice", made)["item"]["items"]] == ["45", "45"]


async def test_what_cannot_be_set_is_refused_unsent(books, write, whole, firm, calls):
    for type_name, values in (
        ("Account", {"billing.legalEntity": firm["otherEntity"]}),
        ("Invoice", {"customer": firm["customer"]}),
        ("Invoice", {"approved": None}),
        ("Project", {"nothing": "x"}),
    ):
        with pytest.raises(UpstreamRejected, match=next(iter(values))) as refused:
            await books.update(write(type_name), firm["customer"], values)
        assert refused.value.landed is Landed.NO
    with pytest.raises(UpstreamRejected, match=r"Account\.anchor"):
        await books.create(write("Account"), KEY, {**whole["Account"], "anchor": "x"})
    assert calls == []

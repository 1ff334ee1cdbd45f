"""What can't be meant is refused with the place where it stands, before anything is written; nothing is half-done."""

import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from schema.ids import RecordKey, encode_id
from sync.desk import RefusalCode, Reply
from sync.ledger.port import RunQuery
from tests.sync.flows.stories import client, entity_id, reasons, refused_before_anything, unknown_to_erp
from tests.sync.flows.whole_wishes import INPUTS, Place, fields_of, leaves, whole_wish, with_value
from tests.sync.office import Office

TEXTS = ("str", "ID", "CurrencyCode", "CountryCode")
ANCHORS = {"Account": "salesforce", "Opportunity": "salesforce", "Contract": "salesforce", "Project": "kantata"}
NAMES = {
    "id": {"updateAccount": "Account", "updateContractStatus": "Contract", "updateProject": "Project"},
    "parentId": "Account",
    "accountId": "Account",
    "opportunityId": "Opportunity",
    "contractId": "Contract",
    "projectId": "Project",
    "invoiceId": "Invoice",
    "legalEntityId": "LegalEntity",
    "legalEntityIds": "LegalEntity",
    "recordId": "Account",
}
FORGED = ["", "garbage", "💥", "Og==", "QWNjb3VudDo=", "x" * 3000, encode_id(RecordKey("Account", "salesforce", ""))]


def path_of(place: Place) -> tuple[str, ...]:
    return ("input", *map(str, place))


def said_at(reply: Reply, place: Place) -> bool:
    """Whether some refusal leads to the place, or to what it is a part of."""
    path = path_of(place)
    return any(refusal.path is not None and path[: len(refusal.path)] == refusal.path for refusal in reply.refusals)


def alone(wish: dict[str, Any], place: Place) -> dict[str, Any]:
    """Of two fields that say the same, the company that delivers, only the one at the place."""
    if place == ("billing", "legalEntityId"):
        return {name: value for name, value in wish.items() if name != "legalEntityId"}
    if place == ("legalEntityId",) and "billing" in wish:
        billing = {name: value for name, value in wish["billing"].items() if name != "legalEntityId"}
        return {**wish, "billing": billing}
    return wish


@pytest.fixture
def ledger_url(tmp_path: Path, sqlite_template: Path) -> str:
    """One kind of database is enough where nothing comes to it."""
    path = tmp_path / "ledger.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(autouse=True)
def _as_generated() -> None:
    """The firm stays as it is: nothing is written."""


@pytest.fixture(autouse=True)
async def _nothing_is_left(office: Office) -> Any:
    yield
    assert await office.ledger.count_runs(RunQuery()) == 0
    assert await office.ledger.unsent(most=10) == ()
    assert await office.ledger.count_exceptions(queue=None, status=None) == 0


@pytest.mark.parametrize("workflow", INPUTS)
async def test_a_whole_wish_has_every_field_of_its_input(office: Office, workflow: str) -> None:
    """So that what follows is asked of every field that there is."""
    wish = whole_wish(office, workflow)
    alone = {"type", "changedSince"} if workflow == "syncRecords" else set()
    assert wish.keys() == fields_of(INPUTS[workflow]).keys() - alone
    for name, (_, nested) in fields_of(INPUTS[workflow]).items():
        if nested is not None:
            part = wish[name][0] if isinstance(wish[name], list) else wish[name]
            assert part.keys() == fields_of(nested).keys()


@pytest.mark.parametrize("workflow", INPUTS)
async def test_a_control_character_is_found_in_every_text(office: Office, workflow: str) -> None:
    wish = whole_wish(office, workflow)
    for place, kind in leaves(workflow, wish):
        if kind in TEXTS:
            for sign in ("\x00", "\x07", "\x1b", "\x7f", "\ud800"):
                reply = await refused_before_anything(office, workflow, **with_value(wish, place, f"a{sign}b"))
                assert (RefusalCode.INVALID, path_of(place)) in reasons(reply), (place, reply.refusals)
    reply = await refused_before_anything(office, workflow, reason="a\x07b", **wish)
    assert reasons(reply) == [(RefusalCode.INVALID, ("input", "reason"))]


@pytest.mark.parametrize("workflow", INPUTS)
async def test_an_id_that_names_no_record_of_its_kind_is_said_where_it_stands(office: Office, workflow: str) -> None:
    wish = whole_wish(office, workflow)
    person = office.id_of("Resource", office.of_firm("Resource")[0])
    for place, kind in leaves(workflow, wish):
        if kind != "ID":
            continue
        named: Any = NAMES[str(place[-1]) if isinstance(place[-1], str) else str(place[-2])]
        type_name = named if isinstance(named, str) else named[workflow]
        foreign = encode_id(RecordKey(type_name, "hubspot", "1"))
        elsewhere = encode_id(RecordKey(type_name, "netsuite" if type_name in ANCHORS else "kantata", "10032"))
        for given in (*FORGED, person, foreign, elsewhere):
            asked = with_value(alone(wish, place), place, given)
            reply = await refused_before_anything(office, workflow, **asked)
            assert said_at(reply, place), (place, given, reply.refusals)


@pytest.mark.parametrize("workflow", INPUTS)
async def test_a_record_that_isnt_there_is_said_where_it_is_named(office: Office, workflow: str) -> None:
    wish = whole_wish(office, workflow)
    if workflow == "updateAccount":
        del wish["ownerName"]
    for place, kind in leaves(workflow, wish):
        if kind != "ID":
            continue
        named: Any = NAMES[str(place[-1]) if isinstance(place[-1], str) else str(place[-2])]
        type_name = named if isinstance(named, str) else named[workflow]
        platform = ANCHORS.get(type_name, "netsuite")
        unused = {"salesforce": "001Qy0AAAAAAAAAIAU", "kantata": "99999999", "netsuite": "99999999"}[platform]
        gone = encode_id(RecordKey(type_name, platform, unused))
        reply = await refused_before_anything(office, workflow, **with_value(alone(wish, place), place, gone))
        assert said_at(reply, place), (place, reply.refusals)
        codes = {refusal.code for refusal in reply.refusals if refusal.path == path_of(place)}
        no_customer = (workflow, place) == ("updateAccount", ("billing", "legalEntityId"))
        assert (RefusalCode.STATE if no_customer else RefusalCode.NOT_FOUND) in codes, (place, reply.refusals)


NUMBERS = ["-1", "-0.01", "NaN", "Infinity", "1E+13", "0.0000001", "100.0000000000000000000000000000000001"]


@pytest.mark.parametrize("workflow", ["updateProject", "createInvoice"])
@pytest.mark.parametrize("number", NUMBERS)
async def test_an_amount_that_cant_be_one_is_said_where_it_stands(office: Office, workflow: str, number: str) -> None:
    wish = whole_wish(office, workflow)
    places = [place for place, kind in leaves(workflow, wish) if kind == "Decimal"]
    assert places
    for place in places:
        reply = await refused_before_anything(office, workflow, **with_value(wish, place, Decimal(number)))
        assert said_at(reply, place), (place, reply.refusals)


async def test_an_amount_has_no_more_decimals_than_its_currency(office: Office) -> None:
    wish = whole_wish(office, "createInvoice")
    line = {"description": "Workshop", "amount": "10.005"}
    reply = await refused_before_anything(office, "createInvoice", **{**wish, "lines": [line]})
    assert reasons(reply) == [(RefusalCode.INVALID, ("input", "lines", "0", "amount"))]
    yen = next(found for found in office.of_firm("Account") if (found["billing"] or {}).get("currency") == "JPY")
    reply = await refused_before_anything(
        office,
        "createInvoice",
        accountId=office.id_of("Account", yen),
        lines=[{"description": "Workshop", "amount": "10.5"}],
    )
    assert reasons(reply) == [(RefusalCode.INVALID, ("input", "lines", "0", "amount"))]


async def test_all_that_is_wrong_with_the_lines_is_said_at_once(office: Office) -> None:
    ours = office.id_of("Account", client(office, "acct-0001"))
    lines: list[dict[str, Any]] = [
        {"description": " ", "amount": "1"},
        {"description": "No amount"},
        {"description": "Nothing", "amount": "0"},
        {"description": "Fine", "amount": "1"},
        {"description": "Neither", "quantity": "2", "unitPrice": "3", "amount": "7"},
        {"description": "None of it", "quantity": "0", "unitPrice": "3"},
    ]
    reply = await refused_before_anything(office, "createInvoice", accountId=ours, lines=lines)
    assert [refusal.path for refusal in reply.refusals] == [
        ("input", "lines", "0", "description"),
        ("input", "lines", "1", "amount"),
        ("input", "lines", "2", "amount"),
        ("input", "lines", "4", "amount"),
        ("input", "lines", "5", "quantity"),
    ]


@pytest.mark.parametrize("count", [0, 1_001, 10_000])
async def test_an_invoice_has_lines_and_not_too_many(office: Office, count: int) -> None:
    ours = office.id_of("Account", client(office, "acct-0001"))
    lines = [{"description": "Workshop", "amount": "1"}] * count
    reply = await refused_before_anything(office, "createInvoice", accountId=ours, lines=lines)
    assert reasons(reply) == [(RefusalCode.INVALID, ("input", "lines"))]


@pytest.mark.parametrize("key", ["k" * 10_240, "", " ", "two\nlines", "umlaut-ä", "tab\t"])
async def test_a_key_is_one_short_printable_line(office: Office, key: str) -> None:
    wish = whole_wish(office, "updateContractStatus")
    reply = await refused_before_anything(office, "updateContractStatus", key=key or "\x00", **wish)
    assert reasons(reply) == [(RefusalCode.INVALID, ("input", "idempotencyKey"))]


@pytest.mark.parametrize("workflow", ["updateProject", "convertOpportunity", "createInvoice"])
@pytest.mark.parametrize("day", [date.min, date(1926, 11, 20), date(2226, 11, 20), date.max])
async def test_a_day_that_nobody_means_is_said_where_it_stands(office: Office, workflow: str, day: date) -> None:
    wish = whole_wish(office, workflow)
    for place, kind in leaves(workflow, wish):
        if kind == "date":
            reply = await refused_before_anything(office, workflow, **with_value(wish, place, day))
            assert said_at(reply, place), (place, reply.refusals)


@pytest.mark.parametrize(
    ("workflow", "name"),
    [
        ("updateAccount", "name"),
        ("updateAccount", "billing"),
        ("updateProject", "name"),
        ("updateProject", "status"),
    ],
)
async def test_null_clears_nothing_that_a_record_must_have(office: Office, workflow: str, name: str) -> None:
    record_id = whole_wish(office, workflow)["id"]
    reply = await refused_before_anything(office, workflow, id=record_id, **{name: None})
    assert reasons(reply) == [(RefusalCode.INVALID, ("input", name))]


@pytest.mark.parametrize("name", ["legalName", "legalEntityId"])
async def test_a_customer_keeps_its_name_and_its_company(office: Office, name: str) -> None:
    record_id = whole_wish(office, "updateAccount")["id"]
    reply = await refused_before_anything(office, "updateAccount", id=record_id, billing={name: None})
    assert reasons(reply) == [(RefusalCode.INVALID, ("input", "billing", name))]


@pytest.mark.parametrize("workflow", INPUTS)
async def test_what_must_be_given_isnt_left_out_or_null(office: Office, workflow: str) -> None:
    """The graph refuses it before; a caller of the desk is told all the same."""
    required = {
        "createAccount": ["name"],
        "updateAccount": ["id"],
        "updateProject": ["id"],
        "onboardCustomer": ["accountId", "legalEntityIds"],
        "convertOpportunity": ["opportunityId"],
        "updateContractStatus": ["id", "status"],
        "postInvoice": ["invoiceId"],
        "syncInvoiceStatus": ["invoiceId"],
    }
    wish = whole_wish(office, workflow)
    for name in required.get(workflow, []):
        for given in ({**wish, name: None}, {key: value for key, value in wish.items() if key != name}):
            reply = await refused_before_anything(office, workflow, **given)
            assert RefusalCode.INVALID in {refusal.code for refusal in reply.refusals}
            assert f"`{name}`" in reply.refusals[0].message or f"$.{name}" in reply.refusals[0].message


@pytest.mark.parametrize("workflow", ["updateAccount", "updateProject"])
async def test_a_change_changes_something(office: Office, workflow: str) -> None:
    record_id = whole_wish(office, workflow)["id"]
    reply = await refused_before_anything(office, workflow, id=record_id)
    assert reasons(reply) == [(RefusalCode.INVALID, ("input", "id"))]
    if workflow == "updateAccount":
        reply = await refused_before_anything(office, workflow, id=record_id, billing={})
        assert reasons(reply) == [(RefusalCode.INVALID, ("input", "id"))]


async def test_no_legal_entity_and_too_many_are_refused(office: Office) -> None:
    wish = whole_wish(office, "onboardCustomer")
    none = await refused_before_anything(office, "onboardCustomer", **{**wish, "legalEntityIds": []})
    assert reasons(none) == [(RefusalCode.INVALID, ("input", "legalEntityIds"))]
    many = [encode_id(RecordKey("LegalEntity", "netsuite", str(number))) for number in range(21)]
    reply = await refused_before_anything(office, "onboardCustomer", **{**wish, "legalEntityIds": many})
    assert reasons(reply) == [(RefusalCode.INVALID, ("input", "legalEntityIds"))]


async def test_a_currency_that_the_company_or_the_customer_doesnt_have_is_refused(office: Office) -> None:
    ours = client(office, "acct-0001")
    invoice = await refused_before_anything(
        office,
        "createInvoice",
        accountId=office.id_of("Account", ours),
        currency="EUR",
        lines=[{"description": "Workshop", "amount": "1"}],
    )
    assert reasons(invoice) == [(RefusalCode.INVALID, ("input", "currency"))]
    wish = whole_wish(office, "onboardCustomer")
    onboarding = await refused_before_anything(office, "onboardCustomer", **{**wish, "currency": "JPY"})
    assert reasons(onboarding) == [(RefusalCode.INVALID, ("input", "currency"))]
    account = {"name": "New", "billing": {**whole_wish(office, "createAccount")["billing"], "currency": "JPY"}}
    creation = await refused_before_anything(office, "createAccount", **account)
    assert reasons(creation) == [(RefusalCode.INVALID, ("input", "billing", "currency"))]


async def test_two_companies_for_one_deal_are_one_too_many(office: Office) -> None:
    wish = whole_wish(office, "convertOpportunity")
    asked = with_value(wish, ("billing", "legalEntityId"), entity_id(office, "le-uk"))
    reply = await refused_before_anything(office, "convertOpportunity", **asked)
    assert (RefusalCode.INVALID, ("input", "billing", "legalEntityId")) in reasons(reply)


# ------------------------------------------------------------------------- platforms that nobody can write to from here


def without_writer(office: Office, platform: str) -> None:
    """As Tryton is, say: read, and written to by nobody."""
    office.platforms[platform].writer = None  # type: ignore[misc]


@pytest.mark.parametrize(
    ("platform", "workflow"),
    [
        ("netsuite", "createAccount"),
        ("netsuite", "updateAccount"),
        ("netsuite", "onboardCustomer"),
        ("netsuite", "convertOpportunity"),
        ("netsuite", "createInvoice"),
        ("netsuite", "postInvoice"),
        ("kantata", "convertOpportunity"),
        ("kantata", "updateProject"),
        ("kantata", "syncRecords"),
        ("salesforce", "createAccount"),
        ("salesforce", "updateContractStatus"),
    ],
)
async def test_a_platform_that_cant_be_written_to_is_said_before_anything_is_written(
    office: Office, platform: str, workflow: str
) -> None:
    wish = whole_wish(office, workflow)
    for name in ("ownerName", "managerName", "budgetHours"):
        wish.pop(name, None)
    if workflow == "createInvoice":
        wish["lines"][0].pop("milestoneKey")
    if workflow == "createAccount" and platform == "salesforce":
        del wish["billing"]
    without_writer(office, platform)
    reply = await refused_before_anything(office, workflow, **wish)
    assert RefusalCode.UNSUPPORTED in {refusal.code for refusal in reply.refusals}, reply.refusals
    told = next(refusal.message for refusal in reply.refusals if refusal.code is RefusalCode.UNSUPPORTED)
    assert platform in told


async def test_a_status_is_told_to_nobody_where_neither_crm_nor_psa_can_be_written_to(office: Office) -> None:
    without_writer(office, "salesforce")
    without_writer(office, "kantata")
    reply = await refused_before_anything(office, "syncInvoiceStatus", **whole_wish(office, "syncInvoiceStatus"))
    assert {refusal.code for refusal in reply.refusals} == {RefusalCode.UNSUPPORTED}


async def test_a_client_of_another_crm_than_the_erps_is_not_onboarded_there(office: Office) -> None:
    stranger = unknown_to_erp(office)[0]
    office.platforms["netsuite"].peers = {**office.platforms["netsuite"].peers, office.firm.anchor("Account"): "other"}  # type: ignore[misc, dict-item]
    reply = await refused_before_anything(
        office,
        "onboardCustomer",
        accountId=office.id_of("Account", stranger),
        legalEntityIds=[entity_id(office, "le-uk")],
        taxId="GB998877665",
        billTo={"lines": ["Quay 1"], "country": "GB"},
    )
    assert reasons(reply) == [(RefusalCode.INVALID, ("input", "legalEntityIds", "0"))]

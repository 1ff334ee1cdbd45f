"""Values are carried to the books exactly, or refused before anything is sent."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platforms.writers import Line
from schema.errors import Landed, UpstreamRejected
from schema.roles import PlatformRole
from sync.values import alike

KEY = "cw4k2j6h5g"
NASTY = (
    "O'Hara & Söhne", "a/b?c=d#e", "%2e%2e/..", '"}],[{"', "x' OR '1'='1", "東京", "🦉", "<b>&amp;</b>", "eid:1",
    "two\nlines", "null", "T", "  spaces  ", "\\", "{{x}}", "1E400",
)  # fmt: skip
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=40)
AMOUNTS = st.decimals(min_value=0, max_value=10**9, places=2)
LINES = st.builds(
    Line,
    description=TEXTS,
    amount=AMOUNTS,
    quantity=st.none() | st.decimals(min_value="0.01", max_value=10**6, places=2),
    unit_price=st.none() | st.decimals(min_value=0, max_value=10**6, places=6),
    milestone=st.none() | TEXTS,
    bill_on=st.none() | st.dates(date(1900, 1, 1), date(2999, 12, 31)),
)
VALUES = {
    str: TEXTS,
    int: st.sampled_from([30, 45]),
    bool: st.booleans(),
    date: st.dates(date(1900, 1, 1), date(2999, 12, 31)),
    tuple[str, ...]: st.lists(TEXTS, min_size=1, max_size=3).map(tuple),
    tuple[Line, ...]: st.lists(LINES, min_size=1, max_size=4).map(tuple),
}
REFERENCES = ("customer", "project", "legalEntity", "billing.legalEntity", "billing.currency", "currency")
ALWAYS = ("approved", "dueDate", "date")
"""What NetSuite fills in itself where a new record has none."""


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_every_value_reads_back_as_it_was_written(data, books, write, whole):
    for type_name in ("Account", "Project", "BillingSchedule", "Invoice"):
        writable = write(type_name)

        def drawn(*, creating, writable=writable):
            return {
                path: data.draw(VALUES[settable.kind] if settable.required else st.none() | VALUES[settable.kind], path)
                for path, settable in writable.paths.items()
                if writable.settable(path, creating=creating) and path not in (*REFERENCES, *ALWAYS, "anchor")
            }

        for found in await books.find(writable, KEY):
            await books.remove(writable, found.external_id)
        asked = {**whole[type_name], **drawn(creating=True)}
        made = await books.create(writable, KEY, {**asked, **({"approved": False} if "approved" in asked else {})})
        found = (await books.fetch(writable, made)).values
        assert [path for path in asked if path not in ALWAYS and not alike(asked[path], found[path])] == []
        changed = drawn(creating=False)
        await books.update(writable, made, changed)
        found = (await books.fetch(writable, made)).values
        assert [path for path in changed if not alike(changed[path], found[path])] == []


async def test_text_is_text_whatever_it_says(books, write, whole, control):
    before = {name: len(control("GET", f"/records/netsuite/{name}")["records"]) for name in ("customer", "salesOrder")}
    for text in NASTY:
        texts = {
            "billing.legalName": text,
            "billing.taxId": text,
            "billing.billTo.city": text,
            "billing.billTo.country": text,
        }
        texts |= {"billing.billTo.lines": (text, text, text)}
        made = await books.create(write("Account"), KEY, {**whole["Account"], **texts})
        found = (await books.fetch(write("Account"), made)).values
        assert {path: found[path] for path in texts} == texts
        line = Line(description=text, amount=Decimal(1), milestone=text)
        order = {**whole["BillingSchedule"], "memo": text, "contract": text, "lines": (line,)}
        made = await books.create(write("BillingSchedule"), KEY, order)
        found = (await books.fetch(write("BillingSchedule"), made)).values
        assert (found["memo"], found["contract"]) == (text, text)
        assert alike((line,), found["lines"])
    after = {name: len(control("GET", f"/records/netsuite/{name}")["records"]) for name in before}
    assert after == {name: number + 1 for name, number in before.items()}


@pytest.mark.parametrize(
    "amount", ["0", "-0.01", "0.10", "123456789012.34", "9999999999999.99", "1E+3", "1.000000000000000000000000", "100"]
)
async def test_amounts_go_and_come_digit_by_digit(scripted, wire, amount):
    writer = scripted(items={"service": "45"}).writer
    writable = writer.writables["Invoice", PlatformRole.ERP]
    line = Line(description="x", amount=Decimal(amount), quantity=Decimal(amount) or None)
    wire.wrote(None)
    await writer.update(writable, "7", {"lines": (line,)})
    sent = wire.requests[-1].body
    assert f'"amount":{Decimal(amount):f}'.encode() in sent
    told = sent.replace(b'{"item":', b'{"id":"7","lastModifiedDate":"2026-11-20T16:40:12Z","item":', 1)
    wire.says(told)
    assert alike((line,), (await writer.fetch(writable, "7")).values["lines"])


LINE = Line(description="x", amount=Decimal(1))


def line(**more):
    return {"lines": (LINE, Line(**{"description": "x", "amount": Decimal(1), **more}))}


@pytest.mark.parametrize(
    ("type_name", "values", "problem"),
    [
        ("Account", {"billing.billTo.lines": ("1", "2", "3", "4")}, "at most 3 lines"),
        ("Account", {"billing.billTo.lines": ("1", "", "3")}, "empty line"),
        ("Account", {"billing.legalName": "\ud800"}, "isn't valid Unicode"),
        ("Account", {"billing.billTo.lines": ("\udfff",)}, "isn't valid Unicode"),
        ("Account", {"billing.legalName": "a\0b"}, "NUL"),
        ("Account", {"billing.legalName": ""}, r"billing\.legalName can't be empty"),
        ("Account", {"anchor": "a b"}, "anchor becomes an external id"),
        ("Account", {"anchor": "../customer/1"}, "anchor becomes an external id"),
        ("Invoice", {"project": "eid:PRJ-88"}, "project must be an internal id"),
        ("Invoice", {"project": "1 OR 1=1"}, "project must be an internal id"),
        ("Invoice", {"lines": ()}, "lines can't be empty"),
        ("Invoice", line(amount=Decimal("NaN")), r"lines\[1\]\.amount must be a number"),
        ("Invoice", line(amount=Decimal("Infinity")), "must be a number"),
        ("Invoice", line(quantity=Decimal("12345678901234.567")), r"lines\[1\]\.quantity .*at most 15 digits"),
        ("Invoice", line(unit_price=Decimal("1E+99999")), r"lines\[1\]\.unit_price .*at most 15 digits"),
        ("Invoice", line(amount=Decimal("1." + "0" * 40 + "1")), "at most 15 digits"),
        ("Invoice", line(project="x"), r"lines\[1\]\.project must be"),
        ("Invoice", line(description="\ud800"), "isn't valid Unicode"),
    ],
)  # fmt: skip
async def test_what_the_books_cannot_hold_is_refused_unsent(scripted, wire, type_name, values, problem):
    writer = scripted(items={"service": "45"}).writer
    with pytest.raises(UpstreamRejected, match=problem) as refused:
        await writer.update(writer.writables[type_name, PlatformRole.ERP], "7", values)
    assert (refused.value.landed, refused.value.platform, wire.requests) == (Landed.NO, "netsuite", [])


async def test_an_amount_has_no_more_decimals_than_its_currency(scripted, wire):
    writer = scripted(items={"service": "45"}).writer
    head = {"customer": "647", "issueDate": date(2026, 11, 30)}
    for code, amount in (("GBP", "0.001"), ("JPY", "0.5"), ("KWD", "1.0001")):
        line = Line(description="x", amount=Decimal(amount))
        with pytest.raises(UpstreamRejected, match=f"more decimals than {code}"):
            await writer.create(
                writer.writables["Invoice", PlatformRole.ERP], KEY, {**head, "currency": code, "lines": (line,)}
            )
    assert wire.requests == []


# ------------------------------------------------------------------------------------------------------- references


LIST = (
    {"id": "1", "stands": "30", "name": "Net 30", "inactive": "F"},
    {"id": "2", "stands": "30", "name": "2% 10 Net 30", "inactive": "F"},
    {"id": "3", "stands": "45", "name": "Net 45", "inactive": "F"},
    {"id": "4", "stands": "60", "name": "Net 60", "inactive": "T"},
)


def account(scripted_account):
    return scripted_account.writer, scripted_account.writer.writables["Account", PlatformRole.ERP]


async def test_days_that_several_terms_have_are_not_guessed(scripted, wire):
    writer, writable = account(scripted())
    wire.page(*LIST)
    with pytest.raises(UpstreamRejected, match=r"several payment terms for 30: Net 30 \(1\), 2% 10 Net 30 \(2\)"):
        await writer.update(writable, "7", {"billing.paymentTermsDays": 30})
    writer, writable = account(scripted(terms={"30": 1}))
    wire.wrote(None)
    await writer.update(writable, "7", {"billing.paymentTermsDays": 30})
    assert wire.requests[-1].body == b'{"terms":{"id":"1"}}'


async def test_inactive_terms_are_read_and_not_written(scripted, wire):
    writer, writable = account(scripted())
    wire.says({"id": "7", "terms": {"id": "4"}, "lastModifiedDate": "2026-11-20T16:40:12Z"})
    wire.page(*LIST)
    assert (await writer.fetch(writable, "7")).values["billing.paymentTermsDays"] == 60
    wire.page(*LIST)
    with pytest.raises(UpstreamRejected, match="no payment terms for 60; it has 30, 45"):
        await writer.update(writable, "7", {"billing.paymentTermsDays": 60})


async def test_a_list_is_kept_and_read_again_for_what_it_lacks(scripted, wire):
    writer, writable = account(scripted())
    for page in (LIST, None, (*LIST, {"id": "9", "stands": "90", "name": "Net 90"})):
        if page is not None:
            wire.page(*page)
        wire.wrote(None)
        await writer.update(writable, "7", {"billing.paymentTermsDays": 90 if page and len(page) > 4 else 45})
    assert [request.method for request in wire.requests] == ["POST", "PATCH", "PATCH", "POST", "PATCH"]
    assert wire.requests[-1].body == b'{"terms":{"id":"9"}}'


async def test_a_list_is_old_after_ten_minutes(scripted, wire, still):
    writer, writable = account(scripted())
    for seconds in (0.0, 599.0, 2.0):
        still.seconds += seconds
        if seconds != 599.0:
            wire.page(*LIST)
        wire.wrote(None)
        await writer.update(writable, "7", {"billing.paymentTermsDays": 45})
    assert [request.method for request in wire.requests] == ["POST", "PATCH", "PATCH", "POST", "PATCH"]


async def test_a_reference_that_the_account_does_not_tell_reads_as_missing(scripted, wire):
    writer, writable = account(scripted())
    wire.says({"id": "7", "terms": {"id": "99"}, "currency": {"id": "5"}, "lastModifiedDate": "2026-11-20T16:40:12Z"})
    wire.page({"id": "5"})  # a currency without a code
    wire.page(*LIST)
    found = await writer.fetch(writable, "7")
    assert (found.values["billing.paymentTermsDays"], found.values["billing.currency"]) == (None, None)
    assert found.url == "https://1234567-sb1.app.netsuite.com/app/common/entity/custjob.nl?id=7"

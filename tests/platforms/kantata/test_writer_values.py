"""Values of every kind come back as they were written; what can't be carried is refused before anything is sent."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platforms.writers import Line
from schema.enums import ProjectKind, ProjectStatus
from schema.errors import Landed, UpstreamDuplicate, UpstreamRejected
from schema.roles import PlatformRole

KEY = "cwabcdefghijklmnopqrstuvwx23"
NOWHERE = "999000000001"
NASTY = (
    "O'Hara & Söhne", "a/b?c=d#e", "%2e%2e/..", '"}],[{"', "x),(y", "(1:2):(3:4)", "東京", "🦉", "<b>&amp;</b>",
    "two\nlines", "null", "{id}",
)  # fmt: skip


# ------------------------------------------------------------------------------------------- what can't be written


@pytest.mark.parametrize(
    ("type_name", "values", "words"),
    [
        ("Project", {"budget.amount": Decimal("1.005")}, "budget.amount: 1.005 has more decimals than EUR"),
        ("Project", {"billing.paid": Decimal("1.005")}, "billing.paid: 1.005 has more decimals than EUR"),
        ("Project", {"budget.amount": Decimal("NaN")}, "budget.amount: isn't an amount"),
        ("Project", {"budget.amount": Decimal("1E+40")}, "budget.amount: isn't an amount"),
        ("Project", {"name": "\ud800"}, "name: holds signs that aren't text"),
        ("Project", {"code": "a\0b"}, "code: holds signs that aren't text"),
        ("Project", {"account": " "}, "account: is blank"),
        ("Milestone", {"amount.amount": Decimal("0.001")}, "amount.amount: 0.001 has more decimals than EUR"),
        ("Milestone", {"name": "x" * 201}, "name: is longer than 200 characters"),
        ("Milestone", {"project": "1 OR 1=1"}, "project: there is no such record"),
        ("Milestone", {"project": NOWHERE, "amount.amount": Decimal(1)}, "project: there is no such record"),
        ("Task", {"parent": "../7"}, "parent: there is no such record"),
        ("ResourceDemand", {"role": "Nobody's role"}, 'role: the account has no role "Nobody\'s role"'),
        ("ResourceDemand", {"rate": Decimal("1.001")}, "rate: 1.001 has more decimals than EUR"),
        ("ProjectInvoice", {"timeEntries": ("7", "x")}, "timeEntries: there is no such record"),
        (
            "ProjectInvoice",
            {"items": (Line(description="Two", amount=Decimal(4), quantity=Decimal(2)),)},
            "items: a line has a description and an amount alone",
        ),
        (
            "ProjectInvoice",
            {"items": (Line(description="Bit", amount=Decimal("0.001")),)},
            "items: 0.001 has more decimals than EUR",
        ),
    ],
)
async def test_what_the_api_cant_carry_is_refused_before_anything_is_sent(
    psa, truth, write, project_in, type_name, values, words
):
    writable = write(type_name)
    role = truth.records("roles", limit="1")[0]["name"]
    usual = {"project": project_in("EUR"), "name": "x", "role": role, "budget.currency": "EUR", "paymentDays": 30}
    truth.calls()
    with pytest.raises(UpstreamRejected) as refused:
        await psa.writer.create(writable, KEY, {p: v for p, v in (usual | values).items() if p in writable.paths})
    assert refused.value.detail.startswith(words)
    assert refused.value.landed is Landed.NO
    assert refused.value.platform == "psa"
    assert all(route.startswith("GET ") for route in truth.calls())


async def test_a_status_or_kind_that_the_account_has_no_word_for_is_refused(fresh_sandbox, connect_sandbox, truth):
    narrow = connect_sandbox(
        fresh_sandbox,
        project_statuses={"301": "ACTIVE"},
        engagement_types={"Sprint": "ADVISORY", "Retainer": "RETAINER"},
    )
    project = narrow.writer.writables["Project", PlatformRole.PSA]
    for values, words in (
        ({"status": ProjectStatus.CANCELLED}, "status: options.project_statuses names no status"),
        ({"kind": ProjectKind.PROJECT}, "kind: the custom field 'Engagement type' has no choice that means it"),
        ({"kind": ProjectKind.ADVISORY}, "kind: the custom field 'Engagement type' has no choice 'Sprint'"),
    ):
        with pytest.raises(UpstreamRejected) as refused:
            await narrow.writer.create(project, KEY, {"name": "x", **values})
        assert refused.value.detail.startswith(words)
    mistaken = connect_sandbox(fresh_sandbox, billing_status_field="Paid")
    with pytest.raises(UpstreamRejected, match="'Paid' is of the type currency, not string"):
        await mistaken.writer.create(project, KEY, {"name": "x", "billing.status": "Open"})
    assert await narrow.writer.find(project, KEY) == ()


async def test_a_text_may_be_a_choice_of_the_accounts(fresh_sandbox, connect_sandbox, project_in):
    chosen = connect_sandbox(fresh_sandbox, billing_status_field="Engagement type")
    project, made = chosen.writer.writables["Project", PlatformRole.PSA], project_in("EUR")
    await chosen.writer.update(project, made, {"billing.status": "Advisory"})
    assert (await chosen.writer.fetch(project, made)).values["billing.status"] == "Advisory"
    with pytest.raises(UpstreamRejected, match="no choice 'Anything'"):
        await chosen.writer.update(project, made, {"billing.status": "Anything"})


async def test_what_the_account_refuses_is_told_in_its_words(psa, truth, write):
    project = write("Project")
    backwards = {"name": "x", "startDate": date(2027, 1, 2), "endDate": date(2027, 1, 1)}
    with pytest.raises(UpstreamRejected, match="due_date can't be before the start date") as refused:
        await psa.writer.create(project, KEY, backwards)
    assert (type(refused.value), refused.value.landed) == (UpstreamRejected, Landed.NO)
    with pytest.raises(UpstreamRejected, match="title can't be blank"):
        await psa.writer.create(project, KEY, {"code": "x"})
    taken = truth.records("custom_field_values", custom_field_id="460001")[0]["value"]
    with pytest.raises(UpstreamDuplicate, match="value has already been entered") as duplicate:
        await psa.writer.create(project, KEY, {"name": "x", "code": taken})
    assert duplicate.value.landed is Landed.NO
    assert await psa.writer.find(project, KEY) == ()


async def test_a_key_that_no_reference_can_be_found_by_makes_nothing(psa, truth, write):
    truth.calls()
    for key in ("a,b", "", "x" * 37, "two words"):
        with pytest.raises(UpstreamRejected, match="the key can't be one"):
            await psa.writer.create(write("Account"), key, {"name": "Halden AS"})
        assert await psa.writer.find(write("Account"), key) == ()
    assert truth.calls() == {}


# ----------------------------------------------------------------------------------------------------------- texts

TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=120)
DAYS = st.dates(date(1990, 1, 1), date(2999, 12, 31))
AMOUNTS = {
    "EUR": st.decimals(-(10**9), 10**9, places=2, allow_nan=False),
    "JPY": st.decimals(-(10**9), 10**9, places=0, allow_nan=False),
}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), currency=st.sampled_from(sorted(AMOUNTS)))
async def test_every_value_of_a_project_reads_back_as_it_was_written(data, psa, write, truth, currency):
    maybe, amount = (lambda kind: st.none() | kind), AMOUNTS[currency]
    start = data.draw(maybe(DAYS))
    values = {
        "name": data.draw(TEXT),
        "kind": data.draw(maybe(st.sampled_from(ProjectKind))),
        "status": data.draw(st.sampled_from(ProjectStatus)),
        "startDate": start,
        "endDate": data.draw(maybe(st.just((start or date(2026, 1, 1)) + timedelta(days=3)))),
        "budget.amount": data.draw(maybe(amount)),
        **{path: data.draw(maybe(TEXT.filter(str.strip))) for path in ("account", "contract", "billing.status")},
        **{f"billing.{figure}": data.draw(maybe(amount)) for figure in ("invoiced", "paid", "outstanding", "credited")},
    }
    writable = write("Project")
    made = await psa.writer.create(writable, KEY, {**values, "budget.currency": currency})
    found = (await psa.writer.fetch(writable, made)).values
    assert {path: found[path] for path in values} == values
    other = truth.make("workspace", title="By hand", currency=currency)
    await psa.writer.update(writable, other, values)
    assert (await psa.writer.fetch(writable, other)).values == found | {"code": None}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.tuples(TEXT, TEXT.filter(str.strip)),
    days=st.tuples(st.none() | DAYS, st.none() | DAYS),
    amount=st.none() | AMOUNTS["EUR"],
)
async def test_every_value_of_a_plan_reads_back_as_it_was_written(psa, write, project_in, texts, days, amount):
    name, key = texts
    plan = {"project": project_in("EUR"), "name": name}
    for type_name, values in (
        ("Milestone", plan | {"key": key, "dueDate": days[1], "amount.amount": amount}),
        ("Task", plan | {"startDate": days[0], "dueDate": days[1]}),
    ):
        made = await psa.writer.create(write(type_name), KEY, values)
        found = (await psa.writer.fetch(write(type_name), made)).values
        assert {path: found[path] for path in values} == values


async def test_text_is_text_whatever_it_says(psa, truth, write, worked):
    project = worked[0]
    before = len(truth.records("workspaces", limit="1000"))
    for number, text in enumerate(NASTY):
        values = dict.fromkeys(("name", "code", "account", "contract", "billing.status"), text)
        made = await psa.writer.create(write("Project"), f"{KEY}{number}", values)
        found = (await psa.writer.fetch(write("Project"), made)).values
        assert {path: found[path] for path in values} == values
        await psa.writer.remove(write("Project"), made)
        billed = {"purchaseOrder": text, "erpInvoice": text, "items": (Line(description=text, amount=Decimal(1)),)}
        invoice = {"project": project, "paymentDays": 30, **billed}
        made = await psa.writer.create(write("ProjectInvoice"), f"{KEY}{number}", invoice)
        found = (await psa.writer.fetch(write("ProjectInvoice"), made)).values
        assert {path: found[path] for path in billed} == billed
    assert len(truth.records("workspaces", limit="1000")) == before + len(NASTY)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), currency=st.sampled_from(sorted(AMOUNTS)))
async def test_every_value_beside_a_project_reads_back_as_it_was_written(data, psa, write, truth, currency):
    project = truth.make("workspace", title="By hand", currency=currency)
    text, amount = TEXT.filter(str.strip), AMOUNTS[currency]
    role = data.draw(st.sampled_from([each["name"] for each in truth.records("roles")]))
    lines = st.lists(st.builds(Line, description=TEXT, amount=amount), min_size=1, max_size=3).map(tuple)
    for type_name, values in (
        ("Account", {"name": data.draw(TEXT.filter(str.strip)), "anchor": data.draw(st.none() | text)}),
        ("ResourceDemand", {"project": project, "role": role, "rate": data.draw(st.none() | amount)}),
        ("ProjectInvoice", {"project": project, "items": data.draw(lines), "issueDate": data.draw(DAYS),
                            "paymentDays": data.draw(st.integers(0, 365)), "draft": data.draw(st.booleans()),
                            "purchaseOrder": data.draw(st.none() | TEXT), "erpInvoice": data.draw(st.none() | text)}),
    ):  # fmt: skip
        made = await psa.writer.create(write(type_name), KEY, values)
        found = (await psa.writer.fetch(write(type_name), made)).values
        assert {path: found[path] for path in values} == values


async def test_an_amount_that_waits_for_the_new_projects_currency_is_checked_before_it_is_made(psa, truth, write):
    project = write("Project")
    for value in (Decimal("0.00001"), Decimal("NaN")):
        with pytest.raises(UpstreamRejected, match=r"billing\.paid: ") as refused:
            await psa.writer.create(project, KEY, {"name": "Rollout", "billing.paid": value})
        assert refused.value.landed is Landed.NO
    assert await psa.writer.find(project, KEY) == ()
    with pytest.raises(UpstreamRejected, match="more decimals than USD") as late:
        await psa.writer.create(project, KEY, {"name": "Rollout", "billing.paid": Decimal("0.001")})
    assert late.value.landed is Landed.YES, "only the made project tells its currency"
    assert len(await psa.writer.find(project, KEY)) == 1

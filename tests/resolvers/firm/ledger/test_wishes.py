"""A mutation's input reaches the desk as it was meant, and what the desk says comes back."""

import pytest

from schema.ids import ledger_id

RUN = "run { id workflow status idempotencyKey requestedBy reason dryRun input correlationId parked nextAttemptAt }"
PAYLOAD = f"{{ {RUN} errors {{ code message path }} }}"
UPDATE = f"mutation($input: UpdateAccountInput!) {{ answer: updateAccount(input: $input) {PAYLOAD} }}"


async def test_a_wish_is_written_down_and_answered_as_a_run(governed):
    (account,) = governed.ids("Account", 1)
    given = {"id": account, "name": "Acme", "idempotencyKey": "k1", "reason": "They asked for it."}
    answer = (await governed.data(UPDATE, by="sales_ops@ann", input=given))["answer"]
    run = answer["run"]
    assert answer["errors"] == []
    assert run | {"id": "", "nextAttemptAt": ""} == {
        "id": "", "workflow": "updateAccount", "status": "PENDING", "idempotencyKey": "k1", "requestedBy": "ann",
        "reason": "They asked for it.", "dryRun": False, "input": {"id": account, "name": "Acme"},
        "correlationId": "c-1", "parked": None, "nextAttemptAt": "",
    }  # fmt: skip
    written = await governed.ledger.run(governed.key(run["id"]))
    assert written.records == (account,)
    assert governed.rung == ["now"]


async def test_null_clears_and_absent_leaves(governed):
    (account,) = governed.ids("Account", 1)
    billing = {"taxId": None, "billTo": {"lines": [], "city": None}}
    given = {"id": account, "website": None, "billing": billing, "idempotencyKey": "k", "ifVersion": None}
    answer = (await governed.data(UPDATE, input=given))["answer"]
    assert answer["run"]["input"] == {"id": account, "website": None, "billing": billing}


async def test_null_written_out_in_the_document_clears_as_well(governed):
    (account,) = governed.ids("Account", 1)
    written = f'{{ id: "{account}", idempotencyKey: "k", industry: null, billing: {{ creditHold: null }} }}'
    answer = (await governed.data(f"mutation {{ answer: updateAccount(input: {written}) {PAYLOAD} }}"))["answer"]
    assert answer["run"]["input"] == {"id": account, "industry": None, "billing": {"creditHold": None}}


async def test_values_arrive_as_they_are_meant(governed):
    given = {
        "accountId": governed.ids("Account", 1)[0], "idempotencyKey": "k", "issueDate": "2026-03-31",
        "currency": "EUR", "expenses": False,
        "lines": [{"description": "Work", "quantity": "2.50", "unitPrice": "99999999999999999.01"}],
    }  # fmt: skip
    query = f"mutation($input: CreateInvoiceInput!) {{ answer: createInvoice(input: $input) {PAYLOAD} }}"
    answer = (await governed.data(query, input=given))["answer"]
    wished = {name: value for name, value in given.items() if name != "idempotencyKey"}
    assert answer["run"]["input"] == wished | {"time": True, "milestones": True}


async def test_an_enum_arrives_as_the_firms_own(governed):
    (project,) = governed.ids("Project", 1)
    given = {"id": project, "status": "ON_HOLD", "kind": None, "idempotencyKey": "k", "budget": {"amount": "1.50", "currency": "CHF"}}  # fmt: skip # noqa: E501
    query = f"mutation($input: UpdateProjectInput!) {{ answer: updateProject(input: $input) {PAYLOAD} }}"
    answer = (await governed.data(query, input=given))["answer"]
    assert answer["run"]["input"] == {
        "id": project, "status": "ON_HOLD", "kind": None, "budget": {"amount": "1.50", "currency": "CHF"}
    }  # fmt: skip


async def test_the_version_goes_beside_the_wish(governed):
    (account,) = governed.ids("Account", 1)
    answer = (await governed.data(UPDATE, input={"id": account, "idempotencyKey": "k", "ifVersion": "7"}))["answer"]
    assert answer["run"]["input"] == {"id": account, "ifVersion": "7"}


async def test_a_dry_run_is_stored_nowhere(governed):
    (account,) = governed.ids("Account", 1)
    query = f"""mutation($input: UpdateAccountInput!) {{ answer: updateAccount(input: $input) {{
        run {{ {RUN.removeprefix("run { ").removesuffix(" }")} plan {{ step }} steps {{ name }} approval {{ status }}
            exceptions {{ code }} records {{ id ... on Account {{ name }} }} }} errors {{ code }} }} }}"""
    given = {"id": account, "name": "Acme", "idempotencyKey": "k", "dryRun": True}
    run = (await governed.data(query, input=given))["answer"]["run"]
    assert run["dryRun"] is True
    assert (run["plan"], run["steps"], run["approval"], run["exceptions"]) == ([], [], None, [])
    assert [record["id"] for record in run["records"]] == [account]
    found = await governed.data(
        "query($id: ID!) { syncRun(id: $id) { id } syncRuns { totalCount } node(id: $id) { id } }", id=run["id"]
    )
    assert found == {"syncRun": None, "syncRuns": {"totalCount": 0}, "node": None}
    assert governed.rung == []


async def test_one_key_is_one_run(governed):
    (account,) = governed.ids("Account", 1)
    given = {"id": account, "name": "Acme", "idempotencyKey": "k"}
    first = (await governed.data(UPDATE, input=given))["answer"]["run"]["id"]
    assert (await governed.data(UPDATE, input=given))["answer"]["run"]["id"] == first
    (error,) = (await governed.data(UPDATE, input=given | {"name": "Other"}))["answer"]["errors"]
    assert (error["code"], error["path"]) == ("IDEMPOTENCY_MISMATCH", ["input", "idempotencyKey"])


async def test_a_refusal_says_what_is_meant(governed):
    (account,) = governed.ids("Account", 1)
    given = {"id": account, "idempotencyKey": "k", "billing": {"taxId": "1"}}
    answer = (await governed.data(UPDATE, by="sales_ops", input=given))["answer"]
    assert answer["run"] is None
    assert [(error["code"], error["path"]) for error in answer["errors"]] == [("FORBIDDEN", ["input", "billing"])]


async def test_mutations_of_one_operation_run_one_after_the_other(governed):
    ids = governed.ids("Account", 5)
    asked = " ".join(
        f'm{n}: updateAccount(input: {{ id: "{account}", idempotencyKey: "k{n}" }}) {{ run {{ id }} }}'
        for n, account in enumerate(ids)
    )
    data = await governed.data(f"mutation {{ __typename {asked} }}")
    assert list(data) == ["__typename", "m0", "m1", "m2", "m3", "m4"]
    assert data["__typename"] == "Mutation"
    runs = [await governed.ledger.run(governed.key(data[f"m{n}"]["run"]["id"])) for n in range(5)]
    assert [run.sequence for run in runs] == sorted(run.sequence for run in runs)


@pytest.mark.parametrize("field", ["approveRun", "retryRun", "cancelRun", "compensateRun"])
@pytest.mark.parametrize(
    "text",
    ["", "junk", ledger_id("BusinessException", "x"), ledger_id("SyncRun", "a\0b"), "U3luY1J1bjpjcm06eA=="],
)
async def test_an_id_of_no_run_is_invalid_with_its_path(governed, field, text):
    query = f"mutation($id: ID!) {{ answer: {field}(id: $id) {{ run {{ id }} errors {{ code path }} }} }}"
    answer = (await governed.data(query, id=text))["answer"]
    assert answer == {"run": None, "errors": [{"code": "INVALID", "path": ["id"]}]}


async def test_a_run_that_is_not_there_is_not_found(governed):
    query = 'mutation($id: ID!) { a: rejectRun(id: $id, comment: "no") { errors { code } } }'
    data = await governed.data(query, id=ledger_id("SyncRun", "nowhere"))
    assert data == {"a": {"errors": [{"code": "NOT_FOUND"}]}}


async def test_what_needs_approval_waits_for_it_and_is_decided_once(governed):
    (invoice,) = governed.ids("Invoice", 1)
    query = """mutation($id: ID!) { answer: postInvoice(input: { invoiceId: $id, idempotencyKey: "k" }) {
        run { id status approval { status requiredRole requestedBy decidedBy decidedAt comment run { id } } } } }"""
    run = (await governed.data(query, by="finance@ann", id=invoice))["answer"]["run"]
    assert run["status"] == "AWAITING_APPROVAL"
    assert run["approval"] == {
        "status": "SUBMITTED", "requiredRole": "finance", "requestedBy": "ann", "decidedBy": None, "decidedAt": None,
        "comment": None, "run": {"id": run["id"]},
    }  # fmt: skip
    approve = """mutation($id: ID!) { answer: approveRun(id: $id, comment: "Fine.") {
        run { status approval { status decidedBy comment } } errors { code } } }"""
    own = (await governed.data(approve, by="finance@ann", id=run["id"]))["answer"]
    assert own == {"run": None, "errors": [{"code": "FORBIDDEN"}]}
    decided = (await governed.data(approve, by="finance@bob", id=run["id"]))["answer"]["run"]
    assert decided["approval"] == {"status": "APPROVED", "decidedBy": "bob", "comment": "Fine."}
    again = (await governed.data(approve, by="finance@bob", id=run["id"]))["answer"]["errors"]
    assert again == [{"code": "STATE"}]


async def test_a_failed_step_is_edited_with_an_object_of_values(governed):
    run = await governed.accepted()
    await governed.failed(run)
    query = """mutation($id: ID!, $values: JSON!) {
        answer: editStep(runId: $id, step: "crm account", values: $values) { errors { code path } } }"""
    for values in ([], "x", 1):
        answer = (await governed.data(query, id=governed.run_id(run), values=values))["answer"]
        assert answer == {"errors": [{"code": "INVALID", "path": ["values"]}]}
    hostile = (await governed.data(query, id=governed.run_id(run), values={"a": ["\0"]}))["answer"]
    assert hostile == {"errors": [{"code": "INVALID", "path": ["values"]}]}
    answer = (await governed.data(query, id=governed.run_id(run), values={"name": "Other"}))["answer"]
    assert answer == {"errors": [{"code": "UNSUPPORTED", "path": ["step"]}]}, "these platforms can't be written to"
    assert (await governed.data(query, id="junk", values={}))["answer"]["errors"][0]["path"] == ["runId"]


async def test_an_exception_is_settled_or_dismissed_with_words(governed):
    run = await governed.accepted()
    await governed.failed(run, governed.problem(), governed.problem())
    found = (await governed.data("{ exceptions { nodes { id } } }"))["exceptions"]["nodes"]
    query = """mutation($a: ID!, $b: ID!) {
        a: resolveException(id: $a, resolution: "Paid.") { ...Settled }
        b: dismissException(id: $b, reason: "Known.") { ...Settled } }
        fragment Settled on ExceptionPayload { exception { status resolvedBy resolution } errors { code } }"""
    ids = {"a": found[0]["id"], "b": found[1]["id"]}
    assert await governed.data(query, by="finance@ann", **ids) == {
        "a": {"exception": {"status": "RESOLVED", "resolvedBy": "ann", "resolution": "Paid."}, "errors": []},
        "b": {"exception": {"status": "DISMISSED", "resolvedBy": "ann", "resolution": "Known."}, "errors": []},
    }
    again = await governed.data(query, by="finance@ann", **ids)
    assert [again[key]["errors"] for key in "ab"] == [[{"code": "STATE"}]] * 2
    wrong = await governed.data(query, a=governed.run_id(run), b="junk")
    assert [wrong[key]["errors"] for key in "ab"] == [[{"code": "INVALID"}]] * 2


async def test_without_a_ledger_nothing_can_be_written(make_world, firm):
    world = make_world(firm.records(7))
    run, problem = ledger_id("SyncRun", "x"), ledger_id("BusinessException", "x")
    query = """mutation($run: ID!, $problem: ID!) {
        a: createAccount(input: { name: "Acme", idempotencyKey: "k" }) { run { id } errors { code message } }
        b: approveRun(id: $run) { errors { code } }
        c: resolveException(id: $problem, resolution: "x") { exception { id } errors { code } } }"""
    data = (await world.ask(query, run=run, problem=problem))["data"]
    assert data["a"]["run"] is None
    assert "no ledger" in data["a"]["errors"][0]["message"]
    assert {data[key]["errors"][0]["code"] for key in "abc"} == {"UNSUPPORTED"}

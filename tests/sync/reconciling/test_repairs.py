"""What differs is brought into line by its owner's word where the settings say so, is proposed, or is told."""

from typing import Any

from sync.ledger.port_of_reconciliations import ReconciliationStatus
from sync.ledger.records import ApprovalState, RunStatus
from tests.sync.reconciling.comparing import begun, differences, ended, open_exceptions
from tests.sync.reconciling.conftest import Books


async def shown_wrongly(books: Books) -> dict[str, Any]:
    """Tells the CRM of one invoice, and changes there what it shows; the record."""
    office = books.office
    invoice = next(each for each in office.of_firm("Invoice") if each["status"] == "PAID" and each["account"])
    run = await office.carried_out("syncInvoiceStatus", invoiceId=office.id_of("Invoice", invoice))
    assert run.status is RunStatus.SUCCEEDED
    [shown] = office.control.records("salesforce", "CW_Invoice__c", Name=invoice["number"])
    office.control.change("salesforce", "CW_Invoice__c", shown["Id"], Balance__c=123.45)
    return shown


def since(day: str) -> dict[str, str]:
    return {"since": day, "until": day}


async def test_on_asks_the_flow_that_owns_the_copy_once_and_the_next_comparison_finds_nothing(books: Books) -> None:
    office = books.office
    shown = await shown_wrongly(books)
    repair = {"invoices": "on"}
    asked = await begun(office.ledger, "invoices", since(shown["Issue_Date__c"]))
    found = await ended(office.ledger, books.reconciler(repair), office.clock, asked)  # type: ignore[arg-type]
    told = await differences(office.ledger, found)
    [wrong] = [each for each in told if each.path == "balance.amount"]
    assert wrong.repair_run_id is not None
    assert all(each.repair_run_id is not None for each in told)
    assert await open_exceptions(office.ledger) == []
    for run_id in {each.repair_run_id for each in told if each.repair_run_id}:
        assert (await office.worked(run_id)).status is RunStatus.SUCCEEDED
    row = office.control.record("salesforce", "CW_Invoice__c", shown["Id"])
    assert row is not None
    assert float(row["Balance__c"]) == 0
    found, told = await books.compared("invoices", **since(shown["Issue_Date__c"]))
    assert (found.status, told) == (ReconciliationStatus.SUCCEEDED, [])


async def test_while_the_run_is_under_way_the_record_is_no_difference(books: Books) -> None:
    shown = await shown_wrongly(books)
    repair: Any = {"invoices": "on"}
    _, told = await books.compared("invoices", repair, **since(shown["Issue_Date__c"]))
    found, again = await books.compared("invoices", repair, **since(shown["Issue_Date__c"]))
    assert told
    assert again == []
    assert found.counts["changed"] == len({each.record_id for each in told})


async def test_propose_lets_the_run_wait_for_finance(books: Books) -> None:
    office = books.office
    shown = await shown_wrongly(books)
    repair: Any = {"invoices": "propose"}
    _, told = await books.compared("invoices", repair, **since(shown["Issue_Date__c"]))
    [wrong] = [each for each in told if each.path == "balance.amount"]
    assert wrong.repair_run_id is not None
    run = await office.ledger.run(wrong.repair_run_id)
    approval = await office.ledger.approval(wrong.repair_run_id)
    assert run is not None
    assert approval is not None
    assert (run.status, approval.state, approval.required_role) == (
        RunStatus.AWAITING_APPROVAL,
        ApprovalState.SUBMITTED,
        "finance",
    )
    # Compared again before anybody has decided, it is the same run that waits.
    _, again = await books.compared("invoices", repair, **since(shown["Issue_Date__c"]))
    assert {each.repair_run_id for each in again} == {each.repair_run_id for each in told}


async def test_off_tells_finance(books: Books) -> None:
    office = books.office
    shown = await shown_wrongly(books)
    _, told = await books.compared("invoices", **since(shown["Issue_Date__c"]))
    problems = await open_exceptions(office.ledger)
    assert {each.repair_run_id for each in told} == {None}
    assert {each.queue.value for each in problems} == {"FINANCE"}
    assert all(each.amount is not None for each in problems)


async def test_a_repair_that_didnt_hold_is_told_to_a_person(books: Books) -> None:
    office = books.office
    shown = await shown_wrongly(books)
    repair: Any = {"invoices": "on"}
    scope = since(shown["Issue_Date__c"])
    _, told = await books.compared("invoices", repair, **scope)
    for run_id in {each.repair_run_id for each in told if each.repair_run_id}:
        await office.worked(run_id)
    office.control.change("salesforce", "CW_Invoice__c", shown["Id"], Balance__c=123.45)
    _, again = await books.compared("invoices", repair, **scope)
    [wrong] = again
    assert wrong.repair_run_id is None
    [problem] = await open_exceptions(office.ledger)
    assert "It couldn't be repaired: run " in problem.message

"""Answers about what is sold: opportunities and contracts."""

from collections.abc import Iterator
from datetime import date

from sandbox.firm.answers.form import instant, money
from sandbox.firm.answers.view import Answer, View
from sandbox.firm.model import Contract, Deal, Project


def opportunities(view: View) -> Iterator[Answer]:
    first_project: dict[str, str] = {}
    for project in sorted(view.firm.projects, key=_start):
        if project.contract:
            first_project.setdefault(project.contract, project.key)
    for deal in view.firm.deals:
        yield _opportunity(view, deal, first_project.get(deal.contract or ""))


def _start(project: Project) -> tuple[date, str]:
    """Orders projects by their start; those without one come first."""
    return project.start_date or date.min, project.code


def _opportunity(view: View, deal: Deal, project: str | None) -> Answer:
    return view.record(
        "Opportunity",
        deal.key,
        name=deal.name,
        stage=deal.stage,
        nativeStage=deal.native_stage,
        amount=money(deal.amount, deal.currency),
        probability=str(deal.probability),
        closeDate=deal.close_date.isoformat(),
        serviceCode=deal.service_code,
        billingModel=deal.billing_model,
        account=deal.client,
        contract=deal.contract,
        project=project,
    )


def contract(view: View, contract: Contract) -> Answer:
    currency = contract.currency
    return view.record(
        "Contract",
        contract.key,
        number=contract.number,
        title=contract.title,
        status=contract.status,
        billingModel=contract.billing_model,
        value=money(contract.value, currency),
        startDate=contract.start_date.isoformat(),
        endDate=contract.end_date.isoformat(),
        approvedAt=instant(contract.approved_at),
        account=contract.client,
        opportunity=contract.deal,
        milestones=[
            {"key": m.key, "name": m.name, "amount": money(m.amount, currency), "dueDate": m.due_date.isoformat()}
            for m in contract.milestones
        ],
        amendments=[
            {
                "number": amendment.number,
                "title": amendment.title,
                "status": amendment.status,
                "effectiveDate": amendment.effective_date.isoformat(),
                "valueChange": money(amendment.value_change, currency),
            }
            for amendment in contract.amendments
        ],
        rateCard=[
            {"role": rate.role, "unit": rate.unit, "price": money(rate.price, currency)}
            for rate in sorted(contract.rates, key=lambda rate: rate.role)
        ],
    )

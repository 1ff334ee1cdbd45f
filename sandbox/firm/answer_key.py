"""What a perfect live graph would answer about the generated firm, per canonical type."""

from collections.abc import Callable, Iterable, Mapping

from sandbox.firm.answers import clients, delivery, receivables, sales
from sandbox.firm.answers.view import Answer, View
from sandbox.firm.model import Firm
from sandbox.platform import Clock, EmulatedPlatform, RunningPlatform


def answer_key(
    firm: Firm,
    platforms: Mapping[str, EmulatedPlatform | RunningPlatform],
    clock: Clock,
    types: frozenset[str] | None = None,
) -> Answer:
    """Lists of records by canonical type (all, or just `types`), with the contract's field names and links by key.

    It follows the links that the systems hold: where no key connects two records, the link is null although the firm
    knows better. `records` names each platform's record that keys connect, `unlinked` the one that nothing does. It
    tells the firm as generated: what was changed since, through the control API or a vendor's, is not in it; only
    overdue follows the clock. Decimals are strings without trailing zeros, money has its currency's decimals.
    """
    view = View(firm, platforms, clock().date())
    return {
        "seed": firm.seed,
        "asOf": firm.as_of.isoformat(),
        **{name: list(tell(view)) for name, tell in TYPES.items() if types is None or name in types},
    }


TYPES: dict[str, Callable[[View], Iterable[Answer]]] = {
    "Account": lambda view: (clients.account(view, client) for client in view.firm.clients),
    "Contact": lambda view: (
        clients.contact(view, contact) for client in view.firm.clients for contact in client.contacts
    ),
    "LegalEntity": lambda view: (clients.legal_entity(view, entity) for entity in view.firm.legal_entities),
    "Resource": lambda view: (clients.resource(view, person) for person in view.firm.people if person.delivers),
    "Opportunity": sales.opportunities,
    "Contract": lambda view: (sales.contract(view, contract) for contract in view.firm.contracts),
    "Project": lambda view: (delivery.project(view, project) for project in view.firm.projects),
    "Milestone": lambda view: (part for project in view.firm.projects for part in delivery.milestones(view, project)),
    "Task": lambda view: (part for project in view.firm.projects for part in delivery.tasks(view, project)),
    "Assignment": lambda view: (part for project in view.firm.projects for part in delivery.assignments(view, project)),
    "TimeEntry": lambda view: (part for project in view.firm.projects for part in delivery.time_entries(view, project)),
    "Expense": lambda view: (part for project in view.firm.projects for part in delivery.expenses(view, project)),
    "Invoice": lambda view: (receivables.invoice(view, invoice) for invoice in view.firm.invoices),
    "Payment": lambda view: (part for bill in view.firm.invoices for part in receivables.payments(view, bill)),
    "CreditMemo": lambda view: (part for bill in view.firm.invoices for part in receivables.credit_memos(view, bill)),
}

"""Who may do what: commands by role, fields by role, and whose decision settles a problem."""

from collections.abc import Iterable, Mapping

from schema.errors import Queue

ADMIN = "admin"
_EVERYWHERE = frozenset({ADMIN, "service"})

MAY_REQUEST: Mapping[str, frozenset[str]] = {
    "createAccount": _EVERYWHERE | {"sales_ops"},
    "updateAccount": _EVERYWHERE | {"sales_ops", "finance"},
    "onboardCustomer": _EVERYWHERE | {"sales_ops", "finance"},
    "convertOpportunity": _EVERYWHERE | {"sales_ops", "pmo"},
    "updateContractStatus": _EVERYWHERE | {"sales_ops", "finance"},
    "updateProject": _EVERYWHERE | {"pmo", "delivery"},
    "createInvoice": _EVERYWHERE | {"finance", "pmo"},
    "postInvoice": _EVERYWHERE | {"finance"},
    "syncInvoiceStatus": _EVERYWHERE | {"finance", "pmo", "sales_ops"},
    "syncRecords": _EVERYWHERE | {"finance", "pmo", "sales_ops"},
}

MAY_RECONCILE = _EVERYWHERE | {"finance", "pmo", "sales_ops"}
"""Who may ask for comparisons; repairs are what the settings say, whoever asked."""

# Parts of an input that only some of those who may request the command may fill in.
MAY_GIVE: Mapping[tuple[str, str], frozenset[str]] = {
    ("createAccount", "billing"): _EVERYWHERE | {"finance"},
    ("updateAccount", "billing"): _EVERYWHERE | {"finance"},
    ("updateProject", "budget"): _EVERYWHERE | {"pmo"},
}

MAY_READ_LEDGER = frozenset({ADMIN, "service", "finance", "pmo", "sales_ops", "auditor"})
_OWNERS: Mapping[Queue, str] = {Queue.FINANCE: "finance", Queue.PMO: "pmo", Queue.SALES_OPS: "sales_ops"}


def may_request(role: str, workflow: str) -> bool:
    return role in MAY_REQUEST.get(workflow, frozenset())


def forbidden_parts(role: str, workflow: str, given: Iterable[str]) -> list[str]:
    """The parts of an input that this role may not fill in."""
    return [part for part in given if role not in MAY_GIVE.get((workflow, part), {role})]


def may_settle(role: str, queue: Queue) -> bool:
    """Whether problems of this queue are this role's to settle. Those of INTEGRATION are the administrators'."""
    return role in _EVERYWHERE or role == _OWNERS.get(queue)


def may_decide(role: str, required: str) -> bool:
    """Whether this role may approve what needs the required one. A service decides nothing: no person is behind it."""
    return role in (required, ADMIN)

"""What makes one exception of what is the same problem of the same record, however often it comes up."""

from sync.ledger.records import Run

_MAKE_ANEW = frozenset({"createAccount", "createInvoice"})
"""Processes of which each run makes something of its own: that one got past its trouble helps no other."""


def subject_of(run: Run) -> str:
    """What a run is about: its record, else the run itself. It begins all its causes."""
    record = None if run.workflow in _MAKE_ANEW else run.order_key
    return f"{run.workflow}:{record or run.id}:"


def subject_of_step(run: Run, step: str) -> str:
    """It begins the causes of everything that can go wrong with one step."""
    return f"{subject_of(run)}{step}:"


def cause(run: Run, code: str, step: str = "") -> str:
    return f"{subject_of_step(run, step)}{code}"

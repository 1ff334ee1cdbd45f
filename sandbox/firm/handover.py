"""What was won of late and waits for its project: a deal for each legal entity, at clients that every system knows."""

from collections.abc import Iterable
from datetime import date

from sandbox.firm.dice import Dice
from sandbox.firm.model import Client
from sandbox.firm.sales import Sales, months_after

_MODELS = ("MILESTONE", "TIME_AND_MATERIALS", "FIXED_FEE", "RETAINER", "MILESTONE", "TIME_AND_MATERIALS")
_TERM = 12


def hand_over(dice: Dice, sold: Sales, clients: Iterable[Client], as_of: date) -> None:
    """Adds the deals and their contracts, approved or active by turns, behind those whose projects are made."""
    sold.dice = dice
    this_month = as_of.replace(day=1)
    for at, client in enumerate(_one_of_each(clients)):
        status, start = (
            ("ACTIVE", months_after(this_month, -2)) if at % 2 else ("APPROVED", months_after(this_month, 1))
        )
        sold.win(client, start=start, term=_TERM, status=status, model=_MODELS[at % len(_MODELS)])


def _one_of_each(clients: Iterable[Client]) -> list[Client]:
    """The first client of each legal entity that is active, known and linked everywhere, and in the CRM once."""
    everyone = list(clients)
    twice = {client.duplicate_of for client in everyone}
    first: dict[str, Client] = {}
    for client in everyone:
        known = client.in_erp and client.erp_linked and client.in_psa and client.psa_linked
        if client.status == "ACTIVE" and known and client.duplicate_of is None and client.key not in twice:
            first.setdefault(client.legal_entity, client)
    return list(first.values())

"""Makes the whole firm from a seed: the same seed, size and day give the same firm everywhere."""

from collections import defaultdict
from datetime import date

from sandbox.firm.clients import clients as make_clients
from sandbox.firm.delivery import delivery
from sandbox.firm.dice import Dice
from sandbox.firm.handover import hand_over
from sandbox.firm.model import Contract, Firm
from sandbox.firm.people import legal_entities
from sandbox.firm.people import people as make_people
from sandbox.firm.receivables import close_books, receivables
from sandbox.firm.sales import sales


def generate(*, seed: int = 7, accounts: int = 200, as_of: date) -> Firm:
    """The firm on the morning of `as_of`: nothing in it happened on that day or after, though much is due after.

    Raises ValueError for a size that makes no firm.
    """
    if accounts < 1:
        raise ValueError(f"a firm needs at least one account, not {accounts}")
    people = make_people(Dice(seed, "people"), accounts)
    clients = make_clients(Dice(seed, "clients"), accounts, people, as_of)
    sold = sales(Dice(seed, "sales"), clients, as_of)
    contracts: dict[str, list[Contract]] = defaultdict(list)
    for contract in sold.contracts:
        contracts[contract.client].append(contract)
    projects = delivery(
        Dice(seed, "delivery"), clients, contracts, people, milestone_keys=sold.milestone_keys, as_of=as_of
    )
    invoices = receivables(Dice(seed, "receivables"), clients, sold.contracts, projects, as_of)
    close_books(Dice(seed, "books"), projects, sold.contracts, invoices, as_of)
    hand_over(Dice(seed, "handover"), sold, clients, as_of)
    return Firm(
        seed=seed,
        as_of=as_of,
        legal_entities=legal_entities(),
        people=people,
        clients=clients,
        deals=sold.deals,
        contracts=sold.contracts,
        projects=projects,
        invoices=invoices,
    )

"""What the firm has sold and hopes to sell: opportunities, and the contracts that came of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import count

from sandbox.firm import words
from sandbox.firm.dice import Dice
from sandbox.firm.model import Amendment, Client, Contract, ContractMilestone, Deal, Rate
from sandbox.firm.money import share

_OPEN_STAGES = (
    ("Prospecting", 10),
    ("Qualification", 10),
    ("Needs Analysis", 20),
    ("Value Proposition", 50),
    ("Id. Decision Makers", 60),
    ("Perception Analysis", 70),
    ("Proposal/Price Quote", 75),
)
_BILLING_MODELS = ("FIXED_FEE", "TIME_AND_MATERIALS", "MILESTONE", "RETAINER", "SUBSCRIPTION")
_BILLING_WEIGHTS = (20, 35, 25, 12, 8)


@dataclass(slots=True)
class Sales:
    """The pipeline while it is made: deals and contracts of all clients so far, and what numbers come next."""

    dice: Dice
    as_of: date
    milestone_keys: Iterator[str]
    deals: list[Deal]
    contracts: list[Contract]

    def sell_to(self, client: Client) -> None:
        if client.status != "PROSPECT":
            for _ in range(self.dice.weighted((0, 1, 2, 3), (8, 36, 32, 24))):
                contract = self._contract(client)
                if self.dice.chance(80):
                    self._won(client, contract)
                self.contracts.append(contract)
        hopes = self.dice.weighted((0, 1, 2), (20, 60, 20) if client.status == "PROSPECT" else (55, 35, 10))
        for _ in range(hopes):
            self._hope(client)

    def win(self, client: Client, *, start: date, term: int, status: str, model: str) -> None:
        """A deal that was won, with its contract of so many months."""
        contract = self._agreed(client, start, term, status, model)
        self._won(client, contract)
        self.contracts.append(contract)

    def _contract(self, client: Client) -> Contract:
        dice, as_of = self.dice, self.as_of
        start = dice.day(as_of - timedelta(days=720), as_of + timedelta(days=50)).replace(day=1)
        term = dice.weighted((3, 6, 12, 18, 24), (15, 30, 30, 10, 15))
        status = self._contract_status(start, months_after(start, term) - timedelta(days=1))
        model = dice.weighted(_BILLING_MODELS, _BILLING_WEIGHTS)
        return self._agreed(client, start, term, status, model)

    def _agreed(self, client: Client, start: date, term: int, status: str, model: str) -> Contract:
        dice, as_of = self.dice, self.as_of
        number = len(self.contracts) + 1
        value = dice.between(80, 3_200) * 12_500
        created = dice.instant(start - timedelta(days=90), min(start, as_of) - timedelta(days=30))
        approved = None if status in {"DRAFT", "IN_REVIEW"} else created + timedelta(days=dice.between(3, 25), hours=1)
        contract = Contract(
            key=f"ctr-{number:06}",
            client=client.key,
            deal=None,
            number=f"{number:08}",
            title=f"{dice.pick(words.ENGAGEMENTS)} {start.year}",
            status=status,
            billing_model=model,
            value=value,
            currency=client.currency,
            start_date=start,
            term_months=term,
            end_date=months_after(start, term) - timedelta(days=1),
            approved_at=approved,
            created_at=created,
            updated_at=self._later_than(approved or created),
        )
        if model in {"FIXED_FEE", "MILESTONE"}:
            contract.milestones = self._milestones(contract)
        if model == "TIME_AND_MATERIALS" or dice.chance(15):
            contract.rates = self._rates()
        if status in {"ACTIVE", "EXPIRED"} and dice.chance(20):
            contract.amendments = self._amendments(contract)
        return contract

    def _contract_status(self, start: date, end: date) -> str:
        dice = self.dice
        if start > self.as_of - timedelta(days=30):
            return dice.pick(("DRAFT", "IN_REVIEW", "APPROVED"))
        if dice.chance(5):
            return "TERMINATED"
        return "EXPIRED" if end < self.as_of else "ACTIVE"

    def _milestones(self, contract: Contract) -> list[ContractMilestone]:
        """Equal parts whose last takes the odd cents, so that they sum to the contract's value."""
        parts = self.dice.between(2, 4)
        each = share(contract.value, 1, parts)
        amounts = [each] * (parts - 1) + [contract.value - each * (parts - 1)]
        length = (contract.end_date - contract.start_date).days
        return [
            ContractMilestone(
                key=next(self.milestone_keys),
                name=words.PHASES[at + 1],
                amount=amount,
                due_date=contract.start_date + timedelta(days=length * (at + 1) // parts),
            )
            for at, amount in enumerate(amounts)
        ]

    def _rates(self) -> list[Rate]:
        first = self.dice.between(0, 4)
        roles = words.CONSULTANT_ROLES[first : first + self.dice.between(2, 3)]
        return [Rate(role, "hour", 9_000 + 1_500 * self.dice.between(0, 10)) for role in roles]

    def _amendments(self, contract: Contract) -> list[Amendment]:
        known = min(contract.end_date, self.as_of)
        return [
            Amendment(
                number=f"{contract.number}-A{at}",
                title=self.dice.pick(("More scope", "Longer term", "New rates", "Less scope")),
                status=self.dice.weighted(("ACTIVE", "APPROVED", "IN_REVIEW"), (70, 20, 10)),
                effective_date=self.dice.day(contract.start_date, known),
                value_change=self.dice.between(-20, 60) * 5_000,
            )
            for at in range(1, self.dice.between(1, 2) + 1)
        ]

    def _won(self, client: Client, contract: Contract) -> None:
        deal = self._deal(client, "WON", "Closed Won", 100, contract.created_at.date() + timedelta(days=7))
        deal.name, deal.amount, deal.billing_model = contract.title, contract.value, contract.billing_model
        deal.contract, contract.deal = contract.key, deal.key

    def _hope(self, client: Client) -> None:
        dice, as_of = self.dice, self.as_of
        stage = dice.weighted(("OPEN", "COMMITTED", "LOST"), (60, 15, 25))
        ahead = dice.day(as_of + timedelta(days=5), as_of + timedelta(days=150))
        if stage == "OPEN":
            native, probability = dice.pick(_OPEN_STAGES)
            self._deal(client, stage, native, probability, ahead)
        elif stage == "COMMITTED":
            self._deal(client, stage, "Negotiation/Review", 90, ahead)
        else:
            past = dice.day(as_of - timedelta(days=400), as_of - timedelta(days=10))
            self._deal(client, stage, "Closed Lost", 0, past)

    def _deal(self, client: Client, stage: str, native_stage: str, probability: int, close: date) -> Deal:
        dice = self.dice
        number = len(self.deals) + 1
        latest = min(close, self.as_of) - timedelta(days=3)
        created = dice.instant(latest - timedelta(days=120), latest)
        deal = Deal(
            key=f"deal-{number:06}",
            client=client.key,
            name=f"{dice.pick(words.ENGAGEMENTS)} {close.year}",
            stage=stage,
            native_stage=native_stage,
            amount=dice.between(60, 2_400) * 12_500,
            currency=client.currency,
            probability=probability,
            close_date=close,
            service_code=dice.pick(words.SERVICE_CODES),
            billing_model=dice.weighted(_BILLING_MODELS, _BILLING_WEIGHTS),
            owner=client.owner,
            contract=None,
            created_at=created,
            updated_at=self._later_than(created),
        )
        self.deals.append(deal)
        return deal

    def _later_than(self, moment: datetime) -> datetime:
        yesterday = datetime.combine(self.as_of, time(0), UTC) - timedelta(hours=6)
        return max(moment, min(yesterday, moment + timedelta(hours=self.dice.between(1, 3_000))))


def sales(dice: Dice, clients: list[Client], as_of: date) -> Sales:
    made = Sales(dice, as_of, (f"ms-{number:06}" for number in count(1)), [], [])
    for client in clients:
        made.sell_to(client)
    return made


def months_after(day: date, months: int) -> date:
    """The same day (at most the 28th) so many months later."""
    year, month = divmod(day.month - 1 + months, 12)
    return day.replace(year=day.year + year, month=month + 1)

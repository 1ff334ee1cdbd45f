"""What keeps a deal from being converted as it was agreed, said in the words of whoever agreed it."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal

import msgspec

from schema.enums import BillingModel, ContractStatus, OpportunityStage
from sync.desk import Refusal, RefusalCode
from sync.firm import Row

APPROVED = frozenset({ContractStatus.APPROVED, ContractStatus.ACTIVE})
MONTHLY = frozenset({BillingModel.RETAINER, BillingModel.SUBSCRIPTION})
MOST_INSTALMENTS = 120
"""Ten years of months."""
NO_CONTRACT = "There is no contract for this opportunity: it is converted once its contract is approved."
_DEAL = ("input", "opportunityId")
_CONTRACT = ("input", "contractId")


class AgreedMilestone(msgspec.Struct, frozen=True, kw_only=True):
    """`amount` None: the plan's own, which nothing is billed for."""

    key: str | None
    name: str
    amount: Decimal | None = None
    due_date: date | None = None

    @property
    def called(self) -> str:
        """What tells it from the others of its plan."""
        return self.key or self.name


class AgreedRate(msgspec.Struct, frozen=True, kw_only=True):
    role: str
    price: Decimal | None = None


def stage_problem(sold: Row) -> str | None:
    """Why a deal isn't ready yet, if it isn't."""
    if sold["stage"] is OpportunityStage.WON:
        return None
    stage = sold["stage"].value if sold["stage"] else "without a stage"
    return f"The opportunity is {stage}: it is converted once it is WON."


def approval_problem(contract: Row) -> str | None:
    """Why nothing is delivered on a contract yet, if it isn't agreed to."""
    if contract["status"] in APPROVED:
        return None
    status = contract["status"].value if contract["status"] else "without a status"
    return f"The contract is {status}: an opportunity is converted on an approved contract, never alone."


def deal_problems(sold: Row) -> Iterator[Refusal]:
    early = stage_problem(sold)
    if early is not None:
        yield Refusal(RefusalCode.STATE, early, _DEAL)
    if not sold["name"]:
        yield Refusal(RefusalCode.STATE, "The opportunity has no name.", _DEAL)


def contract_problems(sold: Row, contract: Row) -> Iterator[Refusal]:
    unapproved = approval_problem(contract)
    if unapproved is not None:
        yield Refusal(RefusalCode.STATE, unapproved, _CONTRACT)
    if sold["account"] and contract["account"] and sold["account"] != contract["account"]:
        yield Refusal(RefusalCode.INVALID, "The contract is another account's than the opportunity.", _CONTRACT)
    if contract["opportunity"] not in (None, sold.external_id):
        yield Refusal(RefusalCode.INVALID, "The contract is another opportunity's.", _CONTRACT)
    if not contract["value.amount"] or contract["value.currency"] is None:
        yield Refusal(RefusalCode.STATE, "The contract has no value with a currency.", _CONTRACT)
    if (contract["billingModel"] or sold["billingModel"]) is None:
        yield Refusal(RefusalCode.STATE, "Neither contract nor opportunity says how it is billed.", _CONTRACT)


def price_problems(
    model: BillingModel | None,
    contract: Row,
    milestones: tuple[AgreedMilestone, ...],
    rates: tuple[AgreedRate, ...],
) -> Iterator[Refusal]:
    """What the billing model needs, and the contract doesn't have or doesn't agree with itself about."""
    if model is BillingModel.MILESTONE:
        yield from _milestone_problems(contract["value.amount"], milestones)
    if model is BillingModel.TIME_AND_MATERIALS and not rates:
        yield Refusal(RefusalCode.STATE, "It is billed by time, and the contract has no rates.", _CONTRACT)
    if model in MONTHLY and contract["endDate"] is None:
        yield Refusal(RefusalCode.STATE, "It is billed monthly, and the contract has no end.", _CONTRACT)
    for called in _twice(milestone.called for milestone in milestones):
        yield Refusal(RefusalCode.STATE, f"Two milestones of the contract are {called}.", _CONTRACT)
    for role in _twice(rate.role for rate in rates):
        yield Refusal(RefusalCode.STATE, f"The contract has several rates for {role}.", _CONTRACT)


def _milestone_problems(value: Decimal | None, milestones: tuple[AgreedMilestone, ...]) -> Iterator[Refusal]:
    total = sum((milestone.amount or Decimal(0) for milestone in milestones), Decimal(0))
    if not milestones:
        yield Refusal(RefusalCode.STATE, "It is billed by milestone, and the contract has none.", _CONTRACT)
    elif value is not None and total != value:
        message = f"The milestones come to {total:f}, the contract's value is {value:f}."
        yield Refusal(RefusalCode.STATE, message, _CONTRACT)


def term_problem(model: BillingModel | None, starts: date, ends: date | None) -> Refusal | None:
    """Why work can't be planned, or billed, from the one day to the other."""
    where = ("input", "startDate")
    if ends is not None and ends < starts:
        return Refusal(RefusalCode.INVALID, f"It would end ({ends}) before it starts ({starts}).", where)
    if model in MONTHLY and ends is not None:
        count = (ends.year - starts.year) * 12 + ends.month - starts.month + 1
        if count > MOST_INSTALMENTS:
            message = f"It is billed monthly, and {count} months are more than {MOST_INSTALMENTS}."
            return Refusal(RefusalCode.INVALID, message, where)
    return None


def _twice(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]

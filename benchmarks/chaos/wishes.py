"""What the firm's people ask for: a mix of all processes, each wish marked so that its effects can be counted."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count, cycle, islice
from typing import Any

from benchmarks.chaos.world import Record, World
from schema.ids import RecordKey, encode_id

TYPES = ("Account", "Opportunity", "Contract", "Project", "TimeEntry", "Invoice", "LegalEntity")
UPDATED_ACCOUNTS, UPDATED_PROJECTS = 30, 15
_NEXT_STATUS = {"DRAFT": "IN_REVIEW", "IN_REVIEW": "APPROVED"}
_PREFIX = {"le-uk": "GB", "le-de": "DE", "le-us": "US", "le-ch": "CHE", "le-nl": "NL", "le-se": "SE"}
MIX: Mapping[str, int] = {
    "createAccount": 18,
    "updateAccount": 30,
    "updateProject": 12,
    "onboardCustomer": 8,
    "convertOpportunity": 6,
    "createInvoice": 16,
    "updateContractStatus": 4,
}
"""Parts of a hundred; what is left is done with the invoices of the others: posting, and telling of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One mutation. Its key is the client's own, and is sent until it is acknowledged."""

    key: str
    workflow: str
    input: Mapping[str, Any]


@dataclass
class Firm:
    """The invented firm as the clients know it: its answer key, and numbers for their marks."""

    records: Mapping[str, list[Record]]
    dice: random.Random
    prefix: str
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @classmethod
    def of(cls, world: World, *, seed: int, prefix: str) -> "Firm":
        return cls(records=world.firm(*TYPES), dice=random.Random(seed), prefix=prefix)

    def wishes(self, many: int, *, only: Sequence[str] = ()) -> list[Wish]:
        """All but those that need an invoice of an earlier one; some of them are asked for twice, under two keys.

        `only`: so many in all of these workflows, in equal parts.
        """
        offers = self.offers()
        if only:
            wishes = [wish for name in only for wish in islice(offers[name], many // len(only))]
        else:
            wishes = [wish for name, share in MIX.items() for wish in islice(offers[name], max(1, many * share // 100))]
            # The firm has no end of these alone.
            wishes += islice(offers["updateAccount"], max(0, self.first_wave(many) - len(wishes)))
        self.dice.shuffle(wishes)
        return wishes

    def offers(self) -> dict[str, Iterator[Wish]]:
        """What there is to ask for, by process."""
        return {
            "createAccount": self._new_accounts(),
            "updateAccount": self._account_updates(),
            "updateProject": self._project_updates(),
            "onboardCustomer": self._onboardings(),
            "convertOpportunity": self._conversions(),
            "createInvoice": self._invoices(),
            "updateContractStatus": self._contract_moves(),
        }

    @staticmethod
    def first_wave(many: int) -> int:
        return many * sum(MIX.values()) // 100

    def of_invoices(self, invoices: Sequence[str], many: int) -> list[Wish]:
        """Posts and tells of invoices with these NetSuite ids, as often as is wished."""
        drafts = [each for each in self.records["Invoice"] if each["status"] == "DRAFT"]
        known = [*invoices, *(each["records"]["netsuite"]["id"] for each in drafts)]
        others = [each["records"]["netsuite"]["id"] for each in self.records["Invoice"] if each["account"]]
        posts = [self._wish("postInvoice", invoiceId=_id("Invoice", "netsuite", each)) for each in known]
        self.dice.shuffle(posts)
        told = (
            self._wish("syncInvoiceStatus", invoiceId=_id("Invoice", "netsuite", each))
            for each in cycle(self.dice.sample(others, min(len(others), 60)))
        )
        chosen = posts[: many // 2]
        return [*chosen, *islice(told, many - len(chosen))]

    # ------------------------------------------------------------------------------------------------------- offers

    def _new_accounts(self) -> Iterator[Wish]:
        for number in self.numbers:
            given: dict[str, Any] = {"name": f"{self.prefix} Client {number}", "industry": "Engineering"}
            if self.dice.random() < 0.4:
                given["billing"] = self._billing(number, "le-uk")
            yield self._wish("createAccount", **given)

    def _account_updates(self) -> Iterator[Wish]:
        linked = [each for each in self._linked() if each["billing"]][:UPDATED_ACCOUNTS]
        while True:
            account, number = self.dice.choice(linked), next(self.numbers)
            given: dict[str, Any] = {"id": _of(account, "Account", "salesforce")}
            if self.dice.random() < 0.8:
                given["website"] = f"https://{self.prefix.lower()}-{number}.example"
            if len(given) == 1 or self.dice.random() < 0.5:
                given["billing"] = {"taxId": f"{self.prefix[:2].upper()}{number:09d}"}
            yield self._wish("updateAccount", **given)

    def _project_updates(self) -> Iterator[Wish]:
        begun = [each for each in self.records["Project"] if each["status"] in ("ACTIVE", "PLANNED", "ON_HOLD")]
        for number in self.numbers:
            project = self.dice.choice(begun[:UPDATED_PROJECTS])
            given = {"id": _of(project, "Project", "kantata"), "name": f"{self.prefix} Project {number}"}
            yield self._wish("updateProject", **given)

    def _onboardings(self) -> Iterator[Wish]:
        accounts = self.records["Account"]
        strangers = [each for each in accounts if "netsuite" not in {**each["records"], **each.get("unlinked", {})}]
        for account, entities in zip(strangers, cycle((("le-de",), ("le-de", "le-nl"), ("le-uk",))), strict=False):
            number = next(self.numbers)
            billing = self._billing(number, entities[0])
            del billing["legalEntityId"]
            yield self._wish(
                "onboardCustomer",
                accountId=_of(account, "Account", "salesforce"),
                legalEntityIds=[self._entity(key) for key in entities],
                **billing,
            )

    def _conversions(self) -> Iterator[Wish]:
        accounts = {each["key"] for each in self._linked()}
        contracts = {each["key"]: each for each in self.records["Contract"]}
        for deal in reversed(self.records["Opportunity"]):  # the firm's last deals wait for their project
            contract = contracts.get(deal["contract"] or "")
            if deal["stage"] != "WON" or deal["project"] or not contract or deal["account"] not in accounts:
                continue
            if contract["status"] not in ("APPROVED", "ACTIVE"):
                continue
            given = {
                "opportunityId": _of(deal, "Opportunity", "salesforce"),
                "projectName": f"{self.prefix} Engagement {next(self.numbers)}",
            }
            yield self._wish("convertOpportunity", **given)
            if self.dice.random() < 0.3:
                yield self._wish("convertOpportunity", **given)

    def _invoices(self) -> Iterator[Wish]:
        """Two thirds of given lines, the others of approved work; that is asked for twice now and then."""
        lines, work = self._invoices_of_lines(), self.invoices_of_work()
        while True:
            yield next(lines)
            yield next(work, None) or next(lines)
            yield next(lines)

    def _invoices_of_lines(self) -> Iterator[Wish]:
        linked = self._linked()
        for number in self.numbers:
            lines = [
                {"description": f"Advice {place}", "amount": f"{number % 900 + 10 * place}"}
                for place in range(1, self.dice.randint(2, 4))
            ]
            account = _of(self.dice.choice(linked), "Account", "salesforce")
            yield self._wish("createInvoice", accountId=account, purchaseOrder=f"{self.prefix}-{number}", lines=lines)

    def invoices_of_work(self) -> Iterator[Wish]:
        linked = {each["key"] for each in self._linked()}
        unbilled = {
            each["project"]
            for each in self.records["TimeEntry"]
            if each["approval"] == "APPROVED" and each["billingState"] == "UNBILLED"
        }
        for project in self.records["Project"]:
            if project["key"] in unbilled and project["account"] in linked and project["status"] != "CANCELLED":
                for _ in range(2 if self.dice.random() < 0.3 else 1):
                    order = f"{self.prefix}-{next(self.numbers)}"
                    given = {"projectId": _of(project, "Project", "kantata"), "purchaseOrder": order}
                    yield self._wish("createInvoice", **given)

    def _contract_moves(self) -> Iterator[Wish]:
        for contract in self.records["Contract"]:
            if contract["status"] in _NEXT_STATUS:
                status = _NEXT_STATUS[contract["status"]]
                yield self._wish("updateContractStatus", id=_of(contract, "Contract", "salesforce"), status=status)

    # ------------------------------------------------------------------------------------------------------- pieces

    def _wish(self, workflow: str, **given: Any) -> Wish:
        return Wish(key=f"{self.prefix}-{workflow}-{next(self.numbers)}", workflow=workflow, input=given)

    def _linked(self) -> list[Record]:
        """Clients that CRM and ERP both know, the one by the other."""
        return [each for each in self.records["Account"] if {"salesforce", "netsuite"} <= set(each["records"])]

    def _entity(self, key: str) -> str:
        entity = next(each for each in self.records["LegalEntity"] if each["key"] == key)
        return _of(entity, "LegalEntity", "netsuite")

    def _billing(self, number: int, entity: str) -> dict[str, Any]:
        return {
            "legalName": f"{self.prefix} Customer {number} Ltd",
            "legalEntityId": self._entity(entity),
            "taxId": f"{_PREFIX[entity]}{number:09d}",
            "billTo": {"lines": [f"{number} High Street"], "city": "Leeds", "country": _PREFIX[entity][:2]},
        }


def _of(record: Record, type_name: str, platform: str) -> str:
    return _id(type_name, platform, record["records"][platform]["id"])


def _id(type_name: str, platform: str, external_id: str) -> str:
    return encode_id(RecordKey(type_name, platform, external_id))

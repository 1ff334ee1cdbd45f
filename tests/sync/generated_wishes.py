"""Wishes that the firm as generated can grant, drawn from its own records: one for each number."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from tests.sync.flows.stories import entity_id, unknown_to_erp
from tests.sync.office import Office

Wish = dict[str, Any]
# ruff: noqa: RUF001 - what is drawn is no secret, and names are as the world has them
_WORDS = ("Aurora", "Brunel & Co", "Çelik", "Dvořák's", "Eo/2", "Fjord – Nord")
_COUNTRIES = {"le-uk": "GB", "le-de": "DE", "le-us": "US", "le-ch": "CH", "le-nl": "NL", "le-se": "SE"}
_OPEN = ("ACTIVE", "ON_HOLD", "PLANNED")
_MOVES = {"DRAFT": "IN_REVIEW", "IN_REVIEW": "APPROVED", "APPROVED": "ACTIVE", "ACTIVE": "TERMINATED"}


class Wishes:
    """Draws from one office's firm; the same number draws the same wish."""

    def __init__(self, office: Office, number: int) -> None:
        self._office = office
        self._random = Random(number)
        self._number = number

    def drawn(self) -> tuple[str, Wish]:
        """A workflow and what is wished of it: each workflow in its turn."""
        workflow = list(_DRAW)[self._number % len(_DRAW)]
        return workflow, _DRAW[workflow](self)

    # ---------------------------------------------------------------------------------------------------- by workflow

    def create_account(self) -> Wish:
        wish: Wish = {"name": self._name(), **self._some({"industry": "Energy", "website": "https://a.example"})}
        if self._random.random() < 0.5:
            company = self._random.choice(list(_COUNTRIES))
            wish["billing"] = {**self._billing(company), "legalEntityId": entity_id(self._office, company)}
        elif self._random.random() < 0.5:
            wish["parentId"] = self._id("Account", self._one("Account"))
        return wish

    def update_account(self) -> Wish:
        ours = self._one("Account", lambda found: "netsuite" in found["records"])
        crm = {"industry": self._name(), "status": "ON_HOLD", "number": f"N{self._number}", "website": None}
        erp = {"legalName": self._name(), "paymentTermsDays": 30, "creditHold": True, "taxId": "XX12345678"}
        wish: Wish = {"id": self._id("Account", ours), **self._some(crm)}
        if self._random.random() < 0.5 or len(wish) == 1:
            wish["billing"] = self._some(erp) or {"legalName": self._name()}
        return wish

    def update_project(self) -> Wish:
        project = self._one("Project", lambda found: found["budget"] and found["status"] in _OPEN)
        digits = 0 if project["budget"]["currency"] == "JPY" else 2
        money = str(Decimal(self._random.randint(1, 10**7)).scaleb(-digits))
        values = {
            "name": self._name(),
            "code": f"Z{self._number}",
            "kind": "ADVISORY",
            "endDate": "2031-05-31",
            "budget": {"amount": money, "currency": project["budget"]["currency"]},
        }
        return {"id": self._id("Project", project), "status": "ON_HOLD", **self._some(values)}

    def onboard_customer(self) -> Wish:
        strangers = unknown_to_erp(self._office)
        known = self._office.of_firm("Account", duplicateOf=None)
        ours = self._random.choice(strangers if self._random.random() < 0.7 else known)
        billed_by = (ours["billing"] or {}).get("legalEntity")
        free = [company for company in _COUNTRIES if company != billed_by]
        companies = self._random.sample(free, self._random.randint(1, 3))
        return {
            "accountId": self._id("Account", ours),
            "legalEntityIds": [entity_id(self._office, company) for company in companies],
            **self._billing(companies[0]),
        }

    def convert_opportunity(self) -> Wish:
        contracts = {
            found["key"]: found
            for found in self._office.of_firm("Contract")
            if found["status"] in ("APPROVED", "ACTIVE")
        }
        billed = {found["key"] for found in self._office.of_firm("Account") if "netsuite" in found["records"]}
        deal = self._one(
            "Opportunity",
            lambda found: (
                found["stage"] == "WON"
                and not found["project"]
                and found["contract"] in contracts
                and found["account"] in billed
            ),
        )
        wish: Wish = {"opportunityId": self._id("Opportunity", deal)}
        if self._random.random() < 0.5:
            wish["projectName"] = self._name()
        if self._random.random() < 0.5:
            wish["startDate"] = contracts[deal["contract"]]["startDate"]
        return wish

    def update_contract_status(self) -> Wish:
        contract = self._one("Contract", lambda found: found["status"] in _MOVES)
        status = _MOVES[contract["status"]] if self._random.random() < 0.8 else contract["status"]
        return {"id": self._id("Contract", contract), "status": status}

    def create_invoice(self) -> Wish:
        if self._random.random() < 0.5:
            payer = self._one("Account", lambda found: "netsuite" in found["records"])
            return {"accountId": self._id("Account", payer), "lines": self._lines(payer["billing"]["currency"])}
        due = {
            found["project"]
            for type_name in ("TimeEntry", "Expense")
            for found in self._office.of_firm(type_name, approval="APPROVED", billingState="UNBILLED")
        }
        payers = {found["key"] for found in self._office.of_firm("Account") if "netsuite" in found["records"]}
        project = self._one(
            "Project",
            lambda found: found["key"] in due and found["account"] in payers and found["status"] != "CANCELLED",
        )
        return {"projectId": self._id("Project", project)}

    def post_invoice(self) -> Wish:
        return {"invoiceId": self._id("Invoice", self._one("Invoice", lambda found: found["status"] == "DRAFT"))}

    def sync_invoice_status(self) -> Wish:
        return {"invoiceId": self._id("Invoice", self._one("Invoice"))}

    def sync_records(self) -> Wish:
        if self._random.random() < 0.7:
            type_name = self._random.choice(["Account", "Project", "Invoice"])
            return {"recordId": self._id(type_name, self._one(type_name))}
        latest = max(found["updatedAt"] for found in self._office.of_firm("Account"))
        since = datetime.fromisoformat(latest).astimezone(UTC) - timedelta(days=self._random.randint(0, 30))
        return {"type": "ACCOUNT", "changedSince": since}

    # --------------------------------------------------------------------------------------------------------- pieces

    def _one(self, type_name: str, fits: Callable[[dict[str, Any]], bool] = lambda _: True) -> dict[str, Any]:
        return self._random.choice([found for found in self._office.of_firm(type_name) if fits(found)])

    def _id(self, type_name: str, found: Mapping[str, Any]) -> str:
        return self._office.id_of(type_name, found)

    def _name(self) -> str:
        return f"{self._random.choice(_WORDS)} {self._number}"

    def _some(self, values: Wish) -> Wish:
        return {name: value for name, value in values.items() if self._random.random() < 0.5}

    def _billing(self, company: str) -> Wish:
        return {
            "legalName": self._name(),
            "taxId": f"XX{self._random.randint(10**8, 10**9)}",
            "billTo": {"lines": ["Quay 1", "Dock B"][: self._random.randint(1, 2)], "country": _COUNTRIES[company]},
            **self._some({"paymentTermsDays": 30}),
        }

    def _lines(self, currency: str) -> list[Wish]:
        digits = 0 if currency == "JPY" else 2
        return [
            {
                "description": self._name(),
                "quantity": str(Decimal(self._random.randint(1, 100)).scaleb(-1)),
                "unitPrice": str(Decimal(self._random.randint(1, 10**6)).scaleb(-digits)),
            }
            if self._random.random() < 0.5
            else {
                "description": self._name(),
                "amount": str(Decimal(self._random.randint(1, 10**7)).scaleb(-digits)),
            }
            for _ in range(self._random.randint(1, 5))
        ]


_DRAW: Mapping[str, Callable[[Wishes], Wish]] = {
    "createAccount": Wishes.create_account,
    "updateAccount": Wishes.update_account,
    "updateProject": Wishes.update_project,
    "onboardCustomer": Wishes.onboard_customer,
    "convertOpportunity": Wishes.convert_opportunity,
    "updateContractStatus": Wishes.update_contract_status,
    "createInvoice": Wishes.create_invoice,
    "postInvoice": Wishes.post_invoice,
    "syncInvoiceStatus": Wishes.sync_invoice_status,
    "syncRecords": Wishes.sync_records,
}

"""The mutations that are sent: each its own key, its own record, and a value that nothing has yet."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

from benchmarks import firm
from benchmarks.driver import posted
from benchmarks.writes.sending import Wish
from benchmarks.writes.upstream import ACCOUNTS, COMPANY
from schema.ids import RecordKey, encode_id

_UPDATE = "mutation update($input: UpdateAccountInput!) { updateAccount(input: $input) { run { id status } } }"
_CREATE = "mutation create($input: CreateAccountInput!) { createAccount(input: $input) { run { id status } } }"
_ADDRESS = {"lines": ["1 High Street"], "city": "London", "region": None, "postalCode": "EC1A 1AA", "country": "GB"}


@dataclass(frozen=True, slots=True)
class Flow:
    """A workflow that is measured, with how many steps a run of it has."""

    name: str
    steps: int


UPDATE_ACCOUNT = Flow("updateAccount", 1)
CREATE_ACCOUNT = Flow("createAccount", 3)
"""With billing: the client in the CRM, the customer in the ERP, and its number told to the CRM."""


class Wishes:
    """Makes requests for one gateway after the other; no two are alike."""

    def __init__(self) -> None:
        self._numbers: Iterator[int] = count(1)

    def of(self, flow: Flow, port: int, many: int) -> list[Wish]:
        made = self.update if flow is UPDATE_ACCOUNT else self.create
        return [made(port) for _ in range(many)]

    def update(self, port: int) -> Wish:
        number = next(self._numbers)
        external_id = firm.account_id(number % ACCOUNTS)
        record_id = encode_id(RecordKey("Account", "crm", external_id))
        return external_id, self._posted(port, _UPDATE, number, id=record_id, website=f"https://{number}.example")

    def create(self, port: int) -> Wish:
        number = next(self._numbers)
        billing = {
            "legalName": f"Client {number} Ltd",
            "legalEntityId": encode_id(RecordKey("LegalEntity", "erp", COMPANY["id"])),
            "taxId": f"GB{number:09}",
            "currency": COMPANY["currency"],
            "paymentTermsDays": 30,
            "billTo": _ADDRESS,
        }
        return "", self._posted(port, _CREATE, number, name=f"Client {number}", billing=billing)

    @staticmethod
    def _posted(port: int, text: str, number: int, **given: Any) -> bytes:
        return posted(port, text, {"input": {"idempotencyKey": f"bench-{number}", **given}})

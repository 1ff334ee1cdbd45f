"""The usual way: a hand-written Strawberry service with aiodataloader and httpx, over the same upstream.

Written as a good engineer would: one connection pool, loaders per request that batch by parent ids, only the needed
columns asked, money exact.
"""

import json
import sys
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import httpx
import strawberry
import uvicorn
from aiodataloader import DataLoader
from starlette.applications import Starlette
from starlette.routing import Route
from strawberry.asgi import GraphQL

from benchmarks.connector import ACCOUNT_STATUS, BILLING_MODEL, CONTRACT_STATUS, INVOICE_STATUS, PROJECT_STATUS
from benchmarks.processes import listening, ready
from schema.enums import AccountStatus, BillingModel, ContractStatus, InvoiceStatus, ProjectStatus
from schema.money import exact

Info = strawberry.Info[Any, None]
MOST_KEYS = 100
COLUMNS = {
    "accounts": "id,name,number,status,industry,website,owner_name,created_at",
    "projects": "id,account_id,code,name,status,start_date,end_date,manager_name,budget,currency",
    "contracts": "id,account_id,number,title,status,billing_model,start_date,end_date,value,currency",
    "invoices": "id,account_id,number,status,issue_date,due_date,purchase_order,total,balance,currency",
}


async def fetch(client: httpx.AsyncClient, entity: str, **asked: str) -> dict[str, Any]:
    response = await client.get(f"/{entity}", params={"fields": COLUMNS[entity], **asked})
    response.raise_for_status()
    found: dict[str, Any] = json.loads(response.content, parse_float=Decimal)
    return found


class AccountLoader(DataLoader[str, Any]):
    def __init__(self, client: httpx.AsyncClient) -> None:
        super().__init__(max_batch_size=MOST_KEYS)
        self._client = client

    async def batch_load_fn(self, keys: list[str]) -> list[Any]:
        page = await fetch(self._client, "accounts", ids=",".join(keys))
        found = {row["id"]: account_of(row) for row in page["rows"]}
        return [found.get(key) for key in keys]


class ChildLoader(DataLoader[str, list[Any]]):
    """The projects, contracts or invoices of many accounts at once."""

    def __init__(self, client: httpx.AsyncClient, entity: str, made: Any) -> None:
        super().__init__(max_batch_size=MOST_KEYS)
        self._client = client
        self._entity = entity
        self._made = made

    async def batch_load_fn(self, keys: list[str]) -> list[list[Any]]:
        page = await fetch(self._client, self._entity, account_id=",".join(keys))
        groups: dict[str, list[Any]] = {key: [] for key in keys}
        for row in page["rows"]:
            groups[row["account_id"]].append(self._made(row))
        return [groups[key] for key in keys]


class Loaders:
    """One request's."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.accounts = AccountLoader(client)
        self.projects = ChildLoader(client, "projects", project_of)
        self.contracts = ChildLoader(client, "contracts", contract_of)
        self.invoices = ChildLoader(client, "invoices", invoice_of)


@strawberry.type
class Money:
    amount: Decimal
    currency: str


@strawberry.type
class Project:
    id: strawberry.ID
    code: str
    name: str
    status: strawberry.enum(ProjectStatus)  # type: ignore[valid-type]
    start_date: date
    end_date: date
    manager_name: str
    budget: Money


@strawberry.type
class Contract:
    id: strawberry.ID
    number: str
    title: str
    status: strawberry.enum(ContractStatus)  # type: ignore[valid-type]
    billing_model: strawberry.enum(BillingModel)  # type: ignore[valid-type]
    start_date: date
    end_date: date
    value: Money


@strawberry.type
class Invoice:
    id: strawberry.ID
    number: str
    status: strawberry.enum(InvoiceStatus)  # type: ignore[valid-type]
    issue_date: date
    due_date: date
    purchase_order: str | None
    total: Money
    balance: Money


@strawberry.type
class ProjectConnection:
    nodes: list[Project]


@strawberry.type
class ContractConnection:
    nodes: list[Contract]


@strawberry.type
class InvoiceConnection:
    nodes: list[Invoice]


@strawberry.type
class Account:
    id: strawberry.ID
    name: str
    number: str
    status: strawberry.enum(AccountStatus)  # type: ignore[valid-type]
    industry: str
    website: str
    owner_name: str
    created_at: datetime

    @strawberry.field
    async def projects(self, info: Info, first: int = 50) -> ProjectConnection:
        found = await info.context["loaders"].projects.load(self.id)
        return ProjectConnection(nodes=found[:first])

    @strawberry.field
    async def contracts(self, info: Info, first: int = 50) -> ContractConnection:
        found = await info.context["loaders"].contracts.load(self.id)
        return ContractConnection(nodes=found[:first])

    @strawberry.field
    async def invoices(self, info: Info, first: int = 50) -> InvoiceConnection:
        found = await info.context["loaders"].invoices.load(self.id)
        return InvoiceConnection(nodes=found[:first])


@strawberry.type
class PageInfo:
    has_next_page: bool
    end_cursor: str | None


@strawberry.type
class AccountConnection:
    nodes: list[Account]
    page_info: PageInfo


@strawberry.type
class Query:
    @strawberry.field
    async def account(self, info: Info, id: strawberry.ID) -> Account | None:  # noqa: A002 - the field's argument
        found: Account | None = await info.context["loaders"].accounts.load(id)
        return found

    @strawberry.field
    async def accounts(self, info: Info, first: int = 50, after: str | None = None) -> AccountConnection:
        asked = {"limit": str(first)}
        if after is not None:
            asked["after"] = urlsafe_b64decode(after).decode()
        page = await fetch(info.context["loaders"].client, "accounts", **asked)
        rows = page["rows"]
        cursor = urlsafe_b64encode(rows[-1]["id"].encode()).decode() if rows else None
        return AccountConnection(
            nodes=[account_of(row) for row in rows],
            page_info=PageInfo(has_next_page=page["next"] is not None, end_cursor=cursor),
        )


def _money(amount: Decimal | int, currency: str) -> Money:
    made = exact(Decimal(amount), currency)
    assert made is not None
    return Money(amount=made, currency=currency)


def account_of(row: dict[str, Any]) -> Account:
    return Account(
        id=row["id"],
        name=row["name"],
        number=row["number"],
        status=ACCOUNT_STATUS[row["status"]],
        industry=row["industry"],
        website=row["website"],
        owner_name=row["owner_name"],
        created_at=datetime.fromisoformat(row["created_at"]),
    )


def project_of(row: dict[str, Any]) -> Project:
    return Project(
        id=row["id"],
        code=row["code"],
        name=row["name"],
        status=PROJECT_STATUS[row["status"]],
        start_date=date.fromisoformat(row["start_date"]),
        end_date=date.fromisoformat(row["end_date"]),
        manager_name=row["manager_name"],
        budget=_money(row["budget"], row["currency"]),
    )


def contract_of(row: dict[str, Any]) -> Contract:
    return Contract(
        id=row["id"],
        number=row["number"],
        title=row["title"],
        status=CONTRACT_STATUS[row["status"]],
        billing_model=BILLING_MODEL[row["billing_model"]],
        start_date=date.fromisoformat(row["start_date"]),
        end_date=date.fromisoformat(row["end_date"]),
        value=_money(row["value"], row["currency"]),
    )


def invoice_of(row: dict[str, Any]) -> Invoice:
    return Invoice(
        id=row["id"],
        number=row["number"],
        status=INVOICE_STATUS[row["status"]],
        issue_date=date.fromisoformat(row["issue_date"]),
        due_date=date.fromisoformat(row["due_date"]),
        purchase_order=row["purchase_order"],
        total=_money(row["total"], row["currency"]),
        balance=_money(row["balance"], row["currency"]),
    )


class Service(GraphQL[Any, None]):
    def __init__(self, schema: strawberry.Schema, upstream: str) -> None:
        super().__init__(schema)
        limits = httpx.Limits(max_connections=256, max_keepalive_connections=256)
        self.client = httpx.AsyncClient(base_url=upstream, limits=limits, timeout=10.0)

    async def get_context(self, request: Any, response: Any) -> Any:
        return {"request": request, "response": response, "loaders": Loaders(self.client)}


def main(upstream: str) -> None:
    service = Service(strawberry.Schema(Query), upstream)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with service.client:
            yield

    app = Starlette(routes=[Route("/graphql", service, methods=["GET", "POST"])], lifespan=lifespan)
    listener = listening()
    ready(listener)
    config = uvicorn.Config(app, access_log=False, log_level="warning", loop="uvloop", http="httptools")
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main(sys.argv[1])

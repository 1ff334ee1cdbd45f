"""How much memory a gateway takes while every account is paged through with its invoices."""

from dataclasses import dataclass

from benchmarks.driver import answer_of, posted
from benchmarks.processes import Service
from benchmarks.queries import WALK_WITH_INVOICES


@dataclass(frozen=True, slots=True)
class Paged:
    """One walk; memory in MB."""

    first: int
    accounts: int
    invoices: int
    before: float
    most: float


async def page_through(service: Service, first: int) -> Paged:
    """Walks the whole list, `first` accounts a page."""
    service.forget_peak()
    before, _ = service.memory()
    after: str | None = None
    accounts = invoices = 0
    while True:
        request = posted(service.port, WALK_WITH_INVOICES, {"first": first, "after": after})
        page = (await answer_of(service, request))["data"]["accounts"]
        accounts += len(page["nodes"])
        invoices += sum(len(node["invoices"]["nodes"]) for node in page["nodes"])
        if not page["pageInfo"]["hasNextPage"]:
            return Paged(first, accounts, invoices, before, service.memory()[1])
        after = page["pageInfo"]["endCursor"]

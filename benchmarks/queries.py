"""What is asked: the three queries, with and without provenance, and the walk through all accounts."""

from dataclasses import dataclass

KEY = "cw_finance_benchmark"
"""Opens the measured gateway; the baseline doesn't look at it."""

_ACCOUNT = "id name number status industry website ownerName createdAt"
_PROJECT = "id code name status startDate endDate managerName budget { amount currency }"
_CONTRACT = "id number title status billingModel startDate endDate value { amount currency }"
_INVOICE = "id number status issueDate dueDate purchaseOrder total { amount currency } balance { amount currency }"
_SOURCES = " sources { platform role entity externalId url freshness fetchedAt modifiedAt }"


def _small(provenance: str) -> str:
    return (
        f"query small($id: ID!) {{ account(id: $id) {{ {_ACCOUNT}{provenance}"
        f" projects {{ nodes {{ {_PROJECT}{provenance} }} }}"
        f" invoices {{ nodes {{ {_INVOICE}{provenance} }} }} }} }}"
    )


def _ref(provenance: str) -> str:
    return (
        f"query ref($after: String) {{ accounts(first: 50, after: $after) {{ nodes {{ {_ACCOUNT}{provenance}"
        f" projects {{ nodes {{ {_PROJECT}{provenance} }} }}"
        f" contracts {{ nodes {{ {_CONTRACT}{provenance} }} }}"
        f" invoices {{ nodes {{ {_INVOICE}{provenance} }} }} }} }} }}"
    )


WALK = (
    "query walk($first: Int!, $after: String) { accounts(first: $first, after: $after)"
    " { nodes { id } pageInfo { endCursor hasNextPage } } }"
)
WALK_WITH_INVOICES = (
    "query walk($first: Int!, $after: String) { accounts(first: $first, after: $after)"
    f" {{ nodes {{ {_ACCOUNT} invoices {{ nodes {{ {_INVOICE} }} }} }} pageInfo {{ endCursor hasNextPage }} }} }}"
)


@dataclass(frozen=True, slots=True)
class Query:
    """A measured query. `calls` and `round_trips` are the least that the upstream's batch limits allow."""

    name: str
    text: str
    calls: int
    round_trips: int
    variable: str | None
    """What tells one request from the next: an account's id, or a page's cursor."""


TRIVIAL = Query("trivial", "{ __typename }", 0, 0, None)
SMALL = Query("small", _small(""), 3, 1, "id")
REF = Query("ref", _ref(""), 4, 2, "after")
SMALL_SOURCES = Query("small, sources", _small(_SOURCES), 3, 1, "id")
REF_SOURCES = Query("ref, sources", _ref(_SOURCES), 4, 2, "after")

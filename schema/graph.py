"""The schema as Strawberry declares it, and as it prints."""

from functools import lru_cache
from typing import Annotated

import strawberry
from graphql import GraphQLSchema
from strawberry.directive import DirectiveLocation, DirectiveValue
from strawberry.printer import print_schema
from strawberry.schema.config import StrawberryConfig

from schema.scalars import SCALARS
from schema.types.audit import AuditEntry
from schema.types.commercial import Contract, Opportunity
from schema.types.decisions import BusinessException
from schema.types.delivery import Assignment, Expense, Milestone, Project, Task, TimeEntry
from schema.types.finance import CreditMemo, Invoice, Payment
from schema.types.mutation import Mutation
from schema.types.parties import Account, Contact, CostCenter, LegalEntity, Resource
from schema.types.query import Query
from schema.types.runs import SyncRun
from schema.types.subscription import Subscription

NODES = [
    Account, Assignment, Contact, Contract, CostCenter, CreditMemo, Expense, Invoice, LegalEntity, Milestone,
    Opportunity, Payment, Project, Resource, Task, TimeEntry,
]  # fmt: skip
LEDGER_NODES = [SyncRun, BusinessException, AuditEntry]
"""What the ledger holds under global ids of its own; see `schema.ids.LEDGER`."""


@strawberry.directive(
    locations=[DirectiveLocation.QUERY, DirectiveLocation.FIELD],
    name="freshness",
    description="How old the data of an operation, or of one field, may be. The default is live: maxAge 0.",
)
def freshness(
    value: DirectiveValue[object],
    max_age: Annotated[int, strawberry.argument(description="Seconds for which an earlier read may be reused.")] = 0,
    stale_if_error: Annotated[
        int,
        strawberry.argument(
            description="Seconds for which an earlier read may stand in for a platform that fails. "
            "Such data is marked STALE."
        ),
    ] = 0,
) -> object:
    return value  # plans read the directive; a field that isn't planned has no age


@lru_cache(maxsize=1)
def graph() -> strawberry.Schema:
    """The one schema of the process."""
    return strawberry.Schema(
        Query,
        Mutation,
        Subscription,
        types=[*NODES, *LEDGER_NODES],
        directives=[freshness],
        config=StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=True),
    )


def core() -> GraphQLSchema:
    """The same schema as graphql-core sees it."""
    found: GraphQLSchema = graph()._schema  # noqa: SLF001 - Strawberry offers no public way to it
    return found


def printed() -> str:
    """The SDL, ending in one line feed."""
    return print_schema(graph()).rstrip() + "\n"

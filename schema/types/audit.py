"""The audit chain as the graph shows it."""

from datetime import datetime

import strawberry

from schema.declare import identity
from schema.scalars import Json
from schema.types.shared import Node


@strawberry.type(
    description="One link of the append-only chain of every write and decision: changing or removing an earlier link "
    "breaks the hashes of all later ones."
)
class AuditEntry(Node):
    id: strawberry.ID = identity()
    sequence: int = strawberry.field(description="Its place in the chain, from 1 without gaps.")
    at: datetime = strawberry.field(description="When it was written.")
    actor: str = strawberry.field(description="Who did it: a caller's name, or the part of Crosswalk.")
    action: str = strawberry.field(description="What was done, such as `run.accepted`.")
    record_id: strawberry.ID | None = strawberry.field(description="The global id of the canonical record concerned.")
    correlation_id: strawberry.ID | None = strawberry.field(description="As in the run and in the platform calls.")
    platform: str | None = strawberry.field(description="The configured name of the platform that was written to.")
    detail: Json = strawberry.field(description="What exactly: fields, values, ids, decisions.")
    hash: str = strawberry.field(description="Over everything else in the entry, the previous hash included.")
    previous_hash: str = strawberry.field(description="The hash of the entry before it.")

"""A contract moves on, one allowed step at a time, where it is kept."""

from collections.abc import Mapping

import msgspec

from schema.enums import ContractStatus
from schema.errors import Queue
from sync.desk import RefusalCode
from sync.effects import Undo
from sync.flows.given import named
from sync.ownership import split
from sync.process import Flow, Process, Wish, refused

ALLOWED: Mapping[ContractStatus, frozenset[ContractStatus]] = {
    ContractStatus.DRAFT: frozenset({ContractStatus.IN_REVIEW}),
    ContractStatus.IN_REVIEW: frozenset({ContractStatus.APPROVED, ContractStatus.DRAFT}),
    ContractStatus.APPROVED: frozenset({ContractStatus.ACTIVE, ContractStatus.DRAFT}),
    ContractStatus.ACTIVE: frozenset({ContractStatus.EXPIRED, ContractStatus.TERMINATED}),
    ContractStatus.EXPIRED: frozenset(),
    ContractStatus.TERMINATED: frozenset(),
}


class UpdateContractStatus(Wish, frozen=True, kw_only=True):
    id: str
    status: ContractStatus


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    status: ContractStatus | None


async def update_contract_status(run: Process, wish: UpdateContractStatus) -> None:
    """A status that is there already is nothing to do; one that can't follow is refused with those that can."""
    key = named(run.firm, "Contract", wish.id, "id")

    async def look() -> Standing:
        row = await run.firm.one("Contract", key, ("status",))
        if row is None:
            raise refused(RefusalCode.NOT_FOUND, f"{key.platform} has no such contract.", "id")
        return Standing(status=row["status"])

    standing = await run.fact("standing", Standing, look)
    if standing.status is not None and standing.status is not wish.status:
        allowed = ALLOWED[standing.status]
        if wish.status not in allowed:
            ways = ", ".join(sorted(status.value for status in allowed)) or "nothing more"
            message = f"A contract that is {standing.status.value} can become {ways}, not {wish.status.value}."
            raise refused(RefusalCode.STATE, message, "status")
    run.concerns(wish.id)
    for update in await split(run, "Contract", key, {"status": wish.status}, {"status": ("status",)}):
        await run.step("status of contract", update, undo=Undo.RESTORE)


FLOW = Flow(
    name="updateContractStatus",
    version=1,
    wish=UpdateContractStatus,
    process=update_contract_status,
    subject=lambda wish: wish.id,
    queue=Queue.SALES_OPS,
    changes_one_record=True,
)

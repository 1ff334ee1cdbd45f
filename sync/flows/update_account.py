"""A client's fields change, each at its owner: who it is in the CRM, how it is billed in the ERP."""

from msgspec import UNSET, UnsetType

from schema.errors import Queue
from sync.desk import RefusalCode
from sync.effects import Undo
from sync.flows.accounts import Billing, Described, billed, check_parent, described, meant_entity
from sync.flows.given import named
from sync.ownership import split
from sync.process import Flow, Process, Wish, refused


class UpdateAccount(Described, Wish, frozen=True, kw_only=True):
    id: str
    billing: Billing | UnsetType | None = UNSET


async def update_account(run: Process, wish: UpdateAccount) -> None:
    """Every owner gets its part, and nobody gets a part of a change that can't be made whole."""
    key = named(run.firm, "Account", wish.id, "id")
    values, places = described(run.firm, wish)
    entity = None
    if isinstance(wish.billing, Billing):
        billing, where = billed(wish.billing)
        values, places = values | billing, places | where
        entity = meant_entity(run.firm, wish.billing)
    elif wish.billing is None:
        raise refused(RefusalCode.INVALID, "Billing as a whole can't be cleared: clear single fields.", "billing")
    if not values:
        raise refused(RefusalCode.INVALID, "Nothing is to be changed: give at least one field.", "id")
    await check_parent(run, wish, key.platform, child=key.external_id)
    run.concerns(wish.id)
    for update in await split(run, "Account", key, values, places, entity=entity):
        await run.step(f"{update.role.value} record in {update.platform}", update, undo=Undo.RESTORE)


FLOW = Flow(
    name="updateAccount",
    version=1,
    wish=UpdateAccount,
    process=update_account,
    subject=lambda wish: wish.id,
    queue=Queue.SALES_OPS,
    changes_one_record=True,
)

"""A client's fields change, each at its owner: who it is in the CRM, how it is billed in the ERP."""

from msgspec import UNSET, UnsetType

from schema.errors import Queue
from sync.desk import RefusalCode
from sync.effects import Undo
from sync.flows.accounts import Billing, Described, billed, described
from sync.ownership import split
from sync.process import Flow, Process, Wish, refused


class UpdateAccount(Described, Wish, frozen=True, kw_only=True):
    id: str
    billing: Billing | UnsetType | None = UNSET


async def update_account(run: Process, wish: UpdateAccount) -> None:
    """Every owner gets its part, and nobody gets a part of a change that can't be made whole."""
    key = run.firm.key("Account", wish.id)
    values, places = described(run.firm, wish)
    if isinstance(wish.billing, Billing):
        billing, where = billed(run.firm, wish.billing)
        values, places = values | billing, places | where
    if not values:
        raise refused(RefusalCode.INVALID, "Nothing is to be changed: give at least one field.", "id")
    run.concerns(wish.id)
    for update in await split(run, "Account", key, values, places):
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

"""Line items, which are time entries and expenses: what they share on their way to a submission and an invoice."""

from collections.abc import Mapping

from sandbox.kantata.account import Account
from sandbox.kantata.collection import Association, Filter, belongs_to, hung_on
from sandbox.kantata.errors import InvalidError, Problem
from sandbox.kantata.filters import accepted, always, between, by_ids, from_archived_workspaces
from sandbox.store import Record


def line_item_filters(day: str, performed: str) -> Mapping[str, Filter]:
    """The filters of both kinds; several count whatever their value is (`approved`, `invoiced`, `uninvoiced`)."""
    return {
        performed: between(day),
        "workspace_id": by_ids("workspace_id"),
        "workspace_ids": by_ids("workspace_id"),
        "with_user_ids": by_ids("user_id"),
        "approved": always(lambda row: bool(row["approved"])),
        "invoiced": always(lambda row: bool(row["is_invoiced"])),
        "uninvoiced": always(lambda row: not row["is_invoiced"]),
        "on_my_account": accepted(default=True),
        "from_archived_workspaces": from_archived_workspaces(),
        "in_active_invoice_id": by_ids("invoice_id"),
    }


def line_item_associations(subject: str, submissions: str) -> tuple[Association, ...]:
    """What both kinds belong to; `submissions` is the collection of those that may hold the item."""
    return (
        belongs_to("workspace", "workspaces", writable=True, required=True),
        belongs_to("user", "users", writable=True),
        belongs_to("story", "stories", writable=True),
        belongs_to("role", "roles", writable=True),
        belongs_to("invoice", "invoices"),
        belongs_to("active_submission", submissions),
        belongs_to("recent_submission", submissions),
        hung_on(subject, "external_references"),
    )


def in_workspace(account: Account, record: Record | None, columns: Record) -> Record:
    """The workspace that the line item belongs to; its story must be of the same one."""
    merged = {**(record or {}), **columns}
    story_id = merged.get("story_id")
    if story_id is not None:
        story = account.tables["stories"].get(story_id)
        if story is None or story["workspace_id"] != merged["workspace_id"]:
            raise InvalidError(Problem("story_id", "is invalid"))
    return account.tables["workspaces"].rows[merged["workspace_id"]]


def unsettled(_account: Account, record: Record) -> None:
    """What is invoiced or approved is locked: https://developer.kantata.com/tag/Time-Entries"""
    if record["is_invoiced"]:
        raise InvalidError(Problem("base", "can't be deleted because it has been invoiced"))
    if record["approved"]:
        raise InvalidError(Problem("base", "can't be deleted because it is locked"))


def unlocked(record: Record | None) -> None:
    if record is not None and record["is_invoiced"]:
        raise InvalidError(Problem("base", "can't be changed because it has been invoiced"))

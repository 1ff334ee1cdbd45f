"""The lines that are of one invoice alone: fixed fees and additional items, made with it and not changed with it.

https://developer.kantata.com/tag/Invoices
"""

from sandbox.kantata import currency
from sandbox.kantata.account import Account
from sandbox.kantata.attributes import STAMPS, Kind, UnreadableError, coerce, stored
from sandbox.kantata.collection import Collection, belongs_to
from sandbox.kantata.errors import InvalidError, Problem
from sandbox.store import Record


def amount(name: str, item: Record, code: str) -> int:
    """What a request says in main units, such as 12.5, in minor ones."""
    try:
        main = coerce(Kind.NUMBER, item.get("amount"))
    except UnreadableError as problem:
        raise InvalidError(Problem(name, str(problem))) from None
    if main is None:
        raise InvalidError(Problem(name, "is invalid"))
    return currency.minor_units(main, code)


def checked(account: Account, name: str, item: Record, workspace_ids: list[str], code: str) -> Record:
    """The columns of an item; its project is one of the invoice's, its story one of the project's."""
    workspace_id = str(item.get("workspace_id") or workspace_ids[0])
    story_id = None if item.get("story_id") is None else str(item["story_id"])
    story = account.tables["stories"].get(story_id or "")
    if workspace_id not in workspace_ids or (story_id and (story is None or story["workspace_id"] != workspace_id)):
        raise InvalidError(Problem(name, "is invalid"))
    notes = item.get("notes")
    return {
        "notes": None if notes is None else str(notes),
        "amount_in_cents": amount(name, item, code),
        "currency": code,
        "taxable": item.get("taxable") is True,
        "workspace_id": workspace_id,
        "story_id": story_id,
    }


def _items(name: str, singular: str, subject: str) -> Collection:
    """Answered with their invoices only: they have no endpoint of their own."""
    return Collection(
        name=name,
        singular=singular,
        subject=subject,
        page="https://developer.kantata.com/tag/Invoices",
        verbs="",
        attributes=(
            stored("notes"),
            stored("amount_in_cents", Kind.INTEGER),
            *currency.currency_attributes(),
            stored("taxable", Kind.BOOLEAN, default=False),
            *STAMPS,
        ),
        associations=(
            belongs_to("invoice", "invoices"),
            belongs_to("workspace", "workspaces"),
            belongs_to("story", "stories"),
        ),
    )


FIXED_FEE_ITEMS = _items("fixed_fee_items", "fixed_fee_item", "FixedFeeItem")
ADDITIONAL_ITEMS = _items("additional_items", "additional_item", "AdditionalItem")
ITEM_LISTS = (FIXED_FEE_ITEMS.name, ADDITIONAL_ITEMS.name)

"""Users, their memberships of the account, and the account's roles.

https://developer.kantata.com/tag/Users , https://developer.kantata.com/tag/Account-Memberships ,
https://developer.kantata.com/tag/Roles
"""

from typing import Any

from sandbox.kantata.account import ACCOUNT_ID, Account
from sandbox.kantata.attributes import STAMPS, Kind, derived, stored, writable
from sandbox.kantata.collection import BY_STAMP, Collection, Filter, belongs_to, found_by, hung_on
from sandbox.kantata.currency import currency_attributes
from sandbox.kantata.custom_fields import CUSTOM_FILTERS
from sandbox.kantata.errors import NotFoundError
from sandbox.kantata.filters import accepted, by_ids, matching, one_of, stamped
from sandbox.kantata.parameters import listed
from sandbox.store import Record


def membership_of(account: Account, user: Record) -> list[Record]:
    return account.tables["account_memberships"].where("user_id", [user["id"]])


def _participants(account: Account, _name: str, value: Any) -> list[Record]:
    found = account.tables["participations"].where("workspace_id", listed(value))
    return account.tables["users"].where("id", [each["user_id"] for each in found])


def _outsiders(account: Account, value: Any, _given: Any) -> Any:
    inside = {row["id"] for row in _participants(account, "users", value)}
    return lambda row: row["id"] not in inside


def disable(account: Account, membership_id: str) -> Record:
    """Ends a membership: the user is disabled, and every token that the user gave out stops working."""
    membership = account.tables["account_memberships"].get(membership_id)
    if membership is None:
        raise NotFoundError
    account.update("users", membership["user_id"], {"disabled": True})
    return account.update("account_memberships", membership_id, {"disabled_at": account.now()})


USERS = Collection(
    name="users",
    singular="user",
    subject="User",
    page="https://developer.kantata.com/tag/Users",
    verbs="LSU",
    attributes=(
        writable("full_name", required=True),
        derived("photo_path", lambda _account, _row: "/images/default_profile_photo/default.png"),
        writable("email_address"),
        writable("headline"),
        stored("generic", Kind.BOOLEAN, default=False),
        stored("disabled", Kind.BOOLEAN, default=False),
        derived("account_id", lambda _account, _row: ACCOUNT_ID),
        stored("bio", optional=True),
        stored("website", optional=True),
        stored("city", optional=True),
        stored("state", optional=True),
        stored("country", optional=True),
        stored("last_site_activity", Kind.DATETIME, optional=True),
        stored("classification", default="internal", optional=True),
    ),
    associations=(
        belongs_to("role", "roles"),
        belongs_to("account_membership", "account_memberships"),
        belongs_to("manager", "users"),
        hung_on("User", "custom_field_values"),
        hung_on("User", "external_references"),
        found_by("skills", "skills", lambda _account, _row: []),
    ),
    filters={
        **stamped(),
        **CUSTOM_FILTERS,
        "on_my_account": accepted(),
        "account_role_ids": by_ids("role_id"),
        "participant_in": Filter(rows=_participants),
        "not_participant_in": Filter(keep=_outsiders),
        "by_email_address": Filter(
            rows=lambda account, _name, value: account.tables["users"].where("email_address", [value])
        ),
        "by_email_addresses": one_of("email_address"),
        "by_full_name": matching("full_name"),
        "matching": matching("full_name", "email_address"),
    },
    orders={"alphabetical": "full_name"},
    default_order="alphabetical:asc",
    search=("full_name", "email_address"),
    synced=True,
    event="user",
)

ACCOUNT_MEMBERSHIPS = Collection(
    name="account_memberships",
    singular="account_membership",
    subject="AccountMembership",
    page="https://developer.kantata.com/tag/Account-Memberships",
    verbs="LSU",
    attributes=(
        writable("permission", default="collaborator"),
        writable("bill_rate_in_cents", Kind.INTEGER),
        writable("cost_rate_in_cents", Kind.INTEGER),
        *currency_attributes(),
        writable("billability_target", Kind.NUMBER),
        derived("is_administrator", lambda _account, row: row.get("permission") == "administrator"),
        derived("is_owner", lambda _account, _row: False),
        stored("disabled_at", Kind.DATETIME),
        *STAMPS,
    ),
    associations=(
        belongs_to("user", "users"),
        belongs_to("default_role", "roles", writable=True),
        belongs_to("manager", "users", writable=True),
    ),
    filters={**stamped(), "user_id": by_ids("user_id"), "permission": one_of("permission")},
    orders=BY_STAMP,
    event="account_membership",
)

ROLES = Collection(
    name="roles",
    singular="role",
    subject="Role",
    page="https://developer.kantata.com/tag/Roles",
    verbs="LSCUD",
    attributes=(
        writable("name", required=True),
        stored("deleted_at", Kind.DATETIME),
        *STAMPS,
    ),
    associations=(hung_on("Role", "external_references"),),
    filters={**stamped(), "matching": matching("name")},
    orders={"name": "name", "created_at": "created_at", "updated_at": "updated_at"},
    default_order="name:asc",
    search=("name",),
    synced=True,
    event="role",
)

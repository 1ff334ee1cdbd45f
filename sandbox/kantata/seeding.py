"""The firm as its Kantata account holds it: every record that was there before anybody called the API.

Records go straight into the tables: the feed tells only what happens from now on.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import Any

from sandbox.firm.ids import numeric_id, salesforce_id
from sandbox.firm.model import Client, Firm, LegalEntity, Person
from sandbox.firm.words import CONSULTANT_ROLES
from sandbox.kantata import custom_fields, references
from sandbox.kantata.account import Account
from sandbox.platform import KnownAs
from sandbox.store import Record

ROLE_BASE = 610_000
MEMBERSHIP_BASE = 14_000_000
CATEGORY_BASE = 520_000
REFERENCE_BASE = 77_000_000
VALUE_BASE = 350_000_000
PARTICIPATION_BASE = 150_000_000
RESOURCE_BASE = 94_000_000
TIMESHEET_BASE = 41_000_000
EXPENSE_REPORT_BASE = 8_000_000

PROJECT_CODE, ENGAGEMENT_TYPE, DEPARTMENT = "460001", "460002", "460003"
CUSTOM_FIELDS = (
    (PROJECT_CODE, "Project code", "Workspace", "string", True),
    (ENGAGEMENT_TYPE, "Engagement type", "Workspace", "single", False),
    (DEPARTMENT, "Department", "User", "string", False),
    # What is billed is the ERP's to tell, and what was agreed the CRM's: these are empty until somebody writes them.
    ("460004", "Billing status", "Workspace", "string", False),
    ("460005", "Invoiced", "Workspace", "currency", False),
    ("460006", "Paid", "Workspace", "currency", False),
    ("460007", "Outstanding", "Workspace", "currency", False),
    ("460008", "Credited", "Workspace", "currency", False),
    ("460009", "Bill rate", "Resource", "currency", False),
)
KIND_CHOICES = {
    "PROJECT": ("870001", "Project"),
    "RETAINER": ("870002", "Retainer"),
    "MANAGED_SERVICE": ("870003", "Managed service"),
    "ADVISORY": ("870004", "Advisory"),
}
ACCOUNT_OPENED = datetime(2019, 3, 4, 9, 0, tzinfo=UTC)


class Seeding:
    """What the parts of the seeding share: the account, what records are known as, and counted ids."""

    def __init__(self, account: Account, firm: Firm) -> None:
        self.account = account
        self.firm = firm
        self.known: dict[tuple[str, str], KnownAs] = {}
        self.clients: Mapping[str, Client] = {client.key: client for client in firm.clients}
        self.people: Mapping[str, Person] = {person.key: person for person in firm.people}
        self.entities: Mapping[str, LegalEntity] = {entity.key: entity for entity in firm.legal_entities}
        self.roles: dict[str, str] = {}
        self.categories: dict[str, str] = {}
        self._counts: dict[int, int] = {}

    def counted(self, base: int) -> str:
        """The next id of a range, for records that the firm has no key for."""
        self._counts[base] = self._counts.get(base, 0) + 1
        return str(base + self._counts[base])

    def stamp(self, moment: datetime) -> datetime:
        return moment.astimezone(self.account.zone).replace(microsecond=0)

    def evening_of(self, day: Any) -> datetime:
        """When somebody wrote down what happened that day."""
        return self.stamp(datetime.combine(day, time(17, 30), UTC))

    def put(self, name: str, record: Record) -> Record:
        return self.account.tables[name].insert(record)

    def knows(self, canonical: str, key: str, entity: str, record_id: str, *, linked: bool = True) -> None:
        self.known[canonical, key] = KnownAs(entity, record_id, linked)

    def refer(self, subject: tuple[str, str], service: str, model: str, ref: str, at: datetime) -> None:
        """Links a record, named by its type and id, to an object of another system."""
        columns = {
            "id": self.counted(REFERENCE_BASE),
            "service_name": service,
            "service_model": model,
            "service_model_ref": ref,
            "last_synced_at": at,
            "created_at": at,
            "updated_at": at,
        }
        self.put("external_references", references.row(*subject, columns))

    def value(self, subject_type: str, record_id: str, field_id: str, value: Any, at: datetime) -> None:
        columns = {
            "id": self.counted(VALUE_BASE),
            "custom_field_id": field_id,
            "value": value,
            "created_at": at,
            "updated_at": at,
        }
        self.put("custom_field_values", custom_fields.row(subject_type, record_id, columns))

    def user_id(self, person: str | None) -> str | None:
        """The user of a person; None for one who has no user in the PSA."""
        known = self.known.get(("Resource", person or ""))
        return known.id if known is not None else None


def seed_setup(seeding: Seeding) -> None:
    """What an administrator set up when the account was opened: custom fields, roles, expense categories."""
    opened = seeding.stamp(ACCOUNT_OPENED)
    stamps = {"created_at": opened, "updated_at": opened}
    for field_id, name, subject_type, value_type, unique in CUSTOM_FIELDS:
        field = {"id": field_id, "name": name, "subject_type": subject_type, "value_type": value_type}
        seeding.put("custom_fields", {**field, "unique_constraint": unique, **stamps})
    for position, (choice_id, label) in enumerate(KIND_CHOICES.values(), start=1):
        choice = {"id": choice_id, "label": label, "position": position, "custom_field_id": ENGAGEMENT_TYPE}
        seeding.put("custom_field_choices", {**choice, **stamps})
    assigned = {assignment.role for project in seeding.firm.projects for assignment in project.assignments}
    for role in sorted(assigned | {person.role for person in seeding.firm.people} | set(CONSULTANT_ROLES)):
        seeding.roles[role] = seeding.counted(ROLE_BASE)
        seeding.put("roles", {"id": seeding.roles[role], "name": role, **stamps})
    for category in sorted({expense.category for project in seeding.firm.projects for expense in project.expenses}):
        seeding.categories[category] = seeding.counted(CATEGORY_BASE)
        seeding.put("expense_categories", {"id": seeding.categories[category], "name": category})


def seed_people(seeding: Seeding) -> None:
    """A user and a membership for everybody who delivers; the first active one is administrator and made the token."""
    opened = seeding.stamp(ACCOUNT_OPENED)
    for person in seeding.firm.people:
        if not person.delivers:
            continue
        user_id, membership_id = numeric_id("kantata.user", person.key), seeding.counted(MEMBERSHIP_BASE)
        stamps = {"created_at": opened, "updated_at": opened}
        user = {
            "id": user_id,
            "full_name": f"{person.first_name} {person.last_name}",
            "email_address": person.email,
            "headline": person.role,
            "disabled": not person.active,
            "role_id": seeding.roles[person.role],
            "account_membership_id": membership_id,
        }
        seeding.put("users", {**user, **stamps})
        owns_token = not seeding.account.user_id and person.active
        membership = {
            "id": membership_id,
            "user_id": user_id,
            "default_role_id": seeding.roles[person.role],
            "permission": "administrator" if owns_token else "collaborator",
            "cost_rate_in_cents": person.cost_rate,
            "currency": seeding.entities[person.legal_entity].currency,
            "disabled_at": None if person.active else opened,
        }
        seeding.put("account_memberships", {**membership, **stamps})
        seeding.value("User", user_id, DEPARTMENT, person.department, opened)
        seeding.knows("Resource", person.key, "user", user_id)
        if owns_token:
            seeding.account.user_id = user_id


def seed_companies(seeding: Seeding) -> None:
    """A company group for every client that the PSA knows; it names the CRM's account where somebody linked it."""
    for client in seeding.firm.clients:
        if not client.in_psa:
            continue
        group_id = numeric_id("kantata.workspace_group", client.key)
        created, updated = seeding.stamp(client.created_at), seeding.stamp(client.updated_at)
        contact = client.contacts[0] if client.contacts else None
        address = client.address
        seeding.put(
            "workspace_groups",
            {
                "id": group_id,
                "name": client.psa_name,
                "company": True,
                "contact_name": f"{contact.first_name or ''} {contact.last_name}".strip() if contact else None,
                "email": contact.email if contact else None,
                "phone_number": contact.phone if contact else None,
                "address": "\n".join([*address.lines, f"{address.postal_code} {address.city}", address.country]),
                "website": client.website,
                "created_at": created,
                "updated_at": updated,
            },
        )
        if client.psa_linked:
            ref = salesforce_id("001", client.key)
            seeding.refer(("WorkspaceGroup", group_id), "salesforce", "Account", ref, created)
        seeding.knows("Account", client.key, "workspace_group", group_id, linked=client.psa_linked)

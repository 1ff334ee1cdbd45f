"""External references: which object of another system a record is, one per record and service.

https://developer.kantata.com/tag/External-References
"""

from collections.abc import Mapping
from typing import Any

from sandbox.kantata.account import Account
from sandbox.kantata.attributes import STAMPS, Kind, stored, writable
from sandbox.kantata.collection import BY_STAMP, Association, Collection, Filter, Given, Keep, Rules, subject_of
from sandbox.kantata.errors import BadRequestError, InvalidError, Problem
from sandbox.kantata.filters import after, equal, one_of, stamped
from sandbox.store import Record

REQUIRED = ("service_name", "service_model", "service_model_ref")
OPTIONAL = ("status", "external_link", "external_status", "external_message")
STATUSES = ("successful", "pending", "failed")


def checked(fields: Any, subject_type: str, record: Record | None) -> Record:
    """The columns of the reference that `fields` describes, for a record or one about to be created."""
    if not isinstance(fields, dict):
        raise InvalidError(Problem("external_reference", "is invalid"))
    problems = [
        Problem(f"external_reference.{name}", "can't be blank")
        for name in REQUIRED
        if fields.get(name) is None or not str(fields[name]).strip()
    ]
    status = fields.get("status")
    if status is not None and status not in STATUSES:
        problems.append(Problem("external_reference.status", "is not included in the list"))
    if problems:
        raise InvalidError(*problems)
    columns: Record = {name: str(fields[name]) for name in REQUIRED}
    columns |= {name: fields[name] for name in OPTIONAL if name in fields}
    if "locked" in fields:
        columns["locked"] = fields["locked"] in (True, "true")
    if record is not None:
        columns |= {"subject_type": subject_type, "subject_id": int(record["id"])}
    return columns


def put(account: Account, subject_type: str, record_id: str, columns: Record) -> Record:
    """Creates the record's reference for that service, or replaces what the existing one says."""
    columns = {**columns, "last_synced_at": account.now()}
    existing = held(account, subject_type, record_id, columns["service_name"])
    if existing is not None:
        return account.update("external_references", existing["id"], columns)
    return account.insert("external_references", row(subject_type, record_id, columns))


def row(subject_type: str, record_id: str, columns: Mapping[str, Any]) -> Record:
    return {
        "status": "successful",
        **columns,
        "subject_type": subject_type,
        "subject_id": int(record_id),
        "_subject": subject_of(subject_type, record_id),
    }


def held(account: Account, subject_type: str, record_id: str, service_name: str) -> Record | None:
    links = account.tables["external_references"].where("_subject", [subject_of(subject_type, record_id)])
    return next((link for link in links if link["service_name"] == service_name), None)


def create_or_update(account: Account, fields: Any) -> Record:
    """The upsert of a link, by subject and service name."""
    if not isinstance(fields, dict):
        raise BadRequestError("param is missing or the value is empty: external_reference")
    subject_type, record_id = _subject(account, fields)
    record = account.tables[account.by_subject[subject_type].name].rows[record_id]
    return put(account, subject_type, record_id, _plain(fields, subject_type, record))


def _plain(fields: Mapping[str, Any], subject_type: str, record: Record) -> Record:
    """As `checked`, with the problems named by the reference's own fields."""
    try:
        return checked(fields, subject_type, record)
    except InvalidError as refusal:
        named = (
            Problem(problem.field.removeprefix("external_reference."), problem.message) for problem in refusal.problems
        )
        raise InvalidError(*named) from None


def _subject(account: Account, fields: Mapping[str, Any]) -> tuple[str, str]:
    subject_type, record_id = str(fields.get("subject_type") or ""), str(fields.get("subject_id") or "")
    collection = account.by_subject.get(subject_type)
    if collection is None:
        raise InvalidError(Problem("subject_type", "is not included in the list"))
    if account.tables[collection.name].get(record_id) is None:
        raise InvalidError(Problem("subject_id", "is invalid"))
    return subject_type, record_id


def _prepare(account: Account, record: Record | None, columns: Record) -> Record:
    if record is not None:
        subject_type, record_id = record["subject_type"], str(record["subject_id"])
        kept = {name: value for name, value in columns.items() if name not in {"subject_type", "subject_id"}}
    else:
        subject_type, record_id = _subject(account, columns)
        kept = row(subject_type, record_id, {**columns, "last_synced_at": account.now()})
    other = held(account, subject_type, record_id, columns.get("service_name") or "")
    if other is not None and other is not record:
        raise InvalidError(Problem("service_name", "has already been taken"))
    return kept


def _by_subject_id(account: Account, _name: str, value: Any) -> list[Record]:
    return account.tables["external_references"].where(
        "subject_id", [int(part) for part in str(value).split(",") if part.isdigit()]
    )


def _links_to(_account: Account, value: Any, _given: Given) -> Keep:
    return lambda link: link["subject_type"] == value


EXTERNAL_REFERENCES = Collection(
    name="external_references",
    singular="external_reference",
    subject="ExternalReference",
    page="https://developer.kantata.com/tag/External-References",
    verbs="LSCUD",
    attributes=(
        writable("subject_type", required=True),
        writable("subject_id", Kind.INTEGER, required=True),
        writable("service_name", required=True),
        writable("service_model", required=True),
        writable("service_model_ref", required=True),
        writable("status", default="successful", choices=STATUSES),
        writable("external_link"),
        writable("external_status"),
        writable("external_message"),
        writable("locked", Kind.BOOLEAN, default=False),
        stored("last_synced_at", Kind.DATETIME),
        *STAMPS,
    ),
    associations=(Association(name="subject", target=None),),
    filters={
        **stamped(),
        "subject_type": Filter(keep=_links_to),
        "subject_id": Filter(rows=_by_subject_id),
        "service_name": equal("service_name"),
        "service_model": equal("service_model"),
        "service_model_ref": one_of("service_model_ref"),
        "status": equal("status"),
        "last_synced_after": after("last_synced_at"),
    },
    orders=BY_STAMP,
    required_filter="subject_type",
    rules=Rules(prepare=_prepare),
)

"""The record API's operations on one record and on lists of them, without HTTP's envelope."""

from collections.abc import Mapping
from typing import Any

from sandbox.netsuite.accepting import Accepted
from sandbox.netsuite.books import Books
from sandbox.netsuite.errors import Refused, business_rule, invalid_content, no_such_record, no_such_type
from sandbox.netsuite.fields import RecordType
from sandbox.netsuite.posting import refuse_step_back
from sandbox.netsuite.reading import Json
from sandbox.netsuite.transactions import BY_PATH
from sandbox.netsuite.writing import Writer
from sandbox.store import Record


def type_named(name: str) -> RecordType:
    """By path segment, in any case."""
    record_type = BY_PATH.get(name.lower())
    if record_type is None:
        raise no_such_type(name)
    return record_type


class Records:
    """`names` says what happens to property names that nobody knows: ignore, warning or error."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self.writer = Writer(books)

    def find(self, record_type: RecordType, key: str) -> Record:
        """By internal id or `eid:` and external id."""
        table = self._books.tables[record_type.name]
        if key.startswith("eid:"):
            found = table.where("externalid", [key[4:]])
            record = found[0] if found else None
        else:
            record = table.get(key)
        if record is None:
            raise no_such_record()
        return record

    def create(self, record_type: RecordType, body: object, names: str = "warning") -> tuple[Record, list[str]]:
        """POST /record/v1/{type}. Source: docs.oracle.com, Creating a Record Instance."""
        accepted = self._accepted(record_type, body, names)
        return self.writer.create(record_type, accepted), accepted.unknown

    def change(
        self,
        record_type: RecordType,
        key: str,
        body: object,
        names: str = "warning",
        replace: str = "",
        *,
        by_hand: bool = False,
    ) -> tuple[Record, list[str]]:
        """PATCH /record/v1/{type}/{id}; `by_hand` an administrator does it, who may take an approval back.

        Source: docs.oracle.com, Updating a Record Instance.
        """
        record = self.find(record_type, key)
        accepted = self._accepted(record_type, body, names)
        sublists = {name.lower(): name for name in record_type.sublists}
        accepted.replaced = frozenset(sublists[n.lower()] for n in replace.split(",") if n.lower() in sublists)
        if record_type.name == "invoice" and not by_hand:
            refuse_step_back(record, accepted.changes)
        self.writer.change(record_type, record, accepted)
        return record, accepted.unknown

    def upsert(
        self, record_type: RecordType, key: str, body: object, names: str = "warning", replace: str = ""
    ) -> tuple[Record, list[str]]:
        """PUT /record/v1/{type}/eid:{externalId}. Source: docs.oracle.com, Using the Upsert Operation.

        Sublists of a record that is there follow the rules of PATCH: without `replace`, lines are added once more.
        """
        if not key.startswith("eid:") or key == "eid:":
            raise Refused(400, "INVALID_REQUEST", "Use the eid: prefix to upsert by external ID.", where=("Url", key))
        external_id = key[4:]
        if self._books.tables[record_type.name].where("externalid", [external_id]):
            return self.change(record_type, key, body, names, replace)
        accepted = self._accepted(record_type, body, names)
        accepted.changes["externalid"] = external_id
        return self.writer.create(record_type, accepted), accepted.unknown

    def delete(self, record_type: RecordType, key: str) -> None:
        """DELETE /record/v1/{type}/{id}. Source: docs.oracle.com, Deleting a Record Instance."""
        self.writer.delete(record_type, self.find(record_type, key))

    def transformed(self, source_type: RecordType, key: str, target: str, overrides: object) -> Json:
        """The body of the record that a transform makes: the source's, with the caller's overrides."""
        if (source_type.name.lower(), target.lower()) not in _TRANSFORMS:
            raise Refused(
                400, "INVALID_REQUEST", f"Record type {source_type.name} cannot be transformed to {target}.",
                where=("Url", target),
            )  # fmt: skip
        source = self.find(source_type, key)
        if not isinstance(overrides, dict):
            raise invalid_content("Provide a JSON object.", "")
        if source.get("voided") == "T" or source.get("status") in ("D", "E"):
            raise business_rule("This transaction cannot be transformed in its present status.")
        return self._defaults(source, type_named(target)) | dict(overrides)

    def transform(
        self, source_type: RecordType, key: str, target: str, overrides: object, names: str
    ) -> tuple[Record, list[str]]:
        """POST .../!transform/{target}. Source: docs.oracle.com, Transforming Records."""
        target_type = type_named(target)
        source = self.find(source_type, key)
        accepted = self._accepted(target_type, self.transformed(source_type, key, target, overrides), names)
        record = self.writer.create(target_type, accepted, createdfrom=source["id"])
        if source_type.name == "salesOrder":
            books = self._books
            books.insert(
                books.links,
                {
                    "id": books.next_key(books.links),
                    "previousdoc": source["id"],
                    "previoustype": "SalesOrd",
                    "nextdoc": record["id"],
                    "nexttype": "CustInvc",
                    "linktype": "OrdBill",
                    "foreignamount": record["foreigntotal"],
                    "lastmodifieddate": books.now(),
                },
            )
            books.update(books.tables["salesOrder"], source["id"], {"status": "G", "lastmodifieddate": books.now()})
        return record, accepted.unknown

    def _defaults(self, source: Record, target: RecordType) -> Json:
        """What the target's form opens with."""
        body: Json = {"entity": {"id": source["entity"]}}
        if target.name == "customerPayment":
            due = source["foreignamountunpaid"]
            return {
                "customer": {"id": source["entity"]},
                "currency": {"id": source["currency"]},
                "payment": due,
                "apply": {"items": [{"doc": {"id": source["id"]}, "apply": True, "amount": due}]},
            }
        for name, column in (("job", "job"), ("currency", "currency"), ("terms", "terms")):
            if source.get(column) is not None:
                body[name] = {"id": source[column]}
        for name in ("memo", "otherRefNum", "custbody_cw_contract"):
            if source.get(name.lower()) is not None:
                body[name] = source[name.lower()]
        body["taxTotal"] = source["taxtotal"]
        body["item"] = {"items": [self._line(line) for line in self._books.lines.where("transaction", [source["id"]])]}
        if target.name == "creditMemo" and source["foreignamountunpaid"] > 0:
            body["apply"] = {"items": [{"doc": {"id": source["id"]}, "apply": True}]}
        return body

    @staticmethod
    def _line(line: Mapping[str, Any]) -> Json:
        body: Json = {
            "item": {"id": line["item"]},
            "description": line["memo"],
            "quantity": abs(line["quantity"]),
            "rate": line["rate"],
            "amount": abs(line["foreignamount"]),
            "custcol_cw_milestone": line["custcol_cw_milestone"],
        }
        if line.get("custcol_cw_bill_on") is not None:
            body["custcol_cw_bill_on"] = line["custcol_cw_bill_on"].isoformat()
        for name, column in (("job", "job"), ("taxCode", "taxcode")):
            if line[column] is not None:
                body[name] = {"id": line[column]}
        return body

    def _accepted(self, record_type: RecordType, body: object, names: str) -> Accepted:
        accepted = self.writer.accept(record_type, body)
        if accepted.unknown and names == "error":
            raise invalid_content(f"Unknown property: {accepted.unknown[0]}.", accepted.unknown[0])
        if names == "ignore":
            accepted.unknown = []
        return accepted


_TRANSFORMS = frozenset(
    {
        ("salesorder", "invoice"),
        ("invoice", "creditmemo"),
        ("invoice", "customerpayment"),
    }
)

"""Records with their children, created together or not at all."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.salesforce.call import Answer, Call
from sandbox.salesforce.errors import ApiError, malformed_json
from sandbox.salesforce.fields import SObject
from sandbox.salesforce.objects import child_relationship, object_in_path, object_of_type
from sandbox.salesforce.writes import create

MAX_RECORDS = 200
MAX_LEVELS = 5


@dataclass(slots=True)
class Branch:
    """One record of the tree, the field that names its parent, and the branches below."""

    sobject: SObject
    reference_id: str
    fields: dict[str, Any]
    parent_field: str | None
    below: list["Branch"]

    def walk(self) -> Iterator["Branch"]:
        yield self
        for branch in self.below:
            yield from branch.walk()


def create_tree(call: Call) -> Answer:
    """`POST /composite/tree/Account`: api_rest `resources_composite_sobject_tree.htm`."""
    sobject = object_in_path(call.path["entity"])
    roots = [_branch(each, sobject, None, 1) for each in _list(call.fields().get("records"))]
    branches = [branch for root in roots for branch in root.walk()]
    if len(branches) > MAX_RECORDS:
        raise ApiError(400, "EXCEEDED_ID_LIMIT", f"record limit reached. cannot submit more than {MAX_RECORDS} records")
    if len({branch.reference_id for branch in branches}) < len(branches):
        raise malformed_json("Duplicate referenceId provided in the request")
    org = call.instance.org
    start = org.mark()
    created: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    for root in roots:
        _create(call, root, None, created, errors)
    if errors:
        org.roll_back(start)
        return Answer(400, {"hasErrors": True, "results": errors})
    return Answer(201, {"hasErrors": False, "results": created})


def _create(
    call: Call,
    branch: Branch,
    parent_id: str | None,
    created: list[dict[str, Any]],
    errors: list[dict[str, Any]],
) -> None:
    fields = branch.fields if branch.parent_field is None else {**branch.fields, branch.parent_field: parent_id}
    try:
        record = create(call.instance.org, branch.sobject, fields, allow_duplicate=call.allows_duplicates)
    except ApiError as error:
        errors.append({"referenceId": branch.reference_id, "errors": [error.item()]})
        return
    created.append({"referenceId": branch.reference_id, "id": record["Id"]})
    for below in branch.below:
        _create(call, below, record["Id"], created, errors)


def _branch(given: object, sobject: SObject, parent_field: str | None, level: int) -> Branch:
    if not isinstance(given, dict) or not isinstance(given.get("attributes"), dict):
        raise malformed_json("Each record needs attributes with type and referenceId")
    attributes = given["attributes"]
    if object_of_type(attributes.get("type")) is not sobject or not isinstance(attributes.get("referenceId"), str):
        raise malformed_json(f"Each record here needs the type {sobject.name} and a referenceId")
    if level > MAX_LEVELS:
        raise malformed_json(f"Records may be nested {MAX_LEVELS} levels deep at most")
    branch = Branch(sobject, attributes["referenceId"], {}, parent_field, [])
    for name, value in given.items():
        if name == "attributes":
            continue
        child = child_relationship(sobject, name) if isinstance(value, dict) and "records" in value else None
        if child is None:
            branch.fields[name] = value
        else:
            branch.below += [_branch(each, child[0], child[1].name, level + 1) for each in _list(value["records"])]
    return branch


def _list(given: object) -> list[Any]:
    if not isinstance(given, list) or not given:
        raise malformed_json("records must be a list of records")
    return given

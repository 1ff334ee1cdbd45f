"""The graph keeps the public contract: everything promised is there, under its name and with its nullability."""

from pathlib import Path

import pytest
from graphql import (
    DirectiveDefinitionNode,
    EnumTypeDefinitionNode,
    InputObjectTypeDefinitionNode,
    ObjectTypeDefinitionNode,
    parse,
    print_ast,
)

from schema.declare import OwnedBy, declaration
from schema.graph import core, printed
from schema.model import ANCHORS, Group, Link, Own, Value, model

SCHEMA = Path(__file__).parents[2] / "schema"
CONTRACT = parse((SCHEMA / "contract.graphql").read_text())
OURS = {node.name.value: node for node in parse(printed()).definitions if hasattr(node, "name")}

# What comes with later processes.
LATER_FIELDS = {"Mutation": frozenset({"applyAmendment", "completeMilestone", "postTimeAndExpenses"})}
PROMISED = CONTRACT.definitions
CONNECTED = (
    "Account", "Contact", "Opportunity", "Contract", "Project", "Milestone", "Task", "Assignment", "TimeEntry",
    "Expense", "Invoice", "InvoiceLine", "SyncRun", "BusinessException", "AuditEntry",
)  # fmt: skip


def plain(node) -> str:
    """An argument without its description."""
    return print_ast(node).rsplit('"""', 1)[-1].rsplit('"\n', 1)[-1].strip()


@pytest.mark.parametrize("promised", PROMISED, ids=lambda node: node.name.value)
def test_promise_is_kept(promised):
    ours = OURS.get(promised.name.value)
    assert ours is not None, "a promised type is missing"
    assert ours.kind == promised.kind
    if isinstance(promised, EnumTypeDefinitionNode):
        promised_values = {value.name.value for value in promised.values}
        assert promised_values <= {value.name.value for value in ours.values}
    if isinstance(promised, ObjectTypeDefinitionNode):
        assert {name.name.value for name in promised.interfaces or ()} <= {n.name.value for n in ours.interfaces or ()}
    if isinstance(promised, DirectiveDefinitionNode):
        assert {plain(a) for a in promised.arguments} == {plain(a) for a in ours.arguments}
        assert {loc.value for loc in promised.locations} <= {loc.value for loc in ours.locations}
        return
    fields = {field.name.value: field for field in getattr(ours, "fields", None) or ()}
    for field in getattr(promised, "fields", None) or ():
        name = field.name.value
        if name in LATER_FIELDS.get(promised.name.value, ()):
            assert name not in fields, "it is here: promise it"
            continue
        assert name in fields, f"{promised.name.value}.{name} is missing"
        assert print_ast(fields[name].type) == print_ast(field.type), f"{promised.name.value}.{name} has another type"
        if isinstance(promised, InputObjectTypeDefinitionNode):
            assert plain(fields[name]) == plain(field)
        for argument in getattr(field, "arguments", None) or ():
            ours_by_name = {a.name.value: a for a in fields[name].arguments}
            assert plain(ours_by_name[argument.name.value]) == plain(argument)


@pytest.mark.parametrize("name", CONNECTED)
def test_connections_have_the_promised_form(name):
    form = {field.name.value: print_ast(field.type) for field in OURS[f"{name}Connection"].fields}
    assert form == {
        "edges": f"[{name}Edge!]!", "nodes": f"[{name}!]!", "pageInfo": "PageInfo!", "totalCount": "Int"
    }  # fmt: skip
    edge = {field.name.value: print_ast(field.type) for field in OURS[f"{name}Edge"].fields}
    assert edge == {"cursor": "String!", "node": f"{name}!"}


COMMANDS = (
    "createAccount", "updateAccount", "onboardCustomer", "convertOpportunity", "updateContractStatus", "updateProject",
    "createInvoice", "postInvoice", "syncInvoiceStatus", "syncRecords",
)  # fmt: skip
CARRIED = {
    "idempotencyKey": "idempotencyKey: String!",
    "reason": "reason: String",
    "dryRun": "dryRun: Boolean! = false",
}
OF_ONE_RECORD = {"updateAccount", "updateContractStatus", "updateProject", "postInvoice"}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_carries_what_governs_it(command):
    fields = {field.name.value: plain(field) for field in OURS[f"{command[0].upper()}{command[1:]}Input"].fields}
    assert {name: fields.get(name) for name in CARRIED} == CARRIED
    assert fields.get("ifVersion") == ("ifVersion: String" if command in OF_ONE_RECORD else None)


def test_every_part_of_a_governed_write_is_described():
    """What the ledger's types and the mutations mean isn't told by any platform's manual."""
    told = [
        "SyncRun", "SyncStep", "StepError", "PlannedWrite", "FieldChange", "Approval", "BusinessException",
        "AuditEntry", "UserError", "SyncRunPayload", "ExceptionPayload", "Mutation", "SyncRunFilter",
        "Subscription", "SyncRunEvent", "ExceptionEvent", "ProjectStatusEvent", "InvoiceStatusEvent",
    ]  # fmt: skip
    silent = [
        f"{name}.{field.name.value}"
        for name in told
        for field in OURS[name].fields
        if field.description is None and field.name.value != "id"
    ]
    assert not silent
    assert not [name for name in told if OURS[name].description is None]


def test_printed_schema_is_the_committed_one():
    assert (SCHEMA / "schema.graphql").read_text() == printed(), "run: crosswalk schema print > schema/schema.graphql"


def test_every_platform_owned_field_has_an_owner():
    nodes = {name: found for name, found in model().types.items() if found.node}
    assert nodes.keys() == {
        name for name in ANCHORS if name not in ("InvoiceLine", "ContractMilestone", "Amendment", "Rate")
    }
    for name, found in nodes.items():
        for field in found.fields.values():
            if isinstance(field, (Value, Group)):
                assert field.roles, f"{name}.{field.name} has no owner"
                definition = core().type_map[name].fields[field.name].extensions["strawberry-definition"]
                assert isinstance(declaration(definition.metadata), OwnedBy)
                assert "@owned(by: [" in next(
                    print_ast(line) for line in OURS[name].fields if line.name.value == field.name
                )


def test_every_relation_leads_to_a_type_with_an_anchor():
    for found in model().types.values():
        for field in found.fields.values():
            if isinstance(field, Link):
                assert field.relation.target in ANCHORS


def test_platform_owned_values_and_relations_of_records_may_be_null():
    for name, found in model().types.items():
        for field in found.fields.values():
            if found.node and not isinstance(field, Own):
                assert not field.non_null, f"{name}.{field.name} would take its record along when a platform is down"

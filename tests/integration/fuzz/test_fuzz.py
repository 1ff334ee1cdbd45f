"""Whatever a caller sends, of any role: a coded error or data as asked, and never our own failure or secret."""

import json
import random
import re
from typing import Any

import pytest
from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    is_composite_type,
    parse,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.cli.key_entries import ROLES
from schema.ids import decode_id

CALLERS_OWN = {
    "BAD_USER_INPUT", "TOO_WIDE", "FORBIDDEN", "NOT_FOUND", "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED",
    "UNAUTHENTICATED",
}  # fmt: skip
"""With every platform well, nothing else may go wrong: a platform that rejects a statement was asked wrongly."""
TRACES = re.compile(
    r"Traceback|\.py\b|site-packages| object at 0x|\b(?!BusinessException\b)\w*[a-z](Error|Exception)\b|<class '"
    r"|graphql-core|msgspec"
)
LEAF = {
    "Int": int, "Float": float, "Boolean": bool, "String": str, "ID": str, "CurrencyCode": str, "CountryCode": str,
    "Decimal": re.compile(r"-?\d+(\.\d+)?(E[+-]?\d+)?"), "Date": re.compile(r"\d{4}-\d\d-\d\d"),
    "DateTime": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"),
}  # fmt: skip
MOST_RECORDS = """{
    accounts(first: 30) { nodes { id name number } pageInfo { endCursor } }
    projects(first: 20) { pageInfo { endCursor } nodes { id code
        tasks(first: 1) { nodes { id } } assignments(first: 1) { nodes { id resource { id } } } } }
    invoices(first: 20, orderBy: [{field: DUE_DATE}]) { pageInfo { endCursor }
        nodes { id number payments { id } creditMemos { id } } }
    contracts(first: 9) { nodes { id } }
    opportunities(first: 9) { nodes { id } pageInfo { endCursor } }
}"""
WISHES = """mutation($account: ID!, $invoice: ID!, $key: String!) {
    updateAccount(input: { id: $account, name: "Acme", idempotencyKey: $key }) { run { id } }
    postInvoice(input: { invoiceId: $invoice, idempotencyKey: $key }) { run { id } }
}"""
OF_THE_LEDGER = """{
    syncRuns(first: 4) { nodes { id } pageInfo { endCursor } }
    approvals(first: 2) { pageInfo { endCursor } }
    exceptions(first: 1) { nodes { id } pageInfo { endCursor } }
    auditLog(first: 2) { nodes { id } pageInfo { endCursor } }
    webhooks(first: 2) { pageInfo { endCursor }
        nodes { id deliveries(first: 2) { nodes { id } pageInfo { endCursor } } } }
}"""
STEADY = settings(deadline=None, suppress_health_check=list(HealthCheck))


class Sent:
    """Asks as one role after another and judges every answer."""

    def __init__(self, gateway: Any, secrets: frozenset[str], schema: Any) -> None:
        self.gateway = gateway
        self.secrets = secrets
        self.schema = schema
        self.codes: dict[str, int] = {}

    async def ask(self, document: str, variables: dict[str, Any], role: str) -> None:
        said = f"as {role}: {document[:3000]}\n{json.dumps(variables)[:3000]}"
        body = json.dumps({"query": document, "variables": variables}).encode()
        found = await self.post(body, {"X-API-Key": self.gateway.keys[role]}, said)
        if found.get("data") is not None:
            steering = {name: value for name, value in variables.items() if isinstance(value, bool)}
            operation = parse(document).definitions[0]
            root = self.schema.get_root_type(operation.operation)
            self.fits(operation.selection_set, root, found["data"], steering, said)

    async def post(self, body: bytes, headers: dict[str, str], said: str) -> dict[str, Any]:
        sent = {"Content-Type": "application/json"} | headers
        return self.judged(await self.gateway.client.post("/graphql", content=body, headers=sent), said)

    def judged(self, answer: Any, said: str) -> dict[str, Any]:
        assert answer.status_code < 500, f"{answer.text[:500]} {said}"
        text = answer.text
        assert not [secret for secret in self.secrets if secret in text], said
        found: dict[str, Any] = json.loads(text)
        assert isinstance(found, dict)
        assert found.get("errors") or isinstance(found["data"], dict), said
        for error in found.get("errors", []):
            code = error["extensions"]["code"]
            self.codes[code] = self.codes.get(code, 0) + 1
            assert code in CALLERS_OWN, f"{error} {said}"
            assert not TRACES.search(error["message"]), f"{error} {said}"
            assert len(error["message"]) < 2_000, said
        return found

    def fits(self, selections: Any, kind: Any, value: Any, steering: dict[str, bool], said: str) -> None:
        """The value has the asked keys and no other, each of its type; null stands only where it may."""
        assert isinstance(value, dict), said
        wanted: dict[str, list[FieldNode]] = {}
        if isinstance(kind, GraphQLInterfaceType):
            kind = self.schema.get_type(value["__typename"])
        self.collect(selections, kind, steering, wanted)
        assert set(value) == set(wanted), said
        for key, nodes in wanted.items():
            name = nodes[0].name.value
            if name != "__typename":
                self.fits_type(nodes, kind.fields[name].type, value[key], steering, f"{key} {said}")

    def collect(self, selections: Any, kind: Any, steering: dict[str, bool], wanted: dict[str, Any]) -> None:
        for node in selections.selections:
            assert not isinstance(node, FragmentSpreadNode)
            if not included(node, steering):
                continue
            if isinstance(node, FieldNode):
                wanted.setdefault((node.alias or node.name).value, []).append(node)
            elif node.type_condition is None or node.type_condition.name.value == kind.name:
                self.collect(node.selection_set, kind, steering, wanted)

    def fits_type(self, nodes: list[FieldNode], kind: Any, value: Any, steering: dict[str, bool], said: str) -> None:
        if isinstance(kind, GraphQLNonNull):
            assert value is not None, said
            kind = kind.of_type
        if value is None:
            return
        if isinstance(kind, GraphQLList):
            assert isinstance(value, list), said
            for item in value:
                self.fits_type(nodes, kind.of_type, item, steering, said)
        elif is_composite_type(kind):
            assert isinstance(value, dict), said
            if len(nodes) == 1:
                self.fits(nodes[0].selection_set, kind, value, steering, said)
        elif isinstance(kind, GraphQLEnumType):
            assert value in kind.values, said
        elif kind.name == "JSON":
            pass  # anything
        elif isinstance(form := LEAF[kind.name], type):
            assert type(value) is form, said
        else:
            assert form.fullmatch(value), f"{value} {said}"


def included(node: Any, steering: dict[str, bool]) -> bool:
    for directive in node.directives or ():
        if directive.name.value in ("skip", "include"):
            given = steering[directive.arguments[0].value.name.value]
            if given is (directive.name.value == "skip"):
                return False
    return True


def credentials_of(ready: dict[str, Any]) -> frozenset[str]:
    """Every secret part of every credential; a private key by its lines."""
    texts = [text for found in ready["platforms"].values() for text in found["credentials"].values()]
    return frozenset(line for text in texts for line in str(text).splitlines() if len(line) >= 20)


@pytest.fixture
async def sent(sandbox: dict[str, Any], gateway_of: Any, schema: Any, desk: Any) -> Sent:
    patient = {name: found | {"timeout_seconds": 8.0} for name, found in sandbox["platforms"].items()}
    gateway = await gateway_of(sandbox | {"platforms": patient}, desk=desk)
    return Sent(gateway, credentials_of(sandbox) | set(gateway.keys.values()), schema)


@pytest.fixture
async def found(sent: Sent, forged_ids: list[tuple[str, str]]) -> dict[str, Any]:
    """Real ids, cursors, external ids and texts of the firm, and forged ids."""
    data = await sent.gateway.data(MOST_RECORDS)
    sources = await sent.gateway.data("{ accounts(first: 9) { nodes { sources { externalId } } } }")
    account = data["accounts"]["nodes"][0]["id"]
    for turn in range(3):
        await sent.gateway.data(
            WISHES, account=account, invoice=data["invoices"]["nodes"][0]["id"], key=f"found {turn}"
        )
    ledger = await sent.gateway.data(OF_THE_LEDGER)
    told: dict[str, Any] = {"id": [], "endCursor": [], "externalId": [], "name": [], "number": [], "code": []}

    def walk(value: Any) -> None:
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            if isinstance(part, (dict, list)):
                walk(part)
            elif part is not None:
                told[key].append(part)

    walk([data, sources, ledger])
    return {
        "ids": [*((text, decode_id(text).type) for text in told["id"]), *forged_ids],
        "cursors": told["endCursor"],
        "external": told["externalId"],
        "texts": [*told["name"], *told["number"], *told["code"]],
    }


@settings(STEADY)
@given(seed=st.integers(0, 2**63))
async def test_random_operations(sent, found, operations_of, seed):
    for part in range(3):
        dice = random.Random(f"{seed} {part}")
        document, variables = operations_of(dice, found).operation()
        await sent.ask(document, variables, dice.choice(ROLES))


@settings(STEADY)
@given(seed=st.integers(0, 2**63))
async def test_random_mutations(sent, found, operations_of, seed):
    """Nobody works on what is accepted, so that the firm stays as it is."""
    for part in range(3):
        dice = random.Random(f"{seed} {part}")
        document, variables = operations_of(dice, found).mutation()
        await sent.ask(document, variables, dice.choice(ROLES))


@pytest.mark.parametrize("role", ROLES)
async def test_every_field_of_every_type(sent, found, operations_of, object_types, role):
    """Each type's fields at once, then each field that takes arguments with hostile ones."""
    for type_name in object_types:
        document, variables = operations_of(random.Random(type_name), found).every_field(type_name)
        await sent.ask(document, variables, role)
    assert sent.codes.get("GRAPHQL_VALIDATION_FAILED", 0) == 0, sent.codes


async def test_every_argument_of_every_field(sent, found, operations_of, object_types, schema):
    for type_name in object_types:
        for name, field in schema.get_type(type_name).fields.items():
            for turn in range(2 * len(field.args)):
                dice = random.Random(f"{type_name}.{name} {turn}")
                document, variables = operations_of(dice, found).every_field(type_name, hostile=name)
                await sent.ask(document, variables, ROLES[turn % len(ROLES)])


QUESTION = "query Q($f: AccountFilter) { accounts(filter: $f, first: 1) { nodes { id name } } }"
GIVEN = {"f": {"name": {"eq": "x"}}}
GOOD = json.dumps({"query": QUESTION, "operationName": "Q", "variables": GIVEN, "extensions": {}}).encode()
PIECES = (
    b"", b"\x00", b"\xff", b'"', b"\\", b"{", b"}", b"[", b"]", b"null", b"1e400", b"-1e-400", b"9" * 5_000, b"NaN",
    b"$", b"...", b"@",
    b"\\u0000", b"\\ud800", b"\xef\xbb\xbf", b"#", b'\\"\\"\\"', b"[" * 70, b"{a" * 200,
    b"fragment F on Account { ...F }", b"subscription",
    b"mutation", b"{ __schema { types { name } } }", b"\xd9\xa3", b'"query":"{a}",', b'"variables":[],',
    b" " * 9_000, b"x" * 300_000,
)  # fmt: skip


@settings(STEADY)
@given(seed=st.integers(0, 2**63))
async def test_spoiled_requests(sent, seed):
    """A good request with pieces cut out and put in, by POST and by GET, its media types and its key spoiled too."""
    dice = random.Random(seed)
    for _ in range(5):
        body = bytearray(GOOD)
        for _ in range(dice.choice((1, 1, 2, 5))):
            start = dice.randrange(len(body) + 1)
            body[start : start + dice.choice((0, 0, 1, 5, 50))] = dice.choice(PIECES)
        headers = {"X-API-Key": sent.gateway.keys[dice.choice(ROLES)]}
        if dice.random() < 0.1:
            headers |= dice.choice((
                {"Content-Type": "text/plain"}, {"Accept": "text/html"}, {"Content-Encoding": "gzip"},
                {"X-API-Key": "x" * 600},
                {"X-API-Key": ""},
                {"Accept": ", ;q=2,*/*;q=x"}, {"X-Crosswalk-Plan": "1"},
                {"X-Correlation-Id": "x" * 5_000},
            ))  # fmt: skip
        await sent.post(bytes(body), headers, repr(bytes(body[:2_000])))
        query = {
            "query": bytes(body[:500]).decode("latin-1"),
            "variables": dice.choice(("{}", "[", "null", '{"f": 1}')),
        }
        sent.judged(await sent.gateway.client.get("/graphql", params=query, headers=headers), repr(query))

"""A client is changed in the CRM: its customer in the ERP, and its client in the PSA, are brought into line."""

from dataclasses import dataclass

from schema.errors import Queue
from schema.ids import RecordKey
from schema.roles import PlatformRole
from sync.acting.rule import Condition, Rule, Wake
from sync.firm import Firm, Row
from sync.flows.sync_records import COPIES, Copy, out_of_line
from sync.ledger.records import Json
from sync.values import to_json

CRM = PlatformRole.CRM
_COPIED = tuple(dict.fromkeys(path for paths in COPIES["Account"].values() for path in paths))


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A client as its CRM has it, and what other platforms say of it that isn't the same."""

    key: RecordKey
    row: Row
    wrong: tuple[Copy, ...]


async def look(firm: Firm, key: RecordKey) -> Client | None:
    row = await firm.one("Account", key, _COPIED)
    return None if row is None else Client(key=key, row=row, wrong=await out_of_line(firm, key))


def _identity(client: Client) -> Json:
    return [to_json(dict(client.row.values)), to_json(client.wrong)]


RULE = Rule[Client](
    name="syncCustomers",
    says="What a client's CRM says of it is brought to its customer in the ERP, and to the PSA.",
    subject="Account",
    flow="syncRecords",
    wish=lambda account: {"recordId": account},
    wakes=(Wake(type="Account", role=CRM, paths=_COPIED),),
    look=look,
    conditions=(
        Condition(
            name="a-copy-differs",
            says="A customer or client of another platform says something else.",
            queue=Queue.FINANCE,
            role=PlatformRole.ERP,
            lacks=lambda client: None if client.wrong else "Every platform says what the CRM does.",
            record=lambda client: client.key,
        ),
    ),
    identity=_identity,
    queue=Queue.FINANCE,
    approver="finance",
    default="on",
    one_at_a_time=True,  # half-way of a run the copies say something new, which is no new wish
)

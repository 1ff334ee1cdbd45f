"""What a rule is: which changes make it look, what must hold then, and which process it starts for whom."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from runtime.settings.happenings import RuleMode
from schema.errors import Queue
from schema.ids import RecordKey
from schema.roles import PlatformRole
from sync.firm import Firm
from sync.ledger.records import Json

Seen = TypeVar("Seen")
"""What a rule found when it looked at its subject, live."""
Leads = Callable[[Firm, RecordKey], Awaitable[Sequence[RecordKey]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wake:
    """Changes that make a rule look. `role` None: the record's own platform, whichever role that has.

    `paths`: canonical paths, or groups of them; none: any change. `leads` answers the rule's subjects for a record of
    another type, as the platforms have it now, and `by` is the path where such a record names its subject: what a
    change says of it is known even when the record is gone.
    """

    type: str
    role: PlatformRole | None = None
    paths: tuple[str, ...] = ()
    leads: Leads | None = None
    by: str | None = None

    def touched(self, paths: Sequence[str]) -> list[str]:
        """Those of the changed paths that it is about."""
        if not self.paths:
            return list(paths)
        return [path for path in paths if any(path == mine or path.startswith(f"{mine}.") for mine in self.paths)]


@dataclass(frozen=True, kw_only=True)  # with slots, Python 3.11 lets nobody make one of a given type
class Condition(Generic[Seen]):
    """Something that must hold. `lacks` says in plain words what is still open; None: it holds.

    `queue` are the people who own it, `role` the platforms where they bring it about, `record` where.
    """

    name: str
    says: str
    queue: Queue
    role: PlatformRole
    lacks: Callable[[Seen], str | None]
    record: Callable[[Seen], RecordKey | None]


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose a part of a wish is, when it is refused."""

    queue: Queue
    role: PlatformRole | None = None


@dataclass(frozen=True, kw_only=True)
class Rule(Generic[Seen]):
    """`subject`: the type of the records that it is about; `look` None: the record is gone.

    `identity`: what the process is requested for. While that is the same, it is the same request, however often the
    rule looks. `owners`: whose the parts of the wish are, by the first step of a refusal's path; `queue` owns the
    rest. `approver`: the role that agrees to what the rule only proposes. `one_at_a_time`: nothing is requested while
    another run of the process is about the subject, whoever asked for it.
    """

    name: str
    says: str
    subject: str
    flow: str
    wish: Callable[[str], Mapping[str, Any]]
    wakes: tuple[Wake, ...]
    look: Callable[[Firm, RecordKey], Awaitable[Seen | None]]
    conditions: tuple[Condition[Seen], ...]
    identity: Callable[[Seen], Json]
    queue: Queue
    approver: str
    default: RuleMode
    owners: Mapping[str, Owner] = field(default_factory=dict)
    one_at_a_time: bool = False

    @property
    def caller(self) -> str:
        """As whom it requests runs."""
        return f"trigger:{self.name}"

    def cause(self, subject: str) -> str:
        """It begins the causes of everything that can go wrong with the rule's wish for a record."""
        return f"{self.caller}:{subject}:"

    def open(self, seen: Seen) -> "list[tuple[Condition[Seen], str]]":
        """The conditions that don't hold yet, with what is missing."""
        told = ((condition, condition.lacks(seen)) for condition in self.conditions)
        return [(condition, lack) for condition, lack in told if lack is not None]

    def is_about(self, firm: Firm, key: RecordKey) -> bool:
        """Whether a record is one of its subjects, rather than one that leads to them."""
        role = firm.anchor(self.subject)
        if key.type != self.subject or role is None:
            return False
        return any(platform.name == key.platform for platform in firm.bindings.holders(self.subject, role))

    def way_from(self, firm: Firm, key: RecordKey) -> Leads | None:
        """How such a record leads to subjects; None where it doesn't."""
        platform = firm.bindings.platforms.get(key.platform)
        known = {} if platform is None else platform.reader.facets
        for wake in self.wakes:
            if (
                wake.leads is not None
                and wake.type == key.type
                and any((key.type, role) in known for role in roles(wake))
            ):
                return wake.leads
        return None


def roles(wake: Wake) -> tuple[PlatformRole, ...]:
    """The roles whose records wake it."""
    return tuple(PlatformRole) if wake.role is None else (wake.role,)

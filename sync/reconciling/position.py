"""Where a reconciliation stands: all that another process needs to go on with it."""

from datetime import datetime

import msgspec

from sync.ledger.records import Json
from sync.reconciling.comparison import Which
from sync.reconciling.seen import Key, Scope


class Suspect(msgspec.Struct, frozen=True, kw_only=True):
    """What differed at first sight. `mark`: what exactly; only where it is the same at second sight is it told.

    `key` None: a record of `which` side that nothing links, named by its platform and id. `lacks`: the side that has
    nothing of the key.
    """

    key: Key | None
    which: Which
    platform: str
    external_id: str
    mark: str
    lacks: Which | None = None


class Position(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`walk` and `platform` count through the comparison's walks and the platforms of each; `after` is where to go on
    there, `seen` how many records were, `had` how many the platform said at its beginning that there are, `again` how
    often it was begun anew. `suspected_at`: when the last of the suspects was seen first.

    `known`: by side and platform, keys of records that were there: an answer without them is short. `failing_since`:
    when platforms began to let us down, `short` how often in a row one left out records. `told`: how many
    exceptions were raised, `more` how many weren't any more. `closing`: the last open exception that was looked at.
    `accept_fewer`: somebody knows that a platform has far fewer records than when it was compared last.
    """

    walk: int = 0
    platform: int = 0
    after: Json = None
    seen: int = 0
    had: int | None = None
    again: int = 0
    suspects: tuple[Suspect, ...] = ()
    suspected_at: datetime | None = None
    known: dict[str, dict[str, tuple[Key, ...]]] = {}
    failing_since: datetime | None = None
    failures: int = 0
    short: int = 0
    told: int = 0
    more: int = 0
    closing: int | None = None
    accept_fewer: bool = False


def position_of(kept: Json) -> Position:
    return Position() if kept is None else msgspec.convert(kept, Position, strict=False)


def kept_position(position: Position) -> Json:
    return msgspec.to_builtins(position)


def scope_of(kept: Json) -> Scope:
    return msgspec.convert(dict(kept), Scope, strict=False)


def kept_scope(scope: Scope) -> Json:
    return msgspec.to_builtins(scope)

"""Looks over what somebody registers a webhook with."""

from collections.abc import Iterator, Mapping, Sequence

from platforms.addresses import Targets, UrlProblemError
from runtime.settings.problems import nearest
from schema.errors import BadUserInput
from schema.ids import decode_id, key_of
from schema.model import model
from sync.delivering.audience import ACCOUNTS, PATHS, RECORDS
from sync.delivering.kinds import covers, kind_problem, record_kinds
from sync.desk import Refusal, RefusalCode
from sync.ledger.outcomes import EXCEPTION_EVENT
from sync.ledger.port_of_changes import change_kind
from sync.policy import MAY_READ_LEDGER
from sync.wording import word_problems

MOST_KINDS = 50
MOST_VALUES = 500
"""Of one part of a filter."""
LONGEST_DESCRIPTION = 500


def url_problems(url: str, targets: Targets) -> Iterator[Refusal]:
    try:
        targets.receiver(url)
    except UrlProblemError as error:
        yield _invalid(str(error), "url")


def description_problems(description: str | None) -> Iterator[Refusal]:
    if description is None:
        return
    if len(description) > LONGEST_DESCRIPTION:
        yield _invalid(f"A description has at most {LONGEST_DESCRIPTION} characters.", "description")
    yield from word_problems({"description": description})


def kind_problems(kinds: Sequence[str], role: str) -> Iterator[Refusal]:
    """`role`: of whoever is to be told."""
    if not kinds:
        yield _invalid('Say what it is to be told of, such as ["record.Project", "syncRun"].', "kinds")
    elif len(kinds) > MOST_KINDS:
        yield _invalid(f"At most {MOST_KINDS} kinds are told apart; `record.*` is all records.", "kinds")
    else:
        for kind in kinds:
            problem = kind_problem(kind)
            if problem is not None:
                yield _invalid(problem, "kinds")
        if EXCEPTION_EVENT in kinds and role not in MAY_READ_LEDGER:
            message = f"The role {role} may not see the ledger, to which business exceptions belong."
            yield Refusal(RefusalCode.FORBIDDEN, message, ("input", "kinds"))


def filter_problems(wanted: Mapping[str, Sequence[str]], kinds: Sequence[str]) -> Iterator[Refusal]:
    yield from word_problems({"filter": {part: list(values) for part, values in wanted.items()}})
    for part, values in wanted.items():
        if not values:
            yield _invalid("An empty list lets nothing pass: leave it out to let everything pass.", "filter", part)
        elif len(values) > MOST_VALUES:
            yield _invalid(f"A list of the filter has at most {MOST_VALUES} values.", "filter", part)
        else:
            problem = _value_problem(part, values, kinds)
            if problem is not None:
                yield _invalid(problem, "filter", part)


def _value_problem(part: str, values: Sequence[str], kinds: Sequence[str]) -> str | None:
    try:
        for value in values:
            if part == ACCOUNTS:
                key_of("Account", value)
            elif part == RECORDS:
                decode_id(value)
    except BadUserInput as error:
        return error.detail
    if part == PATHS:
        known = _fields(kinds)
        for value in values:
            if value.partition(".")[0] not in known:
                return f"No record that is asked for has the field {value[:80]!r}{nearest(value[:80], known)}"
    return None


def _fields(kinds: Sequence[str]) -> set[str]:
    types = [name for name in model().types if change_kind(name) in record_kinds() and covers(kinds, change_kind(name))]
    return {field for name in types for field in model().types[name].fields}


def _invalid(message: str, *path: str) -> Refusal:
    return Refusal(RefusalCode.INVALID, message, ("input", *path))

"""Decides by the platforms' own records what became of each run: done once, undone, waiting for a person, or wrong."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.chaos.traces import COUNTED, Story, Traces, Truth, gone, updates
from schema.ids import decode_id
from sync.ledger.records import ExceptionState, Operation, Run, RunStatus, StepStatus

ENTITIES: Mapping[str, tuple[str, ...]] = {
    "salesforce": ("Account", "Opportunity", "Contract", "CW_Invoice__c"),
    "kantata": (
        "workspaces", "workspace_groups", "stories", "workspace_resources", "invoices", "external_references",
    ),
    "netsuite": ("customer", "job", "invoice", "salesOrder"),
}  # fmt: skip
_MADE = {
    ("salesforce", "Account"): "Id",
    ("salesforce", "CW_Invoice__c"): "Id",
    ("kantata", "workspaces"): "id",
    ("kantata", "workspace_groups"): "id",
    ("kantata", "stories"): "id",
    ("kantata", "workspace_resources"): "id",
    ("kantata", "invoices"): "id",
    ("netsuite", "customer"): "id",
    ("netsuite", "job"): "id",
    ("netsuite", "invoice"): "id",
    ("netsuite", "salesOrder"): "id",
}
_UNDONE = (RunStatus.COMPENSATED, RunStatus.CANCELLED)


@dataclass(frozen=True, slots=True)
class Wrong:
    """`run` None: of something that no run accounts for."""

    run: Run | None
    why: str

    def __str__(self) -> str:
        run = self.run
        return self.why if run is None else f"{run.workflow} {run.id} ({run.status.value}): {self.why}"


@dataclass
class Verdict:
    lost: list[Wrong] = field(default_factory=list)
    duplicated: list[Wrong] = field(default_factory=list)
    ended: Counter[str] = field(default_factory=Counter)
    queued: Counter[str] = field(default_factory=Counter)
    """Open exceptions, by code."""


class Judge:
    """`before` are the ids of the records that were there before anything was asked for, by platform and entity."""

    def __init__(
        self, truth: Truth, before: Mapping[tuple[str, str], frozenset[str]], stories: Sequence[Story]
    ) -> None:
        self._truth = truth
        self._before = before
        self._stories = stories
        # The same problem of the same record is one, and names the last run that had it.
        problems = [problem for story in stories for problem in story.problems]
        self._open = {_subject(each.cause) for each in problems if each.status is ExceptionState.OPEN}
        self._verdict = Verdict()
        self._traces = Traces(truth)

    def verdict(self, acknowledged: Mapping[str, str]) -> Verdict:
        known = {story.run.idempotency_key: story.run.id for story in self._stories}
        for key, run_id in acknowledged.items():
            if known.get(key) != run_id:
                self._verdict.lost.append(
                    Wrong(None, f"the run {run_id} of the key {key} was acknowledged and is gone")
                )
        for story in self._stories:
            self._verdict.ended[story.run.status.value] += 1
            self._verdict.queued.update(
                problem.code for problem in story.problems if problem.status is ExceptionState.OPEN
            )
            self._told(story)
            count = COUNTED.get(story.run.workflow)
            for what, found, most in count(self._traces, story) if count else ():
                self._once(story.run, what, found, most)
        self._last_wins()
        self._undone_is_gone()
        self._nothing_else()
        self._work_billed_once()
        return self._verdict

    # ------------------------------------------------------------------------------------------------------- laws

    def _once(self, run: Run, what: str, found: int, wanted: int) -> None:
        if run.status in _UNDONE and found:
            self._verdict.duplicated.append(Wrong(run, f"{found} {what} left over"))
        elif found > wanted:
            self._verdict.duplicated.append(Wrong(run, f"{found} {what}, not {wanted}"))
        elif run.status is RunStatus.SUCCEEDED and found < wanted:
            self._verdict.lost.append(Wrong(run, f"{found} {what}, not {wanted}"))

    def _told(self, story: Story) -> None:
        """What failed lies in somebody's queue."""
        run = story.run
        waits = _subject(f"{run.workflow}:{run.order_key or run.id}:") in self._open or any(
            each.status is ExceptionState.OPEN for each in story.problems
        )
        if run.status is RunStatus.FAILED and not waits and not overtaken(run, [each.run for each in self._stories]):
            settled = "; ".join(f"{each.code} {each.status.value} by {each.resolved_by}" for each in story.problems)
            self._verdict.lost.append(Wrong(run, f"it failed, and no exception is open: {settled or 'there is none'}"))
        if run.status not in (RunStatus.SUCCEEDED, RunStatus.FAILED, *_UNDONE):
            self._verdict.lost.append(Wrong(run, f"it has not ended; parked: {run.parked}"))

    def _last_wins(self) -> None:
        """Of the updates of one value the last that was accepted holds."""
        asked_of: dict[tuple[str, str], list[tuple[Run, Any]]] = defaultdict(list)
        for story in sorted(self._stories, key=lambda each: each.run.sequence):
            for field_name, value in updates(story.run):
                asked_of[story.run.order_key or "", field_name].append((story.run, value))
        for (record_id, field_name), asked in asked_of.items():
            done = [place for place, (run, _) in enumerate(asked) if run.status is RunStatus.SUCCEEDED]
            if not done:
                continue
            last = done[-1]
            possible = [asked[last][1]] + [value for run, value in asked[last + 1 :] if run.status is RunStatus.FAILED]
            found = self._traces.value(record_id, field_name)
            if found not in possible:
                why = f"{field_name} of {decode_id(record_id).external_id} is {found!r}, not {possible[0]!r}"
                self._verdict.lost.append(Wrong(asked[last][0], why))

    def _undone_is_gone(self) -> None:
        there = {
            (platform, str(record[id_name]))
            for (platform, entity), id_name in _MADE.items()
            for record in self._truth[platform, entity]
            if not gone(record)
        }
        for story in self._stories:
            for step in story.steps if story.run.status in _UNDONE else ():
                if step.created and (step.platform, step.external_id) in there:
                    why = f"{step.name} is undone, and {step.platform} still has {step.external_id}"
                    self._verdict.duplicated.append(Wrong(story.run, why))

    def _nothing_else(self) -> None:
        """Whatever is new on a platform was made by a step, and no step's key has made two."""
        steps = [step for story in self._stories for step in story.steps if step.operation is Operation.CREATE]
        made = {(step.platform, step.external_id) for step in steps if step.external_id is not None}
        doubtful = {
            step.key
            for story in self._stories
            for step in story.steps
            if story.run.status is RunStatus.FAILED and step.status is not StepStatus.SUCCEEDED
        }
        bearers = self._bearers()
        for (platform, entity), id_name in _MADE.items():
            for record in self._truth[platform, entity]:
                record_id = str(record[id_name])
                if record_id in self._before[platform, entity] or gone(record) or (platform, record_id) in made:
                    continue
                if bearers.get(record_id, record.get("CW_Key__c") or record.get("externalId")) not in doubtful:
                    why = f"{platform} has a {entity} {record_id} that no run accounts for"
                    self._verdict.duplicated.append(Wrong(None, why))
        self._one_bearer()

    def _bearers(self) -> dict[str, str]:
        """The key that a record in Kantata bears, by its id."""
        return {
            str(each["subject_id"]): each["service_model_ref"]
            for each in self._truth["kantata", "external_references"]
            if each["service_name"] == "crosswalk"
        }

    def _one_bearer(self) -> None:
        there = {
            str(record["id"])
            for entity in ("workspaces", "workspace_groups", "stories", "workspace_resources", "invoices")
            for record in self._truth["kantata", entity]
            if not gone(record)
        }
        bearers: dict[tuple[str, str], set[str]] = defaultdict(set)
        for each in self._truth["kantata", "external_references"]:
            if each["service_name"] == "crosswalk" and str(each["subject_id"]) in there:
                bearers[each["service_model"], each["service_model_ref"]].add(str(each["subject_id"]))
        for (model, key), found in bearers.items():
            if len(found) > 1:
                self._verdict.duplicated.append(
                    Wrong(None, f"{sorted(found)} in Kantata all bear the {model} key {key}")
                )

    def _work_billed_once(self) -> None:
        billed: Counter[str] = Counter()
        for invoice in self._truth["kantata", "invoices"]:
            if not gone(invoice):
                billed.update(str(each) for each in invoice.get("time_entry_ids") or ())
        for entry, times in billed.items():
            if times > 1:
                self._verdict.duplicated.append(Wrong(None, f"the time entry {entry} is on {times} invoices"))


def _subject(cause: str) -> str:
    """What a problem is about: workflow and record."""
    return ":".join(cause.split(":")[:2])


def overtaken(run: Run, runs: Sequence[Run], *, wholly: bool = True) -> bool:
    """Whether what it was to do doesn't matter any more: later runs have set a value of each of its fields (of one of
    them, where not `wholly`), or have done the same.
    """
    later = [
        each
        for each in runs
        if each.order_key == run.order_key
        and each.workflow == run.workflow
        and each.status is RunStatus.SUCCEEDED
        and (each.sequence > run.sequence or each.input == run.input)
    ]
    if any(each.input == run.input for each in later):
        return True
    fields = {name for name, _ in updates(run)}
    newer = {name for each in later for name, _ in updates(each)}
    return bool(fields) and (fields <= newer if wholly else bool(fields & newer))

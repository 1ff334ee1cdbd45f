"""How a run's work can end before its end: it is taken up later, or it waits for a person."""

# ruff: noqa: N818 - they are outcomes, not faults

from dataclasses import dataclass

from sync.ledger.port import NewException
from sync.ledger.records import Step, StepError


@dataclass(eq=False)
class Later(Exception):
    """Nothing is lost: a worker goes on after `delay` seconds.

    `parked` says what is waited for where nobody is to blame, such as a platform's maintenance; then no try is used up.
    `raised`: a person is told meanwhile. `step` is what is known of the step by now.
    """

    error: StepError
    delay: float | None = None
    parked: str | None = None
    step: Step | None = None
    raised: NewException | None = None

    @property
    def in_doubt(self) -> bool:
        """Whether it isn't known what became of a write: then looking goes on, however often it fails."""
        return self.step is not None and self.step.possible_until is not None


@dataclass(eq=False)
class Halt(Exception):
    """The run can't go on by itself. `undo`: its finished steps may be taken back, since nothing is in doubt.

    `touched`: also the step that failed has changed something, such as a part of what was asked.
    """

    error: StepError
    raised: NewException
    undo: bool
    step: Step | None = None
    touched: bool = False

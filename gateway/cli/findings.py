"""What an examination of an installation finds, as lines for a person."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `advice` says what to do where it is not fine."""

    subject: str
    fine: bool
    detail: str
    advice: str = ""

    @classmethod
    def good(cls, subject: str, detail: str) -> Self:
        return cls(subject, fine=True, detail=detail)

    @classmethod
    def bad(cls, subject: str, detail: str, advice: str = "") -> Self:
        return cls(subject, fine=False, detail=detail, advice=advice)


def table(findings: Sequence[Finding]) -> Iterable[str]:
    """A line per finding, and below one that is not fine what to do about it."""
    width = max((len(finding.subject) for finding in findings), default=0)
    for finding in findings:
        yield f"{'ok' if finding.fine else 'FAIL':<4}  {finding.subject:<{width}}  {finding.detail}".rstrip()
        if finding.advice and not finding.fine:
            yield f"      {'':<{width}}  -> {finding.advice}"
    wrong = sum(not finding.fine for finding in findings)
    yield "all fine" if not wrong else f"{wrong} of {len(findings)} need attention"

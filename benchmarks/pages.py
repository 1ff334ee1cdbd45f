"""Writes what a benchmark found to its page, and the page that holds what matters of all of them: RESULTS.md."""

from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).parent
READS, WRITES, STREAMS, CHAOS, EVENTS = "READS.md", "WRITES.md", "STREAMS.md", "CHAOS.md", "EVENTS.md"
RESULTS = FOLDER / "RESULTS.md"

_TOP = """# Results

What matters of every benchmark, copied from the page that its command wrote: machine, date, command, and the goals.
Whatever else was measured, and how, is told there. Each command writes its own page anew, and this one.
"""


def publish(name: str, text: str) -> Path:
    """Writes one of the pages; the path of it."""
    page = FOLDER / name
    page.write_text(text, encoding="utf-8")
    RESULTS.write_text(overview(), encoding="utf-8")
    return page


def overview() -> str:
    """RESULTS.md, from the pages that there are."""
    return "\n".join([_TOP, *(line for name in (READS, WRITES, STREAMS, CHAOS, EVENTS) for line in _essence(name))])


def _essence(name: str) -> Iterator[str]:
    """Title, where the figures come from, and the first section."""
    page = FOLDER / name
    if not page.exists():
        return
    title, *lines = page.read_text(encoding="utf-8").splitlines()
    sections = [number for number, line in enumerate(lines) if line.startswith("## ")] + [len(lines), len(lines)]
    source = next(number for number, line in enumerate(lines) if line.startswith("`"))
    end = next(number for number in range(source, len(lines)) if not lines[number])
    yield f"## [{title.removeprefix('# ')}]({name})\n"
    yield from lines[source : end + 1]
    yield from "\n".join(lines[sections[0] + 1 : sections[1]]).strip().splitlines()
    yield ""

"""Why a command can't go on, in words that say what to do."""

from collections.abc import Sequence


class Refusal(Exception):  # noqa: N818 - an outcome that was foreseen, not an error of the program
    """Ends a command with one line per reason on standard error and the exit code."""

    def __init__(self, *lines: str, exit_code: int = 1) -> None:
        super().__init__("\n".join(lines))
        self.lines: Sequence[str] = lines
        self.exit_code = exit_code

"""Runs a child process that never outlives the command that started it."""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gateway.cli.refusal import Refusal

_STOP_SECONDS = 8.0


class Child:
    """A running process; `stop` ends it, kindly first."""

    def __init__(
        self, name: str, process: asyncio.subprocess.Process, say: Callable[[str], None] | None = None
    ) -> None:
        self.name = name
        self._process = process
        self._last_lines: deque[str] = deque(maxlen=20)
        self._listening = asyncio.create_task(self._listen(say))

    @classmethod
    async def start(cls, name: str, command: Sequence[str], *, say: Callable[[str], None] | None = None) -> "Child":
        """Starts `command`, which must stop by itself when its standard input ends.

        What it writes to standard error goes to `say`, line by line, or nowhere.
        """
        process = await asyncio.create_subprocess_exec(
            *command,
            # It ends with its standard input: when we are killed, the pipe breaks.
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            # Ctrl-C reaches the whole foreground group: the child must go on until we have drained and stop it.
            start_new_session=True,
        )
        return cls(name, process, say)

    def last_words(self) -> list[str]:
        """The last lines that it wrote to standard error."""
        return list(self._last_lines)

    async def _listen(self, say: Callable[[str], None] | None) -> None:
        assert self._process.stderr is not None
        async for raw in self._process.stderr:
            line = raw.decode(errors="replace").rstrip()
            self._last_lines.append(line)
            if say is not None:
                say(line)

    async def ready(self, ready_file: Path, *, seconds: float) -> Mapping[str, Any]:
        """What the child writes into its ready file; Refusal when it ends or takes longer than `seconds`."""
        ended = asyncio.ensure_future(self._process.wait())
        try:
            async with asyncio.timeout(seconds):
                while (document := await asyncio.to_thread(_read, ready_file)) is None:
                    done, _ = await asyncio.wait([ended], timeout=0.05)
                    if done:
                        await self._listening
                        raise Refusal(f"the {self.name} did not start:", *self._last_lines)
        except TimeoutError:
            raise Refusal(f"the {self.name} was not ready within {seconds:g} s:", *self._last_lines) from None
        finally:
            ended.cancel()
        return document

    async def ended(self) -> int:
        """Waits for its end; the exit code."""
        return await self._process.wait()

    async def stop(self) -> None:
        if self._process.returncode is None:
            self._process.terminate()
            try:
                async with asyncio.timeout(_STOP_SECONDS):
                    await self._process.wait()
            except TimeoutError:
                self._process.kill()
                await self._process.wait()
        self._listening.cancel()


def _read(ready_file: Path) -> Mapping[str, Any] | None:
    try:
        document: Mapping[str, Any] = json.loads(ready_file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return document

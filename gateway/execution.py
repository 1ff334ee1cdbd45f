"""Lets the engine work on one operation: no longer than the wall clock, no longer than the caller stays."""

import asyncio
import traceback

from starlette.types import Receive

from gateway.asking import CallerLeft
from gateway.departure import Departure
from gateway.journal import Entry, Journal
from gateway.options import EdgeOptions
from gateway.refusals import formatted, internal, out_of_time, unfit
from resolvers.engine_port import Answer, Engine, Operation, RequestError
from schema.errors import ErrorCode

FRAMES_LOGGED = 8


async def execute(
    operation: Operation,
    *,
    engine: Engine,
    options: EdgeOptions,
    journal: Journal,
    entry: Entry,
    receive: Receive | None = None,
) -> Answer:
    """Raises Refusal where there is no answer, CallerLeft where nobody waits for one. Without `receive` it is for the
    caller to cancel it then.
    """
    entry.executed = True
    departure = Departure(receive, delay=options.watch_seconds)
    clock = asyncio.timeout(options.wall_clock_seconds)
    journal.begin()
    try:
        with departure:
            async with clock:
                return await engine.execute(operation)
    except RequestError as error:
        raise unfit([formatted(each, ErrorCode.BAD_USER_INPUT) for each in error.errors]) from None
    except asyncio.CancelledError:
        if departure.gone:
            raise CallerLeft from None
        raise
    except Exception as error:  # noqa: BLE001 - the edge: what is no answer by now is a bug, and must not show its text
        if clock.expired():
            raise out_of_time(options.wall_clock_seconds) from None
        journal.bug(error, frames(error), entry)
        raise internal() from None
    finally:
        journal.end()


def frames(error: Exception) -> list[str]:
    """Where the error came from, innermost last."""
    stack = traceback.extract_tb(error.__traceback__)[-FRAMES_LOGGED:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in stack]

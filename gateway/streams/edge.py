"""What every way of streaming stands on: engine, keys, limits, journal, and how one operation's answers come."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from http import HTTPStatus

from graphql import OperationType

from gateway.admission import Admission, Admitted
from gateway.execution import execute, frames
from gateway.journal import Entry, Journal
from gateway.keys import KeyRing
from gateway.options import EdgeOptions
from gateway.refusals import Refusal, formatted, internal, out_of_time, unfit
from gateway.streams.places import Places
from resolvers.engine_port import Answer, Engine, Operation, RequestError
from schema.errors import CrosswalkError, ErrorCode, to_extensions


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """One per application."""

    engine: Engine
    options: EdgeOptions
    keys: KeyRing
    journal: Journal
    admission: Admission
    places: Places

    async def answers(self, admitted: Admitted, entry: Entry) -> AsyncGenerator[Sequence[bytes], None]:
        """One GraphQL response as JSON after the other, with those that are there at the same time: a single one, but
        for a subscription. Raises Refusal where there is none, or no more.
        """
        if admitted.kind is not OperationType.SUBSCRIPTION:
            answer = await execute(
                admitted.operation, engine=self.engine, options=self.options, journal=self.journal, entry=entry
            )
            entry.note_answer(answer)
            yield (answer.body,)
            return
        entry.executed = True
        with self.journal.subscribed():
            try:
                async with aclosing(await self._subscribed(admitted.operation)) as told:
                    entry.outcome, entry.status = "ok", HTTPStatus.OK
                    async for answers in told:
                        entry.note_answer(answers[-1])
                        self.journal.told(len(answers))
                        yield [answer.body for answer in answers]
            except Refusal:
                raise
            except RequestError as error:
                raise unfit([formatted(each, ErrorCode.BAD_USER_INPUT) for each in error.errors]) from None
            except CrosswalkError as error:
                raise _over(error, entry) from None
            except Exception as error:  # noqa: BLE001 - the edge: this is a bug, and must not show its text
                self.journal.bug(error, frames(error), entry)
                raise internal() from None

    async def _subscribed(self, operation: Operation) -> AsyncGenerator[Sequence[Answer], None]:
        try:
            async with asyncio.timeout(self.options.wall_clock_seconds) as clock:
                return await self.engine.subscribe(operation)
        except TimeoutError:
            if clock.expired():
                raise out_of_time(self.options.wall_clock_seconds) from None
            raise


def _over(error: CrosswalkError, entry: Entry) -> Refusal:
    """The subscription can't begin, or is at an end."""
    return unfit([{"message": error.detail, "extensions": to_extensions(error, entry.correlation_id)}])

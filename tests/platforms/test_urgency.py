"""Calls are as urgent as whoever makes them, unless they say so themselves."""

from platforms.budget import LocalBudget
from platforms.slots import Priority
from platforms.urgency import urgency


class Telling(LocalBudget):
    """A budget that remembers how urgent each call was."""

    def __init__(self) -> None:
        super().__init__(5)
        self.asked: list[Priority] = []

    def take_now(self, priority: Priority) -> bool:
        self.asked.append(priority)
        return super().take_now(priority)


async def test_a_call_is_as_urgent_as_its_caller(gate_of, transport, request_):
    transport.plays(transport.said(200, b"{}"))
    budget = Telling()
    gate = gate_of(budget=budget)
    await gate.send(request_, safe=True)
    token = urgency.set(Priority.SYNC)
    try:
        await gate.send(request_, safe=True)
        await gate.send(request_, safe=False, priority=Priority.GOVERNED_WRITE)
    finally:
        urgency.reset(token)
    assert budget.asked == [Priority.INTERACTIVE, Priority.SYNC, Priority.GOVERNED_WRITE]

"""Faults of writes: a platform that reports success and drops or changes a field."""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sandbox.store import Record

IGNORE, ROUND, OVERWRITE = "ignore_field", "round_field", "overwrite_field"
WRITE_KINDS = (IGNORE, ROUND, OVERWRITE)


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a fault strikes, in the platform's own names: what it calls the entity, and the field as it is written."""

    entity: str
    field: str


@dataclass(slots=True)
class WriteFault:
    """One field that goes wrong in every write through the vendor's API, until taken back or `times` runs out.

    `entity` and `field` are told as they were given; `value` is what `overwrite_field` sets.
    """

    id: str
    platform: str
    kind: str
    entity: str
    field: str
    spot: Spot
    value: Any = None
    times: int | None = None

    def as_json(self) -> dict[str, Any]:
        told = {"id": self.id, "platform": self.platform, "kind": self.kind, "entity": self.entity, "field": self.field}
        if self.kind == OVERWRITE:
            told["value"] = self.value
        return told if self.times is None else {**told, "times": self.times}


class WriteFaults:
    """Those in force for one platform, in the order in which they were given."""

    def __init__(self) -> None:
        self._faults: dict[str, WriteFault] = {}
        self._asleep = False

    def __iter__(self) -> Iterator[WriteFault]:
        return iter(list(self._faults.values()))

    def add(self, fault: WriteFault) -> None:
        self._faults[fault.id] = fault

    def remove(self, fault_id: str) -> bool:
        return self._faults.pop(fault_id, None) is not None

    def clear(self) -> None:
        self._faults.clear()

    @contextmanager
    def asleep(self) -> Iterator[None]:
        """What is written meanwhile meets none of them: changes by people, and the automation's own."""
        before, self._asleep = self._asleep, True
        try:
            yield
        finally:
            self._asleep = before

    def spoil(
        self,
        entity: str,
        values: Record,
        *,
        whole: Callable[[str, Any], Any] | None = None,
        needed: Collection[str] = (),
    ) -> list[WriteFault]:
        """Takes the ignored fields out of `values`, rounds the others, and returns the faults that struck.

        `needed` are the fields that the record can't be created without: they are never ignored. `whole` rounds a
        field's value where that takes more than rounding a number. Whoever calls tells `count` once the write is done.
        """
        struck = []
        for fault in self._at(entity):
            name = fault.spot.field
            if fault.kind == IGNORE and name in values and name not in needed:
                del values[name]
                struck.append(fault)
            elif fault.kind == ROUND and values.get(name) is not None:
                values[name] = (whole or rounded)(name, values[name])
                struck.append(fault)
        return struck

    def automations(self, entity: str) -> list[WriteFault]:
        """What the platform's own automation sets once a record of the entity was written."""
        return [fault for fault in self._at(entity) if fault.kind == OVERWRITE]

    def count(self, struck: Iterable[WriteFault]) -> None:
        """A write that they hit was done: each is counted once."""
        for fault in {fault.id: fault for fault in struck}.values():
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self.remove(fault.id)

    def _at(self, entity: str) -> list[WriteFault]:
        if self._asleep or not self._faults:
            return []
        return [fault for fault in self if fault.spot.entity == entity]


def rounded(_name: str, value: Any) -> Any:
    """A number as whole units, halves away from zero; anything else as it is."""
    if isinstance(value, Decimal):
        return value.quantize(Decimal(1), ROUND_HALF_UP)
    return value

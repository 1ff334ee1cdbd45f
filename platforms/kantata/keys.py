"""Reads by keys: which parameter takes them, and what can be a key at all."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from platforms.kantata.client import Parameters

MOST_KEYS = 200
"""Keys in one call: documented for references; for ids it keeps the URL short."""

_NUMERIC = re.compile(r"[1-9][0-9]{0,17}")
# With 36 characters a key, 200 of them keep the URL below 8 kB; a GUID has as many, a Salesforce id 18.
_REFERENCE = re.compile(r"[A-Za-z0-9_.-]{1,36}")


@dataclass(frozen=True, slots=True)
class Ids:
    """Kantata's own ids in a parameter that takes a comma list; `single` is the name where it takes but one.

    What can't be an id is left out: nothing has it, and `only` would drop it without a word.
    """

    parameter: str
    single: str | None = None

    def usable(self, keys: Iterable[str]) -> list[str]:
        return [key for key in dict.fromkeys(keys) if _NUMERIC.fullmatch(key)]

    def parameters(self, keys: list[str]) -> Parameters:
        name = self.single if self.single is not None and len(keys) == 1 else self.parameter
        return ((name, ",".join(keys)),)


@dataclass(frozen=True, slots=True)
class References:
    """Ids that another system has, kept in external references under a service name.

    https://developer.kantata.com/tag/External-References: up to 200 `external_reference_service_model_refs`.
    """

    service: str

    def usable(self, keys: Iterable[str]) -> list[str]:
        return [key for key in dict.fromkeys(keys) if _REFERENCE.fullmatch(key)]

    def parameters(self, keys: list[str]) -> Parameters:
        return (
            ("external_reference_service_name", self.service),
            ("external_reference_service_model_refs", ",".join(keys)),
        )


Keys = Ids | References
OWN = Ids("only")

"""One JSON object of the record API as rows: its canonical values, and the object that sets some of them."""

from collections.abc import Iterable, Mapping
from types import GenericAlias
from typing import Any

from platforms.mapping import Mapped
from platforms.readers import Facet, project
from schema.roles import PlatformRole


class Shape:
    """A record, a line of it or an address, with the rows that say what it holds; one of them is `id`."""

    def __init__(self, name: str, rows: Iterable[Mapped]) -> None:
        self.rows: Mapping[str, Mapped] = {row.path: row for row in rows}
        facet = Facet(
            type=name, role=PlatformRole.ERP, entity=name, rows=tuple(self.rows.values()), batch={}, page_size=1
        )
        projection = project(facet, self.rows)
        self.struct: Any = projection.row.struct
        self._getters = {path: projection.getter(path) for path in self.rows}

    @property
    def several(self) -> Any:
        """The type of a list of such objects, for a field."""
        return GenericAlias(list, (self.struct,))

    def read(self, decoded: Any) -> dict[str, Any]:
        """Every row's canonical value of a decoded object."""
        return {path: get(decoded) for path, get in self._getters.items()}

    def body(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The object that sets these values. None clears: the field, or the whole reference of which it is the id."""
        made: dict[str, Any] = {}
        for path, value in values.items():
            row = self.rows[path]
            assert row.write is not None, path
            for field, raw in zip(row.fields, row.write(value), strict=True):
                _place(made, field.name, raw)
        return made


def _place(made: dict[str, Any], name: str, raw: Any) -> None:
    *parents, last = name.split(".")
    if raw is None and last == "id" and parents:
        *parents, last = parents
    for parent in parents:
        made = made.setdefault(parent, {})
    made[last] = raw

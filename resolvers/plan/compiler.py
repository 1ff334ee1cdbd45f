"""A plan with its generated builders: made when a platform's rows first come, kept with the plan."""

from platforms.bindings import Bindings
from resolvers.plan.builders import Build, fragment_builder, record_builder
from resolvers.plan.nodes import Plan, Record
from resolvers.plan.shapes import Shape, shape_of
from resolvers.plan.sources import SourceShape, source_shape
from schema.roles import PlatformRole


class Compiled:
    """What running a plan needs beside the plan itself. Shared by all operations of the same document and viewer."""

    def __init__(self, plan: Plan, bindings: Bindings) -> None:
        self.plan = plan
        self._bindings = bindings
        self._records: dict[tuple[int, str], Build] = {}
        self._fragments: dict[tuple[int, str, PlatformRole], Build] = {}
        self.answer: Shape = shape_of(key for key, _ in plan.order)

    def record(self, record: Record, platform: str) -> Build:
        identity = (id(record), platform)
        build = self._records.get(identity)
        if build is None:
            facet = self._bindings.facet(platform, record.type.name, record.anchor)
            sources = self._sources(record, platform, record.anchor)
            build = self._records[identity] = record_builder(record, platform, facet, record.load.paths, sources)
        return build

    def fragment(self, record: Record, role: PlatformRole, platform: str) -> Build:
        identity = (id(record), platform, role)
        build = self._fragments.get(identity)
        if build is None:
            facet = self._bindings.facet(platform, record.type.name, role)
            sources = self._sources(record, platform, role)
            paths = record.facets[role].paths | {"anchor"}
            build = self._fragments[identity] = fragment_builder(record, role, facet, paths, sources)
        return build

    def _sources(self, record: Record, platform: str, role: PlatformRole) -> dict[str, SourceShape]:
        """What the platform tells under each key at which the record's sources are asked."""
        return {
            slot.key: source_shape(self._bindings, record.type.name, slot, platform, role) for slot in record.sources
        }

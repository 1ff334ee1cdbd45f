"""Whose event it is: the canonical record that a platform's record belongs to."""

from collections.abc import Mapping

from platforms.bindings import Bindings
from schema.ids import RecordKey, encode_id
from schema.roles import PlatformRole
from sync.firm import client_of
from sync.ledger.port import Ledger
from sync.ledger.records import Json
from sync.noticing.tracked import ANCHOR, Tracked

# A record that names no account of its own has that of the record that it belongs to.
_THROUGH = ("invoice", "project", "contract")
ACCOUNT = "account"


class Subjects:
    """Finds canonical ids as the graph does: by the record's link, then by the crosswalk table."""

    def __init__(self, ledger: Ledger, bindings: Bindings) -> None:
        self._ledger = ledger
        self._bindings = bindings

    async def of(self, tracked: Tracked, external_id: str, values: Mapping[str, Json]) -> str:
        """The global id of the canonical record; for a facet that nothing links, one of its own platform and id."""
        type_name = tracked.type
        anchor = self._bindings.anchor(type_name)
        if anchor is None or anchor is tracked.role:
            return encode_id(RecordKey(type_name, tracked.platform, external_id))
        link = values.get(ANCHOR)
        peer = self._bindings.peer(tracked.platform, anchor)
        if isinstance(link, str) and link and peer is not None:
            return encode_id(RecordKey(type_name, peer, client_of(link) if _may_be_further(tracked) else link))
        for found in await self._ledger.linked(tracked.platform, tracked.facet.entity, external_id):
            return found.record_id
        return encode_id(RecordKey(type_name, tracked.platform, external_id))

    async def told(self, tracked: Tracked, values: Mapping[str, Json]) -> dict[str, Json]:
        """What an event says of the record beside its changes, with the account that it belongs to."""
        found = {path: values[path] for path in tracked.told if values.get(path) is not None}
        account = found.get(ACCOUNT) or await self._account_through(tracked, found)
        if isinstance(account, str):
            found[ACCOUNT] = client_of(account) if tracked.role is PlatformRole.ERP else account
        return found

    async def _account_through(self, tracked: Tracked, values: Mapping[str, Json]) -> Json:
        """Of what was last seen, on the same platform: a payment's invoice, a milestone's project."""
        for path in _THROUGH:
            target, key = tracked.keys.get(path), values.get(path)
            if target is None or not isinstance(key, str) or self._bindings.anchor(target) is not tracked.role:
                continue
            found = await self._ledger.snapshots.get(tracked.platform, target, tracked.role.value, [key])
            if key in found:
                return found[key].values.get(ACCOUNT)
        return None


def _may_be_further(tracked: Tracked) -> bool:
    return (tracked.type, tracked.role) == ("Account", PlatformRole.ERP)

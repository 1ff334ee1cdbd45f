"""Global ids: opaque text that names a record's type and its anchor on a platform, and stays the same for ever."""

from binascii import Error, a2b_base64, b2a_base64
from collections.abc import Callable
from dataclasses import dataclass

from schema.errors import BadUserInput

LEDGER = "crosswalk"
"""Stands for the platform in the ids of what the ledger itself holds."""
LEDGER_TYPES = ("SyncRun", "BusinessException", "AuditEntry")
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_STANDARD = bytes.maketrans(b"-_", b"+/")


@dataclass(frozen=True, slots=True)
class RecordKey:
    """A canonical record: its type, and the platform and id of the record that anchors it."""

    type: str
    platform: str
    external_id: str


def id_encoder(type_name: str, platform: str) -> Callable[[str], str]:
    """A function from an external id to the global id of that record.

    The constant part is padded to whole base64 groups, so that only the external id is encoded per record.
    """
    head = f"{type_name}:{platform}:".encode()
    head = b" " * (-len(head) % 3) + head
    prefix = b2a_base64(head, newline=False).translate(_URL_SAFE).decode()

    def encode(external_id: str) -> str:
        return prefix + b2a_base64(external_id.encode()).translate(_URL_SAFE, b"=\n").decode()

    return encode


def encode_id(key: RecordKey) -> str:
    return id_encoder(key.type, key.platform)(key.external_id)


def ledger_id(type_name: str, key: str) -> str:
    """The global id of a run, a business exception or an audit entry."""
    return encode_id(RecordKey(type_name, LEDGER, key))


def names_ledger(text: str) -> bool:
    """Whether an id can be one of the ledger's: told by its beginning, since ids come by the thousand."""
    return text.startswith(_LEDGER_PREFIXES)


def key_of(type_name: str, text: str) -> RecordKey:
    """The key that a global id holds; raises BadUserInput for one of another type, or none."""
    key = decode_id(text)
    if key.type != type_name:
        raise BadUserInput(f"This id belongs to a record of type {key.type}, not {type_name}.")
    return key


def decode_id(text: str) -> RecordKey:
    """Raises BadUserInput for text that no record of ours has as its id."""
    try:
        raw = a2b_base64(text.encode("ascii").translate(_STANDARD) + b"=" * (-len(text) % 4), strict_mode=True)
        type_name, platform, external_id = raw.decode().lstrip(" ").split(":", 2)
    except (Error, ValueError):
        raise BadUserInput("This is not an id of the graph: use an `id` that a query returned.") from None
    key = RecordKey(type_name, platform, external_id)
    if not external_id or encode_id(key) != text:
        raise BadUserInput("This is not an id of the graph: use an `id` that a query returned.")
    return key


_LEDGER_PREFIXES = tuple(id_encoder(name, LEDGER)("") for name in LEDGER_TYPES)

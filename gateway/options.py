"""What the edge allows a caller to ask for, and how long it waits."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentLimits:
    """What one GraphQL document may hold; everything is counted with its fragments written out."""

    tokens: int = 1_000
    depth: int = 12
    aliases: int = 15
    root_fields: int = 20
    directives: int = 50
    fields: int = 2_000
    records: int = 1_000_000
    """Most records that the page sizes of an operation allow for, all nested pages multiplied."""
    page: int = 500
    """The largest page that the graph answers; more than that is refused by the field itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeOptions:
    """Times are in seconds, sizes in bytes."""

    limits: DocumentLimits = field(default_factory=DocumentLimits)
    body_bytes: int = 256_000
    json_depth: int = 64
    header_bytes: int = 64_000
    query_string_bytes: int = 32_000
    header_seconds: float = 10.0
    """For the head of a request to arrive, from its first byte or from the connection's opening."""
    body_seconds: float = 10.0
    """For the body to arrive, from the end of the head."""
    write_seconds: float = 30.0
    """For a caller that has stopped reading its answer to go on."""
    discard_bytes: int = 16_000_000
    """How much of a refused body is read and dropped, so that the caller gets to see why; past it the line is cut."""
    keep_alive_seconds: int = 75
    wall_clock_seconds: float = 10.0
    drain_seconds: int = 10
    """For operations in flight to finish once the process is told to stop."""
    watch_seconds: float = 0.05
    """An operation that takes longer than this is watched for a caller that leaves."""
    cached_documents: int = 1_000
    cached_document_characters: int = 250_000
    """Of source text in all; the parsed form takes some hundred times as much memory."""
    validation_errors: int = 20
    operation_labels: int = 200
    """Most operation names that metrics tell apart; the rest share the label `other`."""
    introspection: bool = True
    """Whether any key may read the schema through GraphQL."""
    introspection_roles: frozenset[str] = frozenset()
    """Roles that may read the schema although `introspection` is off."""
    open_metrics: bool = False
    """Answers `/metrics` without a key: for a network that only the monitoring can reach."""
    explorer: bool = True
    allowed_origins: frozenset[str] = frozenset()
    """Pages of other hosts that may open a WebSocket, as browsers name them: `https://portal.example`."""
    streams: int = 10_000
    """Sockets and event streams that may be open at once."""
    streams_per_key: int = 5_000
    operations_per_stream: int = 100
    """Operations that may go on at once over one socket, or over one event stream that they share."""
    init_seconds: float = 3.0
    """For a socket to say who it is."""
    heartbeat_seconds: float = 15.0
    """Between two signs of life on a socket or an event stream; a socket that answers none for as long is closed."""
    reservation_seconds: float = 30.0
    """For a reserved event stream to be opened."""

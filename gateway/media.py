"""Which media type a GraphQL answer takes, and whether a body's is one we read."""

from functools import lru_cache

JSON = b"application/json"
GRAPHQL_RESPONSE = b"application/graphql-response+json"
EVENTS = b"text/event-stream"
TEXT = b"text/plain"
ACCEPTED = f"{GRAPHQL_RESPONSE.decode()} or {JSON.decode()}"
UTF8 = frozenset({b"utf-8", b"utf8"})


def content_type(media: bytes) -> bytes:
    return media + b"; charset=utf-8"


@lru_cache(maxsize=512)
def answer_type(accept: bytes | None) -> bytes | None:
    """The media type that the caller likes best; None where it accepts neither of ours.

    Without a preference it is `application/json`, as GraphQL over HTTP says for callers that send no Accept.
    """
    if accept is None or not accept.strip():
        return JSON
    best: tuple[float, int] = (0.0, 0)
    chosen: bytes | None = None
    for part in accept.lower().split(b","):
        media, *parameters = (piece.strip() for piece in part.split(b";"))
        offered = _offered(media)
        if offered is None or not _charset_fits(parameters):
            continue
        # An explicit type wins over a wildcard of the same weight, the first named over the later.
        rank = (_quality(parameters), 0 if b"*" in media else 1)
        if rank[0] > 0 and rank > best:
            best, chosen = rank, offered
    return chosen


def _offered(media: bytes) -> bytes | None:
    if media in (JSON, GRAPHQL_RESPONSE):
        return media
    return JSON if media in (b"*/*", b"application/*") else None


def _quality(parameters: list[bytes]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition(b"=")
        if name.strip() == b"q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0


def _charset_fits(parameters: list[bytes]) -> bool:
    for parameter in parameters:
        name, _, value = parameter.partition(b"=")
        if name.strip() == b"charset":
            return value.strip(b' "') in UTF8
    return True


@lru_cache(maxsize=128)
def is_json(header: bytes) -> bool:
    """Whether a Content-Type is JSON in UTF-8. Forms and plain text, which a foreign page may send, are not."""
    media, *parameters = (piece.strip() for piece in header.lower().split(b";"))
    return media == JSON and _charset_fits(parameters)


@lru_cache(maxsize=128)
def takes_only_events(accept: bytes) -> bool:
    """Whether the caller wants an event stream and no JSON. Who takes both, as some clients do for plain queries, gets
    JSON.
    """
    if answer_type(accept) is not None:
        return False
    parts = [[piece.strip() for piece in part.split(b";")] for part in accept.lower().split(b",")]
    return any(part[0] == EVENTS and _quality(part[1:]) > 0 and _charset_fits(part[1:]) for part in parts)

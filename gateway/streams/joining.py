"""What is there at the same time is written in one go, but not more of it than a caller can be waited for."""

from collections.abc import Iterable, Iterator

AT_ONCE = 64_000
"""Bytes after which a caller is waited for."""


def joined(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces, as few as may be."""
    taken: list[bytes] = []
    size = 0
    for piece in pieces:
        taken.append(piece)
        size += len(piece)
        if size > AT_ONCE:
            yield b"".join(taken)
            taken.clear()
            size = 0
    if taken:
        yield b"".join(taken)

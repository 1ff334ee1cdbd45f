"""The explorer: GraphiQL from this machine alone, showing nothing until the caller enters a key."""

from collections.abc import Awaitable, Callable
from hashlib import sha256
from importlib.resources import files
from pathlib import PurePosixPath

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

POLICY = (
    "default-src 'none'; "
    "script-src 'self'; "
    # GraphiQL's dialogs put a style element into the page to lock its scrolling; scripts can't come in this way.
    "style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; "
    "font-src 'self' data:; "
    "connect-src 'self'; "
    "base-uri 'none'; "
    "form-action 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
}
MEDIA_TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml"}
FOR_A_YEAR = "public, max-age=31536000, immutable"
ALWAYS_ASK = "no-cache"


def explorer_routes() -> list[Route]:
    """The page at `/` and `/graphiql`, and the files that it loads."""
    folder = files(__name__) / "assets"
    routes = [
        _route(
            f"/graphiql/{name}",
            (folder / name).read_bytes(),
            PurePosixPath(name).suffix,
            cached=_names_its_version(name),
        )
        for name in sorted(entry.name for entry in folder.iterdir())
        if PurePosixPath(name).suffix in (".js", ".css", ".svg")
    ]
    page = (folder / "page.html").read_bytes()
    return [
        _route("/", page, ".html"),
        _route("/graphiql", page, ".html"),
        Route("/graphiql/samples.json", _serve(_samples(), "application/json", cached=False), methods=["GET"]),
        *routes,
    ]


def _samples() -> bytes:
    """The gallery: the files of `samples/`, in the order of their names."""
    texts = (
        entry.read_text() for entry in sorted((files(__name__) / "samples").iterdir(), key=lambda entry: entry.name)
    )
    return msgspec.json.encode([{"title": _title(text), "query": text} for text in texts])


def _title(text: str) -> str:
    """The comment on a sample's first line."""
    return text.partition("\n")[0].removeprefix("# ").rstrip(".")


def _names_its_version(name: str) -> bool:
    return any(character.isdigit() for character in name)


def _route(path: str, body: bytes, suffix: str, *, cached: bool = False) -> Route:
    return Route(path, _serve(body, MEDIA_TYPES[suffix], cached=cached), methods=["GET"])


def _serve(body: bytes, media_type: str, *, cached: bool) -> Callable[[Request], Awaitable[Response]]:
    tag = f'"{sha256(body).hexdigest()[:32]}"'
    headers = HEADERS | {"etag": tag, "cache-control": FOR_A_YEAR if cached else ALWAYS_ASK}

    async def serve(request: Request) -> Response:
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(body, media_type=media_type, headers=headers)

    return serve

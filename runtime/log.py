"""Structured logs: one JSON object a line, with the correlation id and without secrets."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Literal, TextIO

import structlog
from pydantic import SecretStr

from runtime.correlation import correlation_id

HIDDEN = "***"
# A key whose name has one of these words holds something that opens a door.
_SECRET_WORDS = ("secret", "password", "passwd", "token", "authorization", "api_key", "apikey", "private_key", "cookie")
_NAMED_ALIKE = frozenset({"tokens", "token_count"})  # a document's tokens are no secret


def configure_logging(
    *, level: str = "info", style: Literal["json", "console"] = "json", stream: TextIO | None = None
) -> None:
    """Sends all logs of the process, the standard library's included, to `stream` (standard error by default).

    Called once by the process's entry point; a second call replaces the first.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_correlation_id,
        hide_secrets,
    ]
    if style == "json":
        last: list[structlog.typing.Processor] = [
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(default=str),
        ]
    else:
        last = [structlog.dev.ConsoleRenderer(colors=False)]
    outlet = logging.StreamHandler(stream or sys.stderr)
    outlet.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [outlet]
    root.setLevel(level.upper())
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def add_correlation_id(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    current = correlation_id.get()
    if current:
        entry.setdefault("correlation_id", current)
    return entry


def hide_secrets(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blanks what is secret by its type or by its key's name, at any depth."""
    for key, value in entry.items():
        entry[key] = HIDDEN if _names_a_secret(key) and value is not None else _hidden(value)
    return entry


def _hidden(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return HIDDEN
    if isinstance(value, dict):
        return {
            key: HIDDEN if _names_a_secret(str(key)) and part is not None else _hidden(part)
            for key, part in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_hidden(part) for part in value]
    return value


def _names_a_secret(key: str) -> bool:
    name = key.lower().replace("-", "_")
    return name not in _NAMED_ALIKE and any(word in name for word in _SECRET_WORDS)

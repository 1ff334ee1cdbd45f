"""Request parameters as Rails reads them: query strings, forms with `a[b][]=` names, and JSON bodies.

https://developer.kantata.com/section/schema : "either JSON or Rails structured x-www-form-urlencoded format".
"""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from sandbox.kantata.errors import BadRequestError

_JSON = msgspec.json.Decoder(float_hook=Decimal)
_BRACKETS = re.compile(r"\[([^\]]*)\]")
MAX_DEPTH = 32


def read_body(body: bytes, content_type: str) -> dict[str, Any]:
    """The body's parameters. Numbers keep their digits: decimals are Decimal, in a form everything is text."""
    if not body.strip():
        return {}
    if "json" not in content_type:
        return nested(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    try:
        document = _JSON.decode(body)
    except (msgspec.DecodeError, RecursionError) as problem:
        raise BadRequestError("There was a problem in the JSON you submitted") from problem
    if not isinstance(document, dict):
        raise BadRequestError("There was a problem in the JSON you submitted: expected an object")
    return document


def nested(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """`a[b][]=1&a[b][]=2` is `{"a": {"b": ["1", "2"]}}`; a repeated key within `[]` starts the next element."""
    root: dict[str, Any] = {}
    for name, value in pairs:
        head, _, rest = name.partition("[")
        path = [head, *_BRACKETS.findall(f"[{rest}" if rest else "")]
        if len(path) > MAX_DEPTH:
            raise BadRequestError("The parameters are nested too deeply")
        _put(root, path, value)
    return root


def _put(holder: dict[str, Any], path: list[str], value: str) -> None:
    key, rest = path[0], path[1:]
    if not rest:
        holder[key] = value
        return
    if rest[0] != "":
        _put(_inner(holder, key, dict), rest, value)
        return
    elements = _inner(holder, key, list)
    if len(rest) == 1:
        elements.append(value)
        return
    last = elements[-1] if elements and isinstance(elements[-1], dict) else None
    if last is None or (len(rest) == 2 and rest[1] in last):
        last = {}
        elements.append(last)
    _put(last, rest[1:], value)


def _inner(holder: dict[str, Any], key: str, shape: type) -> Any:
    inner = holder.setdefault(key, shape())
    if not isinstance(inner, shape):
        raise BadRequestError(f"Invalid parameter: expected {key} to be one shape")
    return inner


def filter_value(value: Any) -> Any:
    """A filter's argument: blank is not given, `true/TRUE/false/FALSE` are booleans, the rest is text.

    brainstem lib/brainstem/presenter.rb `format_filter_value`.
    """
    if value is None or isinstance(value, bool | list | dict):
        return value
    text = str(value)
    if not text.strip():
        return None
    return {"true": True, "TRUE": True, "false": False, "FALSE": False}.get(text, text)


def listed(value: Any) -> list[str]:
    """The members of a comma list (or of a JSON array), blanks dropped."""
    parts = value if isinstance(value, list) else str(value).split(",")
    return [text for part in parts if (text := str(part).strip())]


def leading_integer(value: Any) -> int:
    """What Ruby's `to_i` makes of a parameter: the digits it starts with, else 0."""
    matched = re.match(r"\s*[+-]?\d{1,18}", str(value))
    return int(matched[0]) if matched else 0


def given(params: Mapping[str, Any], name: str) -> str | None:
    """A parameter's text, or None where it is absent or blank."""
    value = params.get(name)
    return None if value is None or not str(value).strip() else str(value)

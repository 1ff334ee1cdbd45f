"""Writes the page that documents every setting, from the settings' own declarations."""

import typing
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from runtime.settings.model import Settings
from runtime.settings.problems import section_at

_TOP = """# Settings

`crosswalk serve --config crosswalk.yaml` reads one YAML file; start from
[`crosswalk.example.yaml`](../crosswalk.example.yaml). Unknown keys are refused. `crosswalk doctor` checks a file, its
secrets and the platforms that it names.

An environment variable overrides the file: `CROSSWALK_` and the path with two underscores between its parts, such as
`CROSSWALK_SERVER__PORT=9000` or `CROSSWALK_PLATFORMS__SALESFORCE__CREDENTIALS__CLIENT_SECRET`. Lists are written as
JSON. A dash in a platform's name becomes an underscore.

Secrets never stand in the file: `{env: NAME}` names an environment variable, `{file: PATH}` a file (relative to the
settings file) whose only content is the secret.

This page is printed by `crosswalk settings docs` from the declarations in `runtime/settings/model.py`.
"""


def settings_page() -> str:
    """The page in Markdown: a table per section, in the order of the declarations."""
    parts = [_TOP, "## Top level\n", _table(Settings, "")]
    for name, field in Settings.model_fields.items():
        path, section = _section_below(name, field)
        if section is not None:
            parts += [f"## `{path}`\n", _table(section, f"{path}.")]
    return "\n".join(parts)


def _section_below(name: str, field: FieldInfo) -> tuple[str, type[BaseModel] | None]:
    origin = typing.get_origin(field.annotation)
    if origin is dict:
        return f"{name}.NAME", section_at(Settings, [name, "NAME"])
    if origin is tuple:
        return f"{name}[]", section_at(Settings, [name, 0])
    return name, section_at(Settings, [name])


def _table(section: type[BaseModel], start: str) -> str:
    rows = ["| setting | type | default | meaning |", "|---|---|---|---|"]
    rows += [
        f"| `{start}{name}` | {_type(field)} | {_default(field)} | {field.description} |"
        for name, field in section.model_fields.items()
    ]
    return "\n".join(rows) + "\n"


def _type(field: FieldInfo) -> str:
    return _type_name(field.annotation).replace("|", "\\|")


def _type_name(annotation: Any) -> str:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _type_name(arguments[0])
    if origin is typing.Literal:
        return " or ".join(f"`{value}`" for value in arguments)
    if origin is tuple:
        return f"list of {_type_name(arguments[0])}"
    if origin is dict:
        return (
            f"{_type_name(arguments[1])} by {'role' if typing.get_origin(arguments[0]) is typing.Literal else 'name'}"
        )
    if arguments:
        return _type_name(next(part for part in arguments if part is not type(None)))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "section"
    names = {str: "text", int: "number", float: "number", bool: "yes/no", SecretStr: "secret", Any: "any value"}
    return names.get(annotation, "URL")


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is PydanticUndefined or value is None or isinstance(value, BaseModel) or value in ((), {}, ""):
        return ""
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"

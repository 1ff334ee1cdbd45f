"""Says what is wrong with settings: one line per problem, with the setting's path and what to do, and never a value."""

import difflib
import types
import typing
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError


class SettingsError(Exception):
    """The settings can't be used. `problems` has one line each; none holds a value of a setting."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


def nearest(name: str, known: Iterable[str]) -> str:
    """`; did you mean x?` with the nearest known name, else the known names."""
    names = sorted(known)
    folded = {candidate.casefold(): candidate for candidate in names}
    close = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {folded[close[0]]}?"
    return f"; known: {', '.join(names)}" if names else ""


def explain(error: ValidationError, model: type[BaseModel]) -> list[str]:
    """One line per problem that pydantic found, each with its path from the top of `model`."""
    lines: list[str] = []
    for found in error.errors(include_url=False, include_input=False, include_context=False):
        steps = [step for step in found["loc"] if step != "[key]"]
        path = ".".join(str(step) for step in steps)
        message = found["msg"].removeprefix("Value error, ")
        match found["type"]:
            case "extra_forbidden":
                known = _names_at(model, steps[:-1])
                lines.append(f"{path}: there is no such setting{nearest(str(steps[-1]), known)}")
            case "missing":
                lines.append(f"{path}: missing. {_meaning(model, steps)}".rstrip())
            case "value_error" if not path:
                lines.extend(message.splitlines())
            case _:
                lines.append(f"{path}: {message[:1].lower()}{message[1:]}")
    return lines


def section_at(model: type[BaseModel], steps: Sequence[str | int]) -> type[BaseModel] | None:
    """The section that `steps` lead to, through mappings and lists; None where they lead to a plain value."""
    here: Any = model
    for step in steps:
        here = _step_into(here, step)
    here = _without_none(here)
    return here if isinstance(here, type) and issubclass(here, BaseModel) else None


def _step_into(annotation: Any, step: str | int) -> Any:
    annotation = _without_none(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        field = annotation.model_fields.get(str(step))
        return field.annotation if field else None
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is dict:
        return arguments[1]
    if origin in (tuple, list):
        return arguments[0]
    return None


def _without_none(annotation: Any) -> Any:
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return next(part for part in typing.get_args(annotation) if part is not type(None))
    return annotation


def _names_at(model: type[BaseModel], steps: Sequence[str | int]) -> Iterable[str]:
    section = section_at(model, steps)
    return section.model_fields if section else ()


def _meaning(model: type[BaseModel], steps: Sequence[str | int]) -> str:
    section = section_at(model, steps[:-1])
    field = section.model_fields.get(str(steps[-1])) if section else None
    return (field.description or "") if field else ""

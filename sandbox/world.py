"""The firm and the platforms that hold it, built by vendors' names."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from difflib import get_close_matches
from importlib import import_module
from inspect import signature
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, get_args, get_type_hints

from starlette.types import ASGIApp

from sandbox.calls import Calls, Counted
from sandbox.faults import Faults, Faulty
from sandbox.firm.generate import generate
from sandbox.firm.model import Firm
from sandbox.lasting import lasting
from sandbox.platform import Clock, EmulatedPlatform, PlatformUnavailable, RunningPlatform
from sandbox.webhooks.sending import Webhooks

Progress = Callable[[str], None]
Build = Callable[..., EmulatedPlatform]
Start = Callable[..., RunningPlatform]
_YES_OR_NO = {"1": True, "yes": True, "true": True, "on": True, "0": False, "no": False, "false": False, "off": False}
_GIVEN_HERE = {"name", "clock", "wall", "progress", "cache"}  # no options: callables and places
_USUAL_ORDER = ("salesforce", "kantata", "netsuite")  # ports are given in this order; later vendors follow by name


class SandboxError(Exception):
    """The sandbox can't be built or started as asked; the message says what to change."""


@dataclass(frozen=True, slots=True)
class PlatformSpec:
    """A platform to run: a vendor's package below `sandbox/`, under a name of its own, with the vendor's options."""

    name: str
    vendor: str
    options: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> "PlatformSpec":
        """Reads `[NAME=]VENDOR[:option=value,...]`; without a name it runs under the vendor's."""
        who, _, rest = text.partition(":")
        name, _, vendor = who.partition("=")
        options = {}
        for pair in filter(None, rest.split(",")):
            option, equals, value = pair.partition("=")
            if not equals:
                raise SandboxError(f"--platform {text}: expected option=value, not {pair!r}")
            options[option] = value
        return cls(name, vendor or name, options)


def vendors() -> list[str]:
    """The vendors that this sandbox emulates: the packages beside this file that offer `build`."""
    found = [name for name in _packages() if _builder(name) is not None]
    return sorted(found, key=lambda name: (_USUAL_ORDER.index(name) if name in _USUAL_ORDER else 99, name))


def real_vendors() -> list[str]:
    """The vendors whose real platform it can run: the packages that offer `start`."""
    return [name for name in _packages() if _starter(name) is not None]


def _packages() -> list[str]:
    return sorted(module.name for module in iter_modules([str(Path(__file__).parent)]) if module.ispkg)


def _builder(vendor: str) -> Build | None:
    """How the vendor's platform is built; None for a name that is no emulated vendor's."""
    found: Build | None = _offered(vendor, "build")
    return found


def _starter(vendor: str) -> Start | None:
    """How a real platform of the vendor is started; None for a name that is no such vendor's."""
    found: Start | None = _offered(vendor, "start")
    return found


def _offered(vendor: str, name: str) -> Any:
    module = f"sandbox.{vendor}"
    try:
        return getattr(import_module(module), name, None)
    except ModuleNotFoundError as missing:
        if missing.name != module:
            raise
        return None


class World:
    """Everything that one sandbox runs. `real` platforms run by themselves: their calls and faults aren't ours."""

    def __init__(
        self,
        firm: Firm,
        platforms: Sequence[EmulatedPlatform],
        clock: Clock,
        real: Sequence[RunningPlatform] = (),
        *,
        alone: bool = False,
    ) -> None:
        self.firm = firm
        self.clock = clock
        self._alone = alone
        self.platforms = {platform.name: platform for platform in platforms}
        self.real = {platform.name: platform for platform in real}
        self.calls = Calls(self.platforms)
        self.webhooks = Webhooks(self.platforms, machine_clock)
        self.faults = Faults({platform.name: platform.write_faults for platform in platforms})

    def door(self, name: str) -> ASGIApp:
        """The platform's application as callers meet it: counted, and as faulty as it was told to be."""
        platform = self.platforms[name]
        faulty = Faulty(platform.app, platform=name, faults=self.faults, rate_limited=platform.rate_limited)
        return Counted(faulty, platform=name, routes=getattr(platform.app, "routes", ()), calls=self.calls)

    def reset(self) -> None:
        """Back to the firm as generated: records, sessions, quotas; no fault, no call counted."""
        self.faults.clear()
        with lasting() if self._alone else nullcontext():
            for platform in self.platforms.values():
                platform.reset()
        for running in self.real.values():
            running.reset()
        self.calls.forget()

    def stop(self) -> None:
        """Ends what runs by itself."""
        for platform in self.real.values():
            platform.stop()


def build_world(
    *,
    platforms: Iterable[PlatformSpec | str] | None = None,
    accounts: int = 200,
    seed: int = 7,
    as_of: date | None = None,
    clock: Clock | None = None,
    progress: Progress | None = None,
    alone: bool = False,
) -> World:
    """The world with `platforms` (default: every emulated vendor, once). Raises SandboxError for what can't be built.

    `clock` is the machine's unless given, `as_of` the clock's day. Real platforms are installed, filled and started,
    which takes minutes the first time; whoever serves the world stops them. `alone`: the process runs nothing else,
    see `lasting`.
    """
    say = progress or (lambda _: None)
    clock = clock or machine_clock
    specs = [PlatformSpec.parse(spec) if isinstance(spec, str) else spec for spec in platforms or vendors()]
    _check(specs)
    with lasting() if alone else nullcontext():
        firm = _firm(accounts, seed, as_of or clock().date(), say)
        built = [_build(spec, firm, clock, say) for spec in specs if _builder(spec.vendor) is not None]
    return World(firm, built, clock, _started(specs, firm, say), alone=alone)


def machine_clock() -> datetime:
    return datetime.now(UTC)


def _firm(accounts: int, seed: int, as_of: date, say: Progress) -> Firm:
    say(f"inventing a firm with {accounts:,} account{'' if accounts == 1 else 's'} (seed {seed}, as of {as_of})")
    try:
        return generate(seed=seed, accounts=accounts, as_of=as_of)
    except ValueError as refused:
        raise SandboxError(str(refused)) from refused


def _check(specs: Sequence[PlatformSpec]) -> None:
    seen: set[str] = set()
    for spec in specs:
        if not spec.vendor.isidentifier() or (_builder(spec.vendor) is None and _starter(spec.vendor) is None):
            emulated, real = vendors(), real_vendors()
            near = get_close_matches(spec.vendor, emulated + real, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            known = ", ".join([*emulated, *(f"{name} (the real one)" for name in real)])
            raise SandboxError(f"no vendor {spec.vendor!r}: this sandbox has {known}{hint}")
        if spec.name in seen:
            raise SandboxError(f"two platforms are called {spec.name!r}; give one another name: NAME={spec.vendor}")
        _options(spec)
        seen.add(spec.name)


def _started(specs: Iterable[PlatformSpec], firm: Firm, say: Progress) -> list[RunningPlatform]:
    """The real platforms among them, after all that can be refused sooner; none is left running if one fails."""
    running: list[RunningPlatform] = []
    try:
        for spec in specs:
            start = _starter(spec.vendor)
            if start is not None:
                running.append(start(firm, name=spec.name, progress=say, **_options(spec)))
    except BaseException as failed:
        for platform in running:
            platform.stop()
        if isinstance(failed, (ValueError, PlatformUnavailable)):
            raise SandboxError(f"platform {spec.name}: {failed}") from failed
        raise
    return running


def offered_options(vendor: str) -> dict[str, Any]:
    """The options that the vendor's platforms take, with their types."""
    make = _builder(vendor) or _starter(vendor)
    assert make is not None  # as `_check` has seen
    hints = get_type_hints(make)
    keywords = (each.name for each in signature(make).parameters.values() if each.kind is each.KEYWORD_ONLY)
    return {name: hints[name] for name in keywords if name not in _GIVEN_HERE}


def _options(spec: PlatformSpec) -> dict[str, object]:
    """The spec's options as the vendor declares them; refuses what it doesn't offer."""
    offered = offered_options(spec.vendor)
    for name in spec.options:
        if name not in offered:
            told = ", ".join(offered) or "none"
            raise SandboxError(f"{spec.vendor} has no option {name!r}; it offers: {told}")
    return {name: _read_option(name, text, offered[name]) for name, text in spec.options.items()}


def _build(spec: PlatformSpec, firm: Firm, clock: Clock, say: Progress) -> EmulatedPlatform:
    build = _builder(spec.vendor)
    assert build is not None  # as `build_world` has seen
    options = _options(spec)
    say(f"filling {spec.name}" + ("" if spec.name == spec.vendor else f" ({spec.vendor})"))
    try:
        return build(firm, name=spec.name, clock=clock, **options)
    except ValueError as refused:
        raise SandboxError(f"platform {spec.name}: {refused}") from refused


def _read_option(name: str, text: str, hint: Any) -> object:
    """An option's text as the type that the vendor declares: a number, a yes or no, text, else parts joined by `+`."""
    kinds = get_args(hint) or (hint,)
    if bool in kinds:
        if text.lower() not in _YES_OR_NO:
            raise SandboxError(f"option {name} takes yes or no, not {text!r}")
        return _YES_OR_NO[text.lower()]
    if int in kinds:
        if not text.isdecimal():
            raise SandboxError(f"option {name} takes a whole number, not {text!r}")
        return int(text)
    return text if str in kinds else tuple(text.split("+"))

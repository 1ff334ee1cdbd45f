"""Which rules are on in an installation."""

from collections.abc import Mapping

from runtime.settings import SettingsError
from runtime.settings.happenings import RuleMode
from runtime.settings.problems import nearest
from sync.acting.rules import rules

Modes = Mapping[str, RuleMode]


def modes_of(triggers: Mapping[str, RuleMode]) -> Modes:
    """The mode of every rule, as set or by default; SettingsError for a name that no rule has."""
    known = rules()
    unknown = [name for name in triggers if name not in known]
    if unknown:
        raise SettingsError([f"triggers.{name}: there is no such rule{nearest(name, known)}" for name in unknown])
    return {name: triggers.get(name, rule.default) for name, rule in known.items()}

"""Holds an effect against what its platform lets us write: owner and policy of fields, before anything is sent."""

from schema.errors import CrosswalkError
from sync.desk import RefusalCode
from sync.effects import Create, Effect, Remove
from sync.firm import Door, Firm
from sync.process import refused


def door_for(firm: Firm, effect: Effect) -> Door:
    """The way to do it; Refused where the platform has none."""
    door = firm.door(effect.platform, effect.type, effect.role)
    if door is None:
        raise refused(
            RefusalCode.UNSUPPORTED,
            f"{effect.platform} ({effect.role.value}) doesn't let Crosswalk write {effect.type} records. "
            "Connect a platform that does, or change it there.",
        )
    writable = door.writable
    if isinstance(effect, Remove):
        if not writable.removable:
            raise refused(RefusalCode.UNSUPPORTED, f"A {writable.entity} can't be taken back on {effect.platform}.")
        return door
    creating = isinstance(effect, Create)
    if creating and not writable.creatable:
        raise refused(RefusalCode.UNSUPPORTED, f"A {writable.entity} can't be created on {effect.platform}.")
    for path in effect.values:
        if not writable.settable(path, creating=creating):
            raise refused(
                RefusalCode.OWNERSHIP,
                f"{effect.type}.{path} is owned by {effect.role.value} ({effect.platform}), which doesn't let "
                f"Crosswalk {'set it on a new record' if creating else 'change it'}. Change it there.",
            )
    if creating:
        required = [path for path, found in writable.paths.items() if found.required]
        lacking = [path for path in required if effect.values.get(path) in (None, "", ())]
        if lacking:
            raise refused(
                RefusalCode.INVALID, f"A new {writable.entity} on {effect.platform} needs {', '.join(lacking)}."
            )
    return door


def plain_words(error: CrosswalkError) -> str:
    """What went wrong, for a person: with the platform's name in front."""
    return f"{error.platform}: {error.detail}" if error.platform else error.detail

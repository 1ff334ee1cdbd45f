"""The firm's own companies and the people who sell and deliver."""

from unicodedata import normalize

from sandbox.firm import words
from sandbox.firm.dice import Dice
from sandbox.firm.ids import LEGAL_ENTITY_KEYS
from sandbox.firm.model import LegalEntity, Person

_LEGAL_ENTITIES = {
    "le-uk": ("Meridian Partners Ltd", "GB", "GBP"),
    "le-de": ("Meridian Partners GmbH", "DE", "EUR"),
    "le-us": ("Meridian Partners Inc.", "US", "USD"),
    "le-ch": ("Meridian Partners AG", "CH", "CHF"),
    "le-nl": ("Meridian Partners B.V.", "NL", "EUR"),
    "le-se": ("Meridian Partners AB", "SE", "SEK"),
}
_PLAIN = str.maketrans({"ø": "o", "Ø": "O", "ß": "ss", "æ": "ae", "'": None, " ": None})


def legal_entities() -> list[LegalEntity]:
    return [LegalEntity(key, *_LEGAL_ENTITIES[key]) for key in LEGAL_ENTITY_KEYS]


def people(dice: Dice, accounts: int) -> list[Person]:
    """At least a dozen people, one for about four accounts, at most 1,500."""
    entities = legal_entities()
    count = min(1_500, max(12, accounts // 4))
    names = len(words.FIRST_NAMES) * len(words.LAST_NAMES)
    return [_person(dice, at, name, entities) for at, name in enumerate(dice.sample(count, names), start=1)]


def _person(dice: Dice, at: int, name: int, entities: list[LegalEntity]) -> Person:
    first = words.FIRST_NAMES[name % len(words.FIRST_NAMES)]
    last = words.LAST_NAMES[name // len(words.FIRST_NAMES)]
    seller = at % 4 == 0
    delivers = not seller or dice.chance(20)
    department = dice.pick(words.DELIVERY_DEPARTMENTS) if delivers else "Sales"
    entity = entities[at % len(entities)] if at <= len(entities) else dice.pick(entities)
    return Person(
        key=f"pers-{at:04}",
        first_name=first,
        last_name=last,
        email=f"{mailbox(first)}.{mailbox(last)}@meridian.example",
        role=dice.pick(words.SELLER_ROLES if seller else words.CONSULTANT_ROLES),
        department=department,
        cost_center=f"{entity.country}-{100 + 10 * _department_number(department)}",
        cost_rate=dice.between(60, 190) * 50,
        legal_entity=entity.key,
        active=at <= 8 or dice.chance(94),
        seller=seller,
        delivers=delivers,
    )


def _department_number(department: str) -> int:
    return words.DELIVERY_DEPARTMENTS.index(department) + 1 if department in words.DELIVERY_DEPARTMENTS else 0


def mailbox(name: str) -> str:
    """A name as it stands in an address: plain lower-case ASCII, without apostrophes."""
    return normalize("NFKD", name.translate(_PLAIN)).encode("ascii", "ignore").decode().lower()

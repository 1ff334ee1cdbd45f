"""The firm's clients, each spelt and linked as CRM, PSA and ERP happen to have it, with their contacts."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from itertools import count

from sandbox.firm import words
from sandbox.firm.dice import Dice
from sandbox.firm.model import Address, Client, Contact, Person
from sandbox.firm.people import mailbox

_STATUSES = ("ACTIVE", "PROSPECT", "INACTIVE", "ON_HOLD")
_STATUS_WEIGHTS = (72, 12, 10, 6)
_DUPLICATE_EVERY = 19  # one client in so many is entered twice in the CRM


def clients(dice: Dice, accounts: int, people: list[Person], as_of: date) -> list[Client]:
    """`accounts` clients, the CRM's duplicates among them; names are unique but for those."""
    sellers = [person for person in people if person.seller and person.active]
    width = max(4, len(str(accounts)))
    contact_keys = (f"cont-{number:06}" for number in count(1))
    made: list[Client] = []
    for at, name in enumerate(_names(dice, accounts), start=1):
        key = f"acct-{at:0{width}}"
        if at % _DUPLICATE_EVERY == 0:
            client = _duplicate(dice, key, at, made, as_of)
        else:
            client = _client(dice, key, at, name=name, owner=dice.pick(sellers), as_of=as_of)
            client.parent = _parent(dice, made)
        client.contacts = _contacts(dice, client, contact_keys)
        made.append(client)
    return made


def _names(dice: Dice, accounts: int) -> list[str]:
    """Unique names: the awkward ones at every third place as far as they go, ordinary ones elsewhere."""
    plain = len(words.STEMS) * len(words.TRADES)
    qualifiers = 1 + (accounts - 1) // (plain * 9 // 10)
    if qualifiers > len(words.QUALIFIERS):
        raise ValueError(f"{accounts} accounts are more than the firm has names for")
    names = [_name(number) for number in dice.sample(accounts, plain * qualifiers)]
    for at, awkward in zip(range(2, accounts, 3), words.AWKWARD_CLIENTS, strict=False):
        names[at] = awkward
    return names


def _name(number: int) -> str:
    number, stem = divmod(number, len(words.STEMS))
    qualifier, trade = divmod(number, len(words.TRADES))
    return f"{words.STEMS[stem]} {words.TRADES[trade]} {words.QUALIFIERS[qualifier]}".rstrip()


def _client(dice: Dice, key: str, at: int, *, name: str, owner: Person, as_of: date) -> Client:
    country = dice.weighted(words.COUNTRIES, words.COUNTRY_WEIGHTS)
    # The first client of each kind of trouble is certain, so that a small firm has them all.
    status = "PROSPECT" if at == 5 else "ACTIVE" if at < 12 else dice.weighted(_STATUSES, _STATUS_WEIGHTS)
    prospect = status == "PROSPECT"
    in_erp = not prospect and (at < 12 or dice.chance(95))
    in_psa = not prospect and (at < 12 or dice.chance(94))
    city, region, postal_code = dice.pick(country.cities)
    created = dice.instant(as_of - timedelta(days=2200), as_of - timedelta(days=60 if prospect else 500))
    currency = country.currency
    if dice.chance(8):
        currency = dice.pick(("EUR", "USD"))  # billed in a currency that is not the country's own
    home = country.currency != "JPY"
    return Client(
        key=key,
        number=f"C{10_000 + at}",
        crm_name=name,
        erp_name=_erp_name(dice, name, country.legal_forms),
        psa_name=_psa_name(dice, name),
        status=status,
        industry=dice.pick(words.INDUSTRIES),
        website=f"https://www.{mailbox(name.replace('&', ' ')) or at}.example"
        if _plain(name) and dice.chance(85)
        else None,
        owner=owner.key,
        parent=None,
        address=Address([dice.pick(country.streets)], city, region, postal_code, country.code),
        currency=currency,
        legal_entity=country.legal_entity,
        terms_days=dice.weighted((30, 14, 45, 60), (60, 15, 15, 10)),
        tax_id=f"{country.tax_prefix}{dice.between(100_000_000, 999_999_999)}" if dice.chance(92) else None,
        tax_code=words.TAX_CODES[country.legal_entity] if home else "ZERO",
        credit_hold=in_erp and (at == 8 or dice.chance(40 if status == "ON_HOLD" else 6)),
        in_erp=in_erp,
        in_psa=in_psa,
        erp_linked=in_erp and at != 10 and (at < 10 or dice.chance(94)),
        psa_linked=in_psa and at != 11 and (at < 11 or dice.chance(94)),
        duplicate_of=None,
        created_at=created,
        updated_at=_touched(dice, created, as_of),
    )


def _duplicate(dice: Dice, key: str, at: int, before: list[Client], as_of: date) -> Client:
    """A second CRM record of an earlier client, made in haste by somebody else; no other system knows it."""
    original = dice.pick([client for client in before[-30:] if client.duplicate_of is None])
    same_name = at % (2 * _DUPLICATE_EVERY) != 0
    created = dice.instant(original.created_at.date(), as_of - timedelta(days=2))
    name = original.crm_name if same_name else f"{original.crm_name} Group"
    return Client(
        key=key,
        number=f"C{10_000 + at}",
        crm_name=name,
        erp_name=original.erp_name,
        psa_name=original.psa_name,
        status="PROSPECT",
        industry=original.industry,
        website=original.website,
        owner=original.owner,
        parent=None,
        address=Address(list(original.address.lines), original.address.city, None, "", original.address.country),
        currency=original.currency,
        legal_entity=original.legal_entity,
        terms_days=original.terms_days,
        tax_id=None,
        tax_code=None,
        credit_hold=False,
        in_erp=False,
        in_psa=False,
        erp_linked=False,
        psa_linked=False,
        duplicate_of=original.key,
        created_at=created,
        updated_at=_touched(dice, created, as_of),
    )


def _parent(dice: Dice, before: list[Client]) -> str | None:
    if len(before) < 3 or not (len(before) == 3 or dice.chance(8)):
        return None
    parent = dice.pick(before)
    return parent.key if parent.duplicate_of is None else None


def _contacts(dice: Dice, client: Client, keys: Iterable[str]) -> list[Contact]:
    if client.duplicate_of is not None:
        return []
    domain = (client.website or "https://www.mail.example").removeprefix("https://www.")
    contacts = []
    for key, _ in zip(keys, range(dice.weighted((0, 1, 2, 3, 4), (5, 30, 35, 20, 10))), strict=False):
        first, last = dice.pick(words.FIRST_NAMES), dice.pick(words.LAST_NAMES)
        contacts.append(
            Contact(
                key=key,
                client=client.key,
                first_name=first if dice.chance(96) else None,
                last_name=last,
                email=f"{mailbox(first)}.{mailbox(last)}@{domain}" if dice.chance(93) else None,
                phone=f"+{dice.between(31, 49)} {dice.between(100, 999)} {dice.between(100_000, 999_999)}"
                if dice.chance(80)
                else None,
                title=dice.pick(words.CONTACT_TITLES) if dice.chance(85) else None,
            )
        )
    return contacts


def _erp_name(dice: Dice, name: str, legal_forms: tuple[str, ...]) -> str:
    """The registered name: with its legal form, `and` spelt out now and then."""
    if dice.chance(30):
        name = name.replace(" & ", " and ")
    return f"{name}, {dice.pick(legal_forms)}" if dice.chance(20) else f"{name} {dice.pick(legal_forms)}"


def _psa_name(dice: Dice, name: str) -> str:
    """As project managers type it: mostly like the CRM, sometimes shortened or with a remark."""
    how = dice.between(1, 10)
    if how <= 6:
        return name
    first, _, rest = name.partition(" ")
    return f"{first} {rest[:4]}." if how == 7 and len(rest) > 5 else f"{name} (Client)"


def _plain(name: str) -> bool:
    return name.replace(" ", "").isascii() and name.replace(" ", "").isalpha()


def _touched(dice: Dice, created: datetime, as_of: date) -> datetime:
    """When a record was last changed: after it was made and before the firm's day."""
    return max(created, dice.instant(max(created.date(), as_of - timedelta(days=400)), as_of - timedelta(days=1)))

"""Money as an exact amount and its currency, written with the currency's own number of decimals."""

from decimal import Decimal

# ISO 4217: the currencies whose minor unit is not a hundredth.
_EXPONENTS = {
    "BHD": 3, "BIF": 0, "CLF": 4, "CLP": 0, "DJF": 0, "GNF": 0, "IQD": 3, "ISK": 0, "JOD": 3, "JPY": 0, "KMF": 0,
    "KRW": 0, "KWD": 3, "LYD": 3, "OMR": 3, "PYG": 0, "RWF": 0, "TND": 3, "UGX": 0, "UYI": 0, "UYW": 4, "VND": 0,
    "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
}  # fmt: skip
_UNITS = {currency: Decimal(1).scaleb(-digits) for currency, digits in _EXPONENTS.items()}
_HUNDREDTH = Decimal("0.01")


def decimals(currency: str | None) -> int:
    """How many decimals amounts of a currency have; two where the code is unknown."""
    return _EXPONENTS.get(currency or "", 2)


def exact(amount: Decimal | None, currency: str | None) -> Decimal | None:
    """The amount with at least its currency's decimals: 5760 EUR is 5760.00. More decimals are kept, never rounded."""
    if amount is None:
        return None
    unit = _HUNDREDTH if currency is None else _UNITS.get(currency, _HUNDREDTH)
    if amount.same_quantum(unit):
        return amount
    quantized = amount.quantize(unit)
    return quantized if quantized == amount else amount


def from_minor(amount: int | None, currency: str | None) -> Decimal | None:
    """An amount that the vendor gives in minor units (cents)."""
    if amount is None:
        return None
    return Decimal(amount).scaleb(-decimals(currency))

"""The words that the invented firm's names are made of: clients, people, places, services."""

from dataclasses import dataclass

AWKWARD_CLIENTS = (
    "O'Hara & Söhne", "50% Club", "A_B Partners", 'The "Quoted" Company', "Back\\Slash Works",
    "Zürich Naturkost", "Smørrebrød Nord", "Comma, Colon: Semi; Trade", "Angle <Bracket> Press",
    "Why? Because! Agency", "東京 Trading", "Brace {Curly} Design", "Plus+Minus & Equals=Same", "Hash #1 Records",
)  # fmt: skip
"""Names with every character that some query language, URL or page treats specially."""

_STARTS = (
    "Hald", "Nor", "Kel", "Mar", "Vest", "Aster", "Bram", "Cal", "Dun", "Elm", "Farr", "Glen", "Hav", "Ing",
    "Jor", "Lang", "Mal", "Nev", "Ost", "Pell", "Quin", "Rav", "Sand", "Thor", "Ul", "Var", "Wend", "Yar",
    "Zell", "Corv", "Fen", "Tam",
)  # fmt: skip
_ENDS = (
    "en", "vik", "ridge", "bury", "mark", "stead", "wood", "mere", "ford", "haven", "gate", "well", "field",
    "borg", "ton", "ley",
)  # fmt: skip
TRADES = (
    "Logistics", "Energy", "Foods", "Bank", "Insurance", "Medical", "Pharma", "Chemicals", "Steel",
    "Automotive", "Aerospace", "Shipping", "Railways", "Airways", "Telecom", "Media", "Publishing", "Software",
    "Robotics", "Optics", "Textiles", "Furniture", "Paper", "Glass", "Water", "Power", "Mining", "Farming",
    "Dairy", "Brewery", "Hotels", "Travel", "Retail", "Wholesale", "Fashion", "Cosmetics", "Toys", "Sports",
    "Gaming", "Education", "Research", "Properties", "Construction", "Engineering", "Security", "Recycling",
    "Laboratories", "Instruments",
)  # fmt: skip
STEMS = tuple(sorted(start + end for start in _STARTS for end in _ENDS))
QUALIFIERS = ("", "North", "South", "East", "West", "Central", "Pacific", "Atlantic", "Alpine", "Baltic")

INDUSTRIES = (
    "Banking", "Biotechnology", "Chemicals", "Construction", "Consulting", "Education", "Electronics", "Energy",
    "Engineering", "Finance", "Food & Beverage", "Government", "Healthcare", "Hospitality", "Insurance",
    "Manufacturing", "Media", "Retail", "Shipping", "Technology", "Telecommunications", "Transportation",
    "Utilities",
)  # fmt: skip

FIRST_NAMES = (
    "Ada", "Amélie", "Anders", "Aoife", "Björn", "Carmen", "Chidi", "Clara", "Daan", "Elif", "Emma", "Felix",
    "Fiona", "Giulia", "Hana", "Henrik", "Ines", "Ivan", "Jonas", "Kaito", "Katarzyna", "Lars", "Leila", "Liam",
    "Lukas", "Maja", "Marta", "Mei", "Milan", "Nadia", "Noah", "Nora", "Oliver", "Olga", "Priya", "Rafael",
    "Rosa", "Sanne", "Sean", "Sofia", "Tariq", "Thomas", "Tove", "Viktor", "Wei", "Yara", "Zoë",
)  # fmt: skip
LAST_NAMES = (
    "Andersson", "Baker", "Bianchi", "Brown", "Çelik", "Clarke", "Dubois", "Eriksen", "Fischer", "García",
    "Haddad", "Hansen", "Hughes", "Ito", "Jansen", "Keller", "Khan", "Kowalski", "Larsson", "Lindqvist",
    "Martin", "Meyer", "Moreau", "Müller", "Murphy", "Nakamura", "Novak", "Nowak", "Okafor", "O'Brien", "Okoye",
    "Patel", "Peeters", "Petrov", "Rossi", "Sato", "Schmidt", "Silva", "Smith", "Sørensen", "Svensson",
    "Taylor", "Thompson", "Visser", "Weber", "Wilson", "Wong",
)  # fmt: skip
CONTACT_TITLES = (
    "CFO",
    "CIO",
    "Head of IT",
    "Procurement Lead",
    "Programme Director",
    "Controller",
    "Project Sponsor",
    "Accounts Payable",
)

CONSULTANT_ROLES = (
    "Analyst",
    "Consultant",
    "Senior Consultant",
    "Principal Consultant",
    "Architect",
    "Engineer",
    "Designer",
    "Project Manager",
)
SELLER_ROLES = ("Account Executive", "Account Manager", "Sales Director")
DELIVERY_DEPARTMENTS = ("Advisory", "Data & AI", "Cloud Engineering", "Experience Design", "Managed Services")

ENGAGEMENTS = (
    "ERP Rollout", "Data Platform", "Cloud Migration", "Security Review", "Customer Portal",
    "Finance Transformation", "Service Desk", "Process Mining", "Mobile App", "Warehouse Automation",
    "Reporting Redesign", "Integration Hub", "Identity Management", "Change Programme", "Pricing Study",
    "Quality Audit", "Network Renewal", "Training Academy",
)  # fmt: skip
SERVICE_CODES = ("ADV", "CLD", "DAT", "ERP", "MSV", "SEC", "UXD")
INTERNAL_PROJECTS = ("Internal Training", "Bench Time", "Recruiting Days", "Bid Office", "Office Move")
PHASES = ("Discovery", "Design", "Build", "Integration", "Acceptance Test", "Go Live", "Hypercare", "Handover")
TASKS = (
    "Interviews",
    "Data Model",
    "Prototype",
    "Interfaces",
    "Migration Run",
    "Test Cases",
    "Documentation",
    "Workshops",
    "Reviews",
)
EXPENSE_CATEGORIES = ("Travel", "Lodging", "Meals", "Mileage", "Software")
PAYMENT_METHODS = ("Wire", "ACH", "Direct Debit", "Check", "Credit Card")
CREDIT_REASONS = ("Hours disputed", "Goodwill", "Billed twice", "Wrong rate", "Service level missed")


@dataclass(frozen=True, slots=True)
class Country:
    """Where a client sits: how addresses look there, what its companies are called and what tax is charged."""

    code: str
    currency: str
    legal_entity: str  # the group's company that bills clients of this country
    cities: tuple[tuple[str, str | None, str], ...]  # city, region, postal code
    streets: tuple[str, ...]
    legal_forms: tuple[str, ...]
    tax_prefix: str


COUNTRIES = (
    Country(
        "GB", "GBP", "le-uk",
        (("London", "Greater London", "EC2A 4NE"), ("Leeds", "West Yorkshire", "LS1 5QS"), ("Bath", None, "BA1 1SU")),
        ("12 Old Street", "7 King's Yard", "Unit 4, Mill Lane"), ("Ltd", "PLC", "Limited"), "GB",
    ),
    Country(
        "DE", "EUR", "le-de",
        (("Berlin", "Berlin", "10115"), ("München", "Bayern", "80331"), ("Hamburg", None, "20095")),
        ("Königstraße 5", "Am Markt 1", "Gewerbepark 22"), ("GmbH", "AG", "GmbH & Co. KG"), "DE",
    ),
    Country(
        "US", "USD", "le-us",
        (("Boston", "MA", "02110"), ("Austin", "TX", "78701"), ("Portland", "OR", "97204")),
        ("100 Main Street", "2400 Commerce Blvd, Suite 300", "51 Harbor Way"), ("Inc.", "LLC", "Corp."), "US",
    ),
    Country(
        "CH", "CHF", "le-ch",
        (("Zürich", "ZH", "8001"), ("Genève", "GE", "1201"), ("Basel", "BS", "4051")),
        ("Bahnhofstrasse 10", "Rue du Rhône 3", "Freie Strasse 8"), ("AG", "SA", "GmbH"), "CHE",
    ),
    Country(
        "NL", "EUR", "le-nl",
        (("Amsterdam", "Noord-Holland", "1012 JS"), ("Utrecht", None, "3511 AB"), ("Delft", None, "2611 AA")),
        ("Keizersgracht 45", "Stationsplein 2", "Havenweg 19"), ("B.V.", "N.V."), "NL",
    ),
    Country(
        "SE", "SEK", "le-se",
        (("Stockholm", "Stockholms län", "111 20"), ("Borås", "Västra Götaland", "41103"), ("Lund", None, "222 21")),
        ("Drottninggatan 14", "Hamngatan 2", "Östra Storgatan 9"), ("AB",), "SE",
    ),
    Country(
        "JP", "JPY", "le-us",
        (("Tokyo", "Tokyo", "100-0001"), ("Osaka", "Osaka", "530-0001")),
        ("1-2-3 Marunouchi", "4-5 Umeda"), ("K.K.",), "T",
    ),
)  # fmt: skip
COUNTRY_WEIGHTS = (24, 26, 22, 10, 10, 6, 2)

TAX_RATES = {"VAT-GB": 200, "VAT-DE": 190, "VAT-NL": 210, "VAT-CH": 81, "VAT-SE": 250, "SALES-US": 85, "ZERO": 0}
"""Tax codes with their rates in tenths of a per cent."""
TAX_CODES = {
    "le-uk": "VAT-GB",
    "le-de": "VAT-DE",
    "le-nl": "VAT-NL",
    "le-ch": "VAT-CH",
    "le-se": "VAT-SE",
    "le-us": "SALES-US",
}
"""What each legal entity charges at home."""

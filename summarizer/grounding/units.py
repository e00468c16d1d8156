"""Tables and readers for numbers in words, scales, currencies and units of measure.

In: lower-case, accent-free words. Out: values and unit names. Offsets, sentences and articles are not known here.
"""

from __future__ import annotations

from decimal import Decimal

SMALL = {
    word: n
    for n, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
        "sixteen seventeen "
        "eighteen nineteen".split()
    )
} | {word: 10 * n for n, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)}
ORDINAL = {
    word: n
    for n, word in enumerate(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth "
        "fourteenth fifteenth "
        "sixteenth seventeenth eighteenth nineteenth twentieth".split(),
        1,
    )
} | {"thirtieth": 30, "fortieth": 40, "fiftieth": 50, "hundredth": 100}
FRACTION = {
    "half": 2,
    "halves": 2,
    "third": 3,
    "thirds": 3,
    "quarter": 4,
    "quarters": 4,
    "fifth": 5,
    "fifths": 5,
    "sixth": 6,
    "sixths": 6,
    "eighth": 8,
    "eighths": 8,
    "tenth": 10,
    "tenths": 10,
}
SCALE = {
    "hundred": 100,
    "thousand": 1000,
    "million": 10**6,
    "mn": 10**6,
    "mln": 10**6,
    "billion": 10**9,
    "bn": 10**9,
    "bln": 10**9,
    "trillion": 10**12,
    "tn": 10**12,
    "trn": 10**12,
    "lakh": 10**5,
    "crore": 10**7,
    "dozen": 12,
}
# Only attached to digits: "$46m", "46m people", "£3k". Without a currency "m" may be metres as well.
SHORT_SCALE = {"m": 10**6, "b": 10**9, "k": 1000, "M": 10**6, "B": 10**9, "K": 1000}
VAGUE = {
    "dozens": 12,
    "hundreds": 100,
    "thousands": 1000,
    "millions": 10**6,
    "billions": 10**9,
    "trillions": 10**12,
    "tens": 10,
}
TIMES = {
    "twice": 2,
    "double": 2,
    "doubled": 2,
    "doubles": 2,
    "doubling": 2,
    "twofold": 2,
    "triple": 3,
    "tripled": 3,
    "triples": 3,
    "tripling": 3,
    "thrice": 3,
    "threefold": 3,
    "treble": 3,
    "trebled": 3,
    "quadruple": 4,
    "quadrupled": 4,
    "fourfold": 4,
    "fivefold": 5,
    "tenfold": 10,
    "halve": 0,
    "halved": 0,
    "halving": 0,
}

SYMBOL = {
    "$": "dollar",
    "€": "euro",
    "£": "pound",
    "¥": "yen",
    "₹": "rupee",
    "₩": "won",
    "₽": "rouble",
    "₺": "lira",
    "₦": "naira",
    "₴": "hryvnia",
    "₪": "shekel",
    "฿": "baht",
    "₫": "dong",
    "₱": "peso",
}
# Letters before "$" make another currency: "N$186m" is no "$186m".
DOLLARS = {
    "us": "dollar",
    "a": "dollar-australian",
    "au": "dollar-australian",
    "c": "dollar-canadian",
    "ca": "dollar-canadian",
    "can": "dollar-canadian",
    "hk": "dollar-hong-kong",
    "nz": "dollar-new-zealand",
    "s": "dollar-singapore",
    "r": "real",
    "nt": "dollar-taiwan",
    "n": "dollar-namibian",
    "bds": "dollar-barbados",
    "j": "dollar-jamaican",
    "tt": "dollar-trinidad",
    "fj": "dollar-fijian",
    "g": "dollar-guyanese",
    "z": "dollar-zimbabwe",
    "mx": "peso",
}
CODES = {
    "usd": "dollar",
    "eur": "euro",
    "gbp": "pound",
    "jpy": "yen",
    "cny": "yuan",
    "rmb": "yuan",
    "chf": "franc",
    "sek": "krona",
    "nok": "krone",
    "dkk": "krone-danish",
    "pln": "zloty",
    "czk": "koruna",
    "huf": "forint",
    "inr": "rupee",
    "rs": "rupee",
    "aud": "dollar-australian",
    "cad": "dollar-canadian",
    "sgd": "dollar-singapore",
    "hkd": "dollar-hong-kong",
    "nzd": "dollar-new-zealand",
    "brl": "real",
    "zar": "rand",
    "krw": "won",
    "try": "lira",
    "ron": "leu",
    "uah": "hryvnia",
    "ngn": "naira",
    "kes": "shilling",
    "aed": "dirham",
    "sar": "riyal",
    "isk": "krona-icelandic",
    "rub": "rouble",
    "mxn": "peso",
    "clp": "peso",
    "cop": "peso",
    "ars": "peso",
    "php": "peso",
    "thb": "baht",
    "idr": "rupiah",
    "myr": "ringgit",
    "rm": "ringgit",
    "vnd": "dong",
    "pkr": "rupee",
    "bdt": "taka",
    "egp": "pound",
    "mad": "dirham",
    "ksh": "shilling",
    "sh": "shilling",
    "r": "rand",
    "kr": "kr",
    "cfa": "franc",
}
_CURRENCY_WORDS = """dollar dollars|euro euros|pound pounds sterling|yen|yuan renminbi|franc francs
krona kronor kronur|krone kroner
zloty zlotys zlote zl|koruna korunas koruny|forint forints|rupee rupees|real reais|rand rands|won|lira liras|leu lei
hryvnia hryvnias
naira nairas|shilling shillings|dirham dirhams|riyal riyals|rial rials|rouble roubles ruble rubles|peso pesos
baht bahts|rupiah rupiahs
ringgit ringgits|dong dongs|taka takas|shekel shekels|dinar dinars|kuna kunas|lev leva|lari laris|dram drams
tenge tenges|som soms
manat manats|cedi cedis|kwacha kwachas|birr birrs|pula pulas|metical meticais|kwanza kwanzas|kyat kyats|kip kips
tugrik tugriks togrog
guarani guaranies|sol soles|boliviano bolivianos|colon colones|quetzal quetzals quetzales|lempira lempiras
cordoba cordobas
gourde gourdes|ariary|ouguiya|pataca patacas|riel riels|afghani afghanis|somoni|denar denars|lek leke|cent cents
penny pence|ore|paise
kobo|crown crowns|guilder guilders|mark marks|schilling schillings"""
_MEASURES = """%|point|kilometre kilometres kilometer kilometers km kms|metre metres meter meters
centimetre centimetres centimeter
centimeters cm|millimetre millimetres millimeter millimeters mm|mile miles|foot feet ft|inch inches|nautical-mile
kilogram kilograms kilo kilos kg kgs kilogramme kilogrammes|gram grams gramme grammes|milligram milligrams mg
tonne tonnes|ton tons
pound-weight|litre litres liter liters|millilitre millilitres ml|barrel barrels|gallon gallons|hectare hectares ha
acre acres
second-time seconds|minute minutes|hour hours|day days|week weeks|fortnight fortnights|month months|year years
decade decades
century centuries|night nights|megawatt megawatts mw|gigawatt gigawatts gw|kilowatt kilowatts kw|terawatt terawatts
watt watts
megawatt-hour megawatt-hours mwh|kilowatt-hour kilowatt-hours kwh|gigawatt-hour gigawatt-hours gwh
terawatt-hour terawatt-hours twh
volt volts kv|degree degrees|gigabyte gigabytes gb|terabyte terabytes tb|megabyte megabytes mb|gigahertz ghz
megahertz mhz
knot knots|kilotonne kilotonnes|decibel decibels|bit bits qubit qubits|basis-point|km/h|mph|am|pm|celsius"""


def _table(rows: str) -> dict[str, str]:
    return {form: forms.split()[0] for line in rows.splitlines() for forms in line.split("|") for form in forms.split()}


CURRENCY = _table(_CURRENCY_WORDS.replace("\n", "|"))
MEASURE = _table(_MEASURES.replace("\n", "|"))
MONEY = (
    frozenset(SYMBOL.values()) | frozenset(DOLLARS.values()) | frozenset(CODES.values()) | frozenset(CURRENCY.values())
)
# Money words that countries share; "dollar-australian" answers "dollars" where the article says it in words.
FAMILY = {"krona": "kr", "krone": "kr", "krone-danish": "kr", "krona-icelandic": "kr", "crown": "kr"}
LOOSE_DOLLARS = frozenset(name for name in MONEY if name.startswith("dollar"))
# Words that may stand between a number and its unit.
BETWEEN = frozenset(
    "more additional extra further full consecutive straight square cubic metric nautical calendar working us american "
    "canadian australian hong kong singapore new zealand swiss danish swedish norwegian icelandic czech "
    "egyptian west african kenyan "
    "ugandan tanzanian indian pakistani sri lankan nepalese mexican chilean colombian argentine philippine "
    "turkish omani qatari saudi moroccan tunisian jordanian kuwaiti bahraini serbian cuban namibian jamaican fijian "
    "successive separate long short whole extra trading business estonian faroese".split()
)


def number_in_digits(text: str) -> Decimal | None:
    """1,140 and 1.14 and 3.5; None for what is no plain number (1.2.3)."""
    groups = text.split(",")
    if len(groups) > 1 and all(len(g.split(".")[0]) == 3 for g in groups[1:]):
        text = "".join(groups)
    elif len(groups) > 1:
        text = text.replace(",", ".") if len(groups) == 2 and "." not in text else ""
    try:
        return Decimal(text).normalize()
    except ArithmeticError:
        return None


def unit_of(word: str) -> str | None:
    return CURRENCY.get(word) or MEASURE.get(word)


def same_unit(one: str, other: str) -> bool:
    """Whether two unit names can stand for one another in two texts about the same thing."""
    one, other = FAMILY.get(one, one), FAMILY.get(other, other)
    return one == other or (one in LOOSE_DOLLARS and other in LOOSE_DOLLARS and "dollar-word" in (one, other))

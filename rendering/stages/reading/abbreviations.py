"""What short forms of written English stand for: months, amounts, money, units, titles, signs."""

from __future__ import annotations

MONTHS = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()  # noqa: SIM905
BIG = {"k": "thousand", "m": "million", "mm": "million", "mn": "million", "bn": "billion"}
BIG |= {"b": "billion", "tn": "trillion", "t": "trillion"}
MONEY = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "US$": ("US dollar", "US dollars", "cent", "cents"),
    "A$": ("Australian dollar", "Australian dollars", "cent", "cents"),
    "C$": ("Canadian dollar", "Canadian dollars", "cent", "cents"),
    "NZ$": ("New Zealand dollar", "New Zealand dollars", "cent", "cents"),
    "HK$": ("Hong Kong dollar", "Hong Kong dollars", "cent", "cents"),
    "S$": ("Singapore dollar", "Singapore dollars", "cent", "cents"),
    "R$": ("Brazilian real", "Brazilian reais", "centavo", "centavos"),
    "£": ("pound", "pounds", "penny", "pence"),
    "€": ("euro", "euros", "cent", "cents"),
    "¥": ("yen", "yen", "sen", "sen"),
    "₹": ("rupee", "rupees", "paisa", "paise"),
    "₩": ("won", "won", "jeon", "jeon"),
    "₽": ("rouble", "roubles", "kopeck", "kopecks"),
    "₺": ("lira", "lira", "kurus", "kurus"),
    "₪": ("shekel", "shekels", "agora", "agorot"),
    "₿": ("bitcoin", "bitcoins", "", ""),
    "CHF": ("Swiss franc", "Swiss francs", "centime", "centimes"),
    "CNY": ("yuan", "yuan", "fen", "fen"),
    "MXN": ("Mexican peso", "Mexican pesos", "centavo", "centavos"),
    "SEK": ("Swedish krona", "Swedish kronor", "öre", "öre"),
    "NOK": ("Norwegian krone", "Norwegian kroner", "øre", "øre"),
    "DKK": ("Danish krone", "Danish kroner", "øre", "øre"),
    "PLN": ("zloty", "zlotys", "grosz", "groszy"),
    "CZK": ("Czech koruna", "Czech korunas", "", ""),
    "ZAR": ("rand", "rand", "cent", "cents"),
    "AED": ("dirham", "dirhams", "", ""),
    "kr": ("krone", "kroner", "øre", "øre"),
}
"""Sign or code -> one, many, one of the hundredths, many of them ("" where nobody counts them)."""
CODES = {
    "USD": "US$",
    "GBP": "£",
    "EUR": "€",
    "JPY": "¥",
    "INR": "₹",
    "KRW": "₩",
    "RUB": "₽",
    "TRY": "₺",
}
CODES |= {
    "AUD": "A$",
    "CAD": "C$",
    "NZD": "NZ$",
    "HKD": "HK$",
    "SGD": "S$",
    "BRL": "R$",
    "ILS": "₪",
    "RMB": "CNY",
}
CODES |= {
    code: code for code in ("CHF", "CNY", "MXN", "SEK", "NOK", "DKK", "PLN", "CZK", "ZAR", "AED")
}
UNITS = {
    "km": "kilometer", "m": "meter", "cm": "centimeter", "mm": "millimeter", "µm": "micrometer", "μm": "micrometer",
    "nm": "nanometer", "mi": "mile", "yd": "yard", "yds": "yard", "ft": "foot", "kg": "kilogram", "g": "gram",
    "mg": "milligram", "µg": "microgram", "μg": "microgram", "mcg": "microgram", "lb": "pound", "lbs": "pound", "oz": "ounce",
    "l": "liter", "L": "liter", "ml": "milliliter", "mL": "milliliter", "cl": "centiliter", "dl": "deciliter", "dL": "deciliter",
    "tbsp": "tablespoon", "tsp": "teaspoon", "gal": "gallon", "qt": "quart", "cc": "C.C.", "ha": "hectare",
    "kph": "kilometer per hour", "mph": "mile per hour", "mpg": "mile per gallon", "rpm": "revolution per minute",
    "bpm": "beat per minute", "fps": "frame per second", "dpi": "dot per inch", "ppi": "pixel per inch", "psi": "P.S.I.",
    "hp": "horsepower", "Hz": "hertz", "kHz": "kilohertz", "MHz": "megahertz", "GHz": "gigahertz", "THz": "terahertz",
    "KB": "kilobyte", "kB": "kilobyte", "MB": "megabyte", "GB": "gigabyte", "TB": "terabyte", "PB": "petabyte",
    "Kbps": "kilobit per second", "kbps": "kilobit per second", "Mbps": "megabit per second", "mbps": "megabit per second",
    "Gbps": "gigabit per second", "gbps": "gigabit per second", "Tbps": "terabit per second",
    "W": "watt", "mW": "milliwatt", "kW": "kilowatt", "MW": "megawatt", "GW": "gigawatt", "Wh": "watt hour",
    "kWh": "kilowatt hour", "MWh": "megawatt hour", "GWh": "gigawatt hour", "mAh": "milliamp hour", "Ah": "amp hour",
    "V": "volt", "mV": "millivolt", "kV": "kilovolt", "mA": "milliamp", "Ω": "ohm", "\u2126": "ohm", "kΩ": "kiloohm", "J": "joule",
    "kJ": "kilojoule", "MJ": "megajoule", "cal": "calorie", "kcal": "kilocalorie", "N": "newton", "Nm": "newton meter",
    "Pa": "pascal", "hPa": "hectopascal", "kPa": "kilopascal", "mmHg": "millimeter of mercury", "dB": "decibel",
    "MP": "megapixel", "px": "pixel", "pt": "point", "h": "hour", "hr": "hour", "hrs": "hour", "min": "minute",
    "mins": "minute", "s": "second", "sec": "second", "secs": "second", "ms": "millisecond", "µs": "microsecond",
    "ns": "nanosecond", "wk": "week", "wks": "week", "yr": "year", "yrs": "year", "mos": "month", "mo": "month",
    "°C": "degree Celsius", "°F": "degree Fahrenheit", "ºC": "degree Celsius", "ºF": "degree Fahrenheit", "℃": "degree Celsius",
    "℉": "degree Fahrenheit", "°": "degree", "º": "degree", "°K": "kelvin", "sq ft": "square foot", "sq. ft.": "square foot",
    "sq ft.": "square foot", "sq m": "square meter", "sq. m.": "square meter", "sq km": "square kilometer",
    "sq mi": "square mile", "cu ft": "cubic foot", "cu. ft.": "cubic foot", "fl oz": "fluid ounce", "fl. oz.": "fluid ounce",
    "km/h": "kilometer per hour", "m/s": "meter per second", "kg/m³": "kilogram per cubic meter",
}  # fmt: skip
SPELLED = {
    "KG": "kg", "Kg": "kg", "KM": "km", "Km": "km", "CM": "cm", "MM": "mm", "ML": "ml", "LB": "lb", "LBS": "lbs", "Lbs": "lbs",
    "OZ": "oz", "FT": "ft", "MPH": "mph", "KPH": "kph", "KMH": "km/h", "kmh": "km/h", "FPS": "fps", "RPM": "rpm", "BPM": "bpm",
    "DPI": "dpi", "PPI": "ppi", "PSI": "psi", "HP": "hp", "HZ": "Hz", "hz": "Hz", "KHz": "kHz", "Khz": "kHz", "khz": "kHz",
    "Mhz": "MHz", "mhz": "MHz", "Ghz": "GHz", "ghz": "GHz", "gb": "GB", "Gb": "GB", "tb": "TB", "KW": "kW", "Kw": "kW", "KWH": "kWh",
    "kwh": "kWh", "Kwh": "kWh", "MBPS": "Mbps", "GBPS": "Gbps", "db": "dB", "DB": "dB", "PX": "px", "HRS": "hrs", "MIN": "min",
    "mps": "m/s",
}  # fmt: skip
"""Units as they are also written."""
UNITS |= {form: UNITS[unit] for form, unit in SPELLED.items()}
PER = {
    "s": "second", "sec": "second", "min": "minute", "h": "hour", "hr": "hour", "d": "day", "wk": "week", "mo": "month",
    "mos": "month", "yr": "year", "y": "year", "a": "year", "pp": "person", "ea": "each",
}  # fmt: skip
"""What stands behind a slash, beside units: "$20/mo"."""
STATES = {
    "AL": "Alabama", "AK": "Alaska", "AZ": "Arizona", "AR": "Arkansas", "CA": "California", "CO": "Colorado",
    "CT": "Connecticut", "DE": "Delaware", "FL": "Florida", "GA": "Georgia", "HI": "Hawaii", "ID": "Idaho",
    "IL": "Illinois", "IN": "Indiana", "IA": "Iowa", "KS": "Kansas", "KY": "Kentucky", "LA": "Louisiana", "ME": "Maine",
    "MD": "Maryland", "MA": "Massachusetts", "MI": "Michigan", "MN": "Minnesota", "MS": "Mississippi", "MO": "Missouri",
    "MT": "Montana", "NE": "Nebraska", "NV": "Nevada", "NH": "New Hampshire", "NJ": "New Jersey", "NM": "New Mexico",
    "NY": "New York", "NC": "North Carolina", "ND": "North Dakota", "OH": "Ohio", "OK": "Oklahoma", "OR": "Oregon",
    "PA": "Pennsylvania", "RI": "Rhode Island", "SC": "South Carolina", "SD": "South Dakota", "TN": "Tennessee",
    "TX": "Texas", "UT": "Utah", "VT": "Vermont", "VA": "Virginia", "WA": "Washington", "WV": "West Virginia",
    "WI": "Wisconsin", "WY": "Wyoming", "DC": "D.C.",
}  # fmt: skip
STREETS = {
    "St": "Street", "Ave": "Avenue", "Av": "Avenue", "Blvd": "Boulevard", "Rd": "Road", "Dr": "Drive", "Ln": "Lane",
    "Ct": "Court", "Pl": "Place", "Sq": "Square", "Hwy": "Highway", "Expy": "Expressway", "Pkwy": "Parkway",
    "Ter": "Terrace", "Cres": "Crescent", "Cir": "Circle", "Trl": "Trail",
}  # fmt: skip
COMPASS = {
    "N": "North", "S": "South", "E": "East", "W": "West", "NE": "Northeast", "NW": "Northwest", "SE": "Southeast",
    "SW": "Southwest",
}  # fmt: skip
ABBREVIATIONS = {
    "Mr.": "Mister", "Mrs.": "Missus", "Ms.": "Mizz", "Messrs.": "Messers", "Mme.": "Madame", "Mlle.": "Mademoiselle",
    "Prof.": "Professor", "Gen.": "General", "Gov.": "Governor", "Sen.": "Senator", "Rep.": "Representative",
    "Pres.": "President", "Capt.": "Captain", "Cpt.": "Captain", "Maj.": "Major", "Col.": "Colonel", "Cmdr.": "Commander",
    "Lt.": "Lieutenant", "Sgt.": "Sergeant", "Cpl.": "Corporal", "Rev.": "Reverend", "Hon.": "Honorable", "Esq.": "Esquire",
    "Jr.": "Junior", "Sr.": "Senior", "Ave.": "Avenue", "Blvd.": "Boulevard", "Rd.": "Road", "Hwy.": "Highway",
    "Apt.": "Apartment", "Ste.": "Suite", "Mt.": "Mount", "Ft.": "Fort", "Inc.": "Incorporated", "Corp.": "Corporation",
    "Ltd.": "Limited", "Ltd": "Limited", "Co.": "Company", "Bros.": "Brothers", "Dept.": "Department", "dept.": "department",
    "Univ.": "University", "govt.": "government", "Govt.": "Government", "mgmt.": "management", "Mgmt.": "Management",
    "approx.": "approximately", "Approx.": "Approximately", "vs.": "versus", "vs": "versus", "etc.": "et cetera",
    "e.g.": "for example", "eg.": "for example", "i.e.": "that is", "ie.": "that is", "cf.": "compare", "et al.": "and others",
    "viz.": "namely", "ibid.": "ibidem", "a.k.a.": "also known as", "aka": "also known as", "AKA": "also known as",
    "ca.": "circa", "w/o": "without", "w/": "with", "b/c": "because", "misc.": "miscellaneous", "Misc.": "Miscellaneous",
    "avg.": "average", "Avg.": "Average", "incl.": "including", "Incl.": "Including", "excl.": "excluding",
    "Excl.": "Excluding", "yrs.": "years", "yr.": "year", "hrs.": "hours", "mins.": "minutes", "secs.": "seconds", "wks.": "weeks",
    "Jan.": "January", "Feb.": "February", "Mar.": "March", "Apr.": "April", "Jun.": "June", "Jul.": "July",
    "Aug.": "August", "Sept.": "September", "Sep.": "September", "Oct.": "October", "Nov.": "November", "Dec.": "December",
    "YoY": "year over year", "MoM": "month over month", "QoQ": "quarter over quarter", "p.p.": "per person", "Dr.": "Doctor",
}  # fmt: skip
NUMBERED = {
    "No.": "Number", "no.": "number", "Nos.": "Numbers", "nos.": "numbers", "Nr.": "Number", "Fig.": "Figure",
    "fig.": "figure", "Figs.": "Figures", "figs.": "figures", "Vol.": "Volume", "vol.": "volume", "Ch.": "Chapter",
    "ch.": "chapter", "p.": "page", "pg.": "page", "Pg.": "page", "pp.": "pages", "para.": "paragraph", "Sec.": "Section",
    "sec.": "section", "Art.": "Article", "ed.": "edition", "c.": "circa", "b.": "born", "d.": "died", "est.": "established",
    "ext.": "extension", "Apt.": "Apartment", "Rm.": "Room", "Sq.": "Square", "Eq.": "Equation", "Tab.": "Table",
}  # fmt: skip
"""Read so before a number alone."""
QUALIFIERS = {
    "max.": "maximum", "Max.": "Maximum", "min.": "minimum", "Min.": "Minimum", "est.": "estimated", "Est.": "Estimated",
    "temp.": "temperature", "Temp.": "Temperature", "tel.": "telephone", "Tel.": "Telephone", "ext.": "extension",
}  # fmt: skip
"""Read so before a number or a word in small letters: "max. speed", and not in "I met Max."."""
SIGNS = {
    "&": "and",
    "+": "plus",
    "=": "equals",
    "~": "about",
    "@": "at",
    "%": "percent",
    "×": "times",
    "÷": "divided by",
    "±": "plus or minus",
    "→": "to",
    "<": "less than",
    ">": "greater than",
    "≤": "at most",
    "≥": "at least",
    "°": "degrees",
    "§": "section",
    "©": "copyright",
    "™": "",
    "®": "",
    "•": "",
    "*": "",
    "_": "",
    "^": "",
    "|": "",
    "\\": "",
    "`": "",
    "~~": "",
    "π": "pi",
    "Δ": "delta",
    "∆": "delta",
    "≈": "about",
    "≠": "does not equal",
    "∞": "infinity",
    "√": "the square root of",
    "∑": "the sum of",
    "µ": "micro",
    "²": "squared",
    "³": "cubed",
    "$": "dollar",
    "£": "pound",
    "€": "euro",
}
TITLES = frozenset(
    """
    Mister Missus Mizz Messers Madame Mademoiselle Professor General Governor Senator Representative President
    Captain Major Colonel Commander Lieutenant Sergeant Corporal Reverend Honorable Doctor Saint Mount Fort
    """.split()  # noqa: SIM905
)
"""What stands before a name: the full stop of its short form ends no sentence."""

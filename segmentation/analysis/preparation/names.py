"""What the name of an attribute says about its use as a feature, in the languages that files come in."""

import re
import unicodedata

# Digits here identify somebody or something, wherever the word stands beside nothing but fillers.
IDENTITIES = frozenset(
    [
        *("id", "ids", "uid", "uuid", "guid", "identifier", "identifiant", "identificador", "kennung"),
        *("phone", "phones", "mobile", "cell", "cellphone", "telephone", "telefon", "telefono", "tel"),
        *("handy", "fax", "msisdn", "email", "mail", "courriel", "correo", "zip", "zipcode", "postcode"),
        *("postal", "postalcode", "plz", "postleitzahl", "codepostal", "codigopostal", "cep", "iban", "bic"),
        *("ean", "sku", "vat", "vatid", "ssn", "passport", "ip", "unnamed", "index", "username", "login"),
        *("leid", "euid", "address", "adresse", "direccion", "latitude", "longitude", "lat", "lng", "lon"),
        *("gmtoff", "dstoff", "timezone", "url", "website", "rownames", "kdnr"),
    ]
)
# Whoever these number is named by the number.
BEARERS = frozenset(
    [
        *("customer", "client", "cliente", "kunde", "kunden", "member", "mitglied", "mitglieds", "account"),
        *("konto", "contact", "kontakt", "card", "karten", "karte", "loyalty", "user", "subscriber", "cust"),
        *("person", "guest", "patient", "household", "record", "row", "klant", "contract", "vertrags"),
    ]
)
# Digits here stand for a kind or a place: their differences mean nothing.
CODES = frozenset(
    [
        *("code", "store", "shop", "branch", "filiale", "filial", "filialen", "markt", "magasin", "tienda"),
        *(
            "negozio",
            "cluster",
            "segment",
            "type",
            "typ",
            "tipo",
            "kind",
            "category",
            "categorie",
            "kategorie",
        ),
        *("categoria", "group", "gruppe", "groupe", "grupo", "class", "klasse", "classe", "region", "area"),
        *("zone", "district", "bezirk", "channel", "kanal", "canal", "department", "abteilung", "status"),
        *("state", "country", "land", "pays", "pais", "county", "city", "warehouse", "agency", "agence"),
        *("sector", "industry", "branche", "sic", "nace", "plan", "tariff", "tarif", "product", "produkt"),
        *("house", "building", "room", "route", "street", "campaign", "kampagne", "weekday", "wochentag"),
        *("salesperson", "employee", "vertreter", "currency", "language", "source", "rep", "representative"),
        *("method", "methode", "list", "liste", "center", "centre", "officer", "manager", "brand", "marke"),
        *("marque", "supplier", "vendor", "carrier", "team", "owner", "bank"),
    ]
)
FILLERS = frozenset(
    [
        *("number", "no", "nr", "num", "nummer", "numero", "n", "key", "ref", "reference", "primary", "main"),
        *("home", "work", "private", "privat", "business", "billing", "shipping", "delivery", "of", "de"),
        *("des", "der", "the", "and", "street", "line", "first", "second", "preferred", "last", "current"),
        *("stamm", "code"),
    ]
)
NUMBERING = frozenset(["number", "no", "nr", "num", "nummer", "numero", "key", "ref", "reference", "code"])

# What people are, not what they do.
DEMOGRAPHICS = frozenset(
    [
        *("age", "ages", "alter", "edad", "eta", "idade", "leeftijd", "alder", "birth", "born", "birthday"),
        *("birthdate", "birthyear", "dob", "geburt", "geburtstag", "geburtsjahr", "geburtsdatum", "jahrgang"),
        *("naissance", "nacimiento", "nascita", "children", "child", "kids", "kinder", "enfants", "hijos"),
        *("family", "familie", "household", "haushalt", "dependents", "dependent", "education", "height"),
        *("weight", "bildung", "population", "latitude", "longitude"),
    ]
)
# How much, how often, how lately, how well.
VALUES = frozenset(
    [
        *(
            "revenue",
            "revenues",
            "spend",
            "spending",
            "spent",
            "spends",
            "amount",
            "amounts",
            "sales",
            "sale",
        ),
        *(
            "turnover",
            "umsatz",
            "umsatze",
            "jahresumsatz",
            "ausgaben",
            "monetary",
            "value",
            "clv",
            "ltv",
            "cltv",
        ),
        *("depenses", "gasto", "gastos", "fatturato", "spesa", "uitgaven", "omzet", "affaires", "profit"),
        *("margin", "marge", "order", "orders", "bestellungen", "bestellung", "commandes", "pedidos"),
        *("purchase", "purchases", "einkaufe", "kaufe", "kauf", "achats", "compras", "acquisti", "visits"),
        *(
            "visit",
            "besuche",
            "visites",
            "visitas",
            "frequency",
            "haufigkeit",
            "frequence",
            "quantity",
            "menge",
        ),
        *(
            "items",
            "artikel",
            "basket",
            "baskets",
            "warenkorb",
            "bon",
            "recency",
            "score",
            "scores",
            "rating",
        ),
        *("ratings", "nps", "income", "einkommen", "salary", "gehalt", "revenu", "ingresos", "renda"),
        *("reddito", "inkomen", "salaire", "wage", "wages", "balance", "saldo", "balances", "trans"),
        *("transaction", "transactions", "transaktionen", "sessions", "clicks", "klicks", "opens", "points"),
        *("punkte", "tenure", "aov", "returns", "retouren", "discount", "discounts", "rabatt", "limit"),
        *(
            "payment",
            "payments",
            "deposit",
            "deposits",
            "loan",
            "usage",
            "minutes",
            "calls",
            "logins",
            "price",
        ),
        *("usd", "eur", "euro", "charges", "cost", "costs", "kosten", "fee", "fees", "bookings", "trips"),
    ]
)
SHORTEST_END = 5
LATEST = frozenset(
    ["last", "latest", "letzte", "letzter", "letztes", "dernier", "derniere", "ultima", "ultimo"]
)
# Protected traits.
SENSITIVE_WORDS = frozenset(
    [
        *("gender", "sex", "genre", "genero", "género", "geschlecht", "sexe", "sexo", "sesso", "sexuality"),
        *("race", "ethnicity", "ethnic", "ethnie", "nationality", "citizenship", "caste"),
        *("religion", "religious", "faith", "konfession", "political", "politics", "union"),
        *("disability", "disabled", "health", "pregnant", "pregnancy", "marital"),
    ]
)
# Dates of the file rather than of the customer.
TECHNICAL = frozenset(
    [
        *("changed", "modified", "updated", "update", "import", "imported", "export", "exported", "synced"),
        *("confirm", "confirmed", "geandert", "modification", "timestamp", "snapshot"),
    ]
)


def words_of(name: str) -> list[str]:
    """Return the words of a name without case, accents, digits and units: "Store-Nr. 2" is store, nr."""
    bare = re.sub(r"\([^()]*\)|\[[^\[\]]*\]", " ", name)
    apart = re.sub(r"([a-z])([A-Z])", r"\1 \2", re.sub(r"(?i)\be[-\s]mail", "email", bare))
    plain = unicodedata.normalize("NFKD", apart).casefold()
    letters = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return [part for word in re.findall(r"[^\W\d_]+", letters) for part in _without_number(word)]


def _without_number(word: str) -> list[str]:
    """Return "kundennummer" as "kunden" and "nummer"."""
    for ending in ("nummer", "number", "nr", "num", "id"):
        stem = word.removesuffix(ending)
        if stem != word and (stem in BEARERS or stem in CODES or stem in IDENTITIES):
            return [stem, ending]
    return [word]


def is_identity(name: str) -> bool:
    """Return whether its digits identify: an id, a phone, a postal code, a place in the file."""
    words = words_of(name)
    known = IDENTITIES | FILLERS | BEARERS
    if not words or not all(word in known for word in words):
        return bool(words) and (words[0] == "id" or words[-1] in {"id", "uid", "uuid", "guid", "identifier"})
    if any(word in IDENTITIES for word in words):
        return True
    return any(word in BEARERS for word in words) and any(word in NUMBERING for word in words)


def is_numbered(name: str) -> bool:
    """Return whether its digits are the number of something, such as an order number."""
    words = words_of(name)
    return len(words) > 1 and words[-1] in NUMBERING


def is_code(name: str) -> bool:
    """Return whether its digits stand for a kind or a place, such as a store, or number something."""
    words = words_of(name)
    return bool(words) and (
        words[-1] in CODES
        or is_numbered(name)
        or (all(word in CODES | FILLERS for word in words) and any(word in CODES for word in words))
    )


def is_demographic(name: str) -> bool:
    """Return whether it says what customers are, such as their age, and not what they do."""
    return any(word in DEMOGRAPHICS for word in words_of(name))


def is_value(name: str) -> bool:
    """Return whether it says how much, how often or how well customers buy."""
    return any(_is_value(word) for word in words_of(name))


def _is_value(word: str) -> bool:
    """Return whether the word, or the end of a compound such as “jahresumsatz”, is one of a value."""
    return word in VALUES or any(len(end) >= SHORTEST_END and word.endswith(end) for end in VALUES)


def is_latest(name: str) -> bool:
    """Return whether it is the date on which customers last did something."""
    words = words_of(name)
    return any(word in LATEST for word in words) and not any(word in TECHNICAL for word in words)


def is_sensitive(name: str) -> bool:
    """Return whether an attribute of this name describes a protected trait (gender, religion and the like).

    Such attributes are never preselected as features.
    """
    words = re.findall(r"[^\W\d_]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name))
    return any(word.casefold() in SENSITIVE_WORDS for word in words)

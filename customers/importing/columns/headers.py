"""What a column's header says about it, in the languages that files come in."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from customers.exports.formulas import unescape_formula

INVISIBLE = dict.fromkeys(map(ord, "\ufeff\u200b\u200c\u200d\u2060\u00ad"))
UNIT = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]")
RANGE = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(?:-|–|…|\.\.\.?|to|bis|à|a)\s*(\d+(?:\.\d+)?)\s*$")

# Names for the customer id: the first group takes precedence over the second, the second over the third.
CUSTOMER_IDS = (
    {
        *("customerid", "customeridentifier", "customerno", "customernumber", "customernr", "customercode"),
        *("customerkey", "custid", "custno", "custnumber", "custnr", "custcode", "customer", "customerref"),
        *(
            "clientid",
            "clientno",
            "clientnumber",
            "clientnr",
            "clientcode",
            "client",
            "idclient",
            "idcustomer",
        ),
        *("kundennummer", "kundennr", "kundenid", "kundeid", "kundennum", "kdnr", "kdnummer"),
        *(
            "numeroclient",
            "noclient",
            "codeclient",
            "identifiantclient",
            "idcliente",
            "clienteid",
            "nocliente",
            "ncliente",
        ),
        *("numerocliente", "codigocliente", "codicecliente", "klantnummer", "klantid", "klantnr"),
        *("kundnummer", "kundenummer", "kundnr", "asiakasnumero", "idklienta", "numerklienta"),
        *("idpelanggan", "numerodocliente", "codigodocliente"),
    },
    {
        *("id", "ids", "identifier", "uid", "uuid", "guid", "recordid", "rowid", "nr", "no", "number"),
        *("memberid", "memberno", "membernumber", "userid", "username", "accountid", "accountno"),
        *("accountnumber", "account", "cardid", "cardno", "cardnumber", "loyaltyid", "loyaltyno"),
        *("loyaltynumber", "loyaltycard", "loyaltycardnumber", "personid", "contactid", "subscriberid"),
        *("shopperid", "buyerid", "patientid", "guestid", "householdid", "householdkey", "visitorid"),
        *("identifiant", "identificador", "identificativo", "kennung", "mitgliedsnummer", "kartennummer"),
        *("numero", "codigo", "codice", "nummer"),
    },
    {"email", "emailaddress", "mail", "courriel", "correo", "phone", "phonenumber", "telephone", "mobile"},
)
GENDERS = {
    "gender",
    "genre",
    "sex",
    "sexe",
    "geschlecht",
    "sexo",
    "genero",
    "sesso",
    "genere",
    "geslacht",
    "kon",
}
AGES = {"age", "ages", "alter", "edad", "eta", "idade", "leeftijd", "alder", "ageyears", "ageinyears"}
INCOMES = {
    *("income", "annualincome", "yearlyincome", "householdincome", "salary", "einkommen", "jahreseinkommen"),
    *("revenu", "revenuannuel", "salaire", "ingresos", "ingresosanuales", "renda", "rendaanual", "reddito"),
    *("redditoannuo", "inkomen", "jaarinkomen", "estimatedsalary"),
}
SCORES = {
    *("score", "spendingscore", "spendscore", "ausgabenscore", "scoredepenses", "scoregasto", "punteggio"),
    *("puntuacion", "puntuaciongasto", "spendingscorepoints"),
}
SPENDING = {
    *("spending", "spend", "spent", "totalspend", "totalspent", "amountspent", "annualspend", "revenue"),
    *("turnover", "umsatz", "jahresumsatz", "ausgaben", "depenses", "chiffreaffaires", "gasto", "gastos"),
    *("fatturato", "spesa", "uitgaven", "omzet", "purchases", "orders", "visits", "quantity", "amount"),
}
# Digits in these columns identify something and are not amounts.
NAMES = {
    *("zip", "zipcode", "postcode", "postalcode", "plz", "postleitzahl", "codepostal", "cap", "codigopostal"),
    *("phone", "phonenumber", "mobile", "telephone", "telefon", "tel", "fax", "iban", "ean", "sku", "vatid"),
}
SYNONYMS = (GENDERS, AGES, INCOMES, SCORES)


@dataclass(frozen=True)
class Header:
    """A header as written, and what it means."""

    name: str  # as people see it: without padding and invisible characters
    key: str  # letters and digits alone, so that spelling makes no difference
    unit: str = ""
    lowest: float | None = None
    highest: float | None = None

    @property
    def id_rank(self) -> int | None:
        """How clearly it names the customer id: 0 is clearest, `None` if it does not."""
        return next((rank for rank, names in enumerate(CUSTOMER_IDS) if self.key in names), None)

    @property
    def is_number(self) -> bool:
        return any(self.key in names for names in (AGES, INCOMES, SCORES, SPENDING))

    @property
    def names_something(self) -> bool:
        """Whether digits in the column identify something: a postal code, a shop number."""
        return self.key in NAMES or self.id_rank is not None or self.looks_like_id

    @property
    def looks_like_id(self) -> bool:
        """Whether it ends like an id, for files that have their own name for it."""
        words = re.split(r"[^a-z0-9]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", self.name).casefold())
        return "id" in words or "identifier" in words


def understand(written: str) -> Header:
    """Interpret a header: "Annual Income (k$)" is annual income in k$."""
    name = unescape_formula(tidy(written))
    units = ["".join(pair).strip() for pair in UNIT.findall(name)]
    bare = UNIT.sub(" ", name)
    unit = units[-1] if units else ""
    bounds = RANGE.match(unit)
    if bounds:
        return Header(name, key_of(bare), "", float(bounds[1]), float(bounds[2]))
    return Header(name, key_of(bare) or key_of(name), unit[:20])


def tidy(written: str) -> str:
    """Remove padding, line breaks and invisible characters."""
    return " ".join(unicodedata.normalize("NFC", written.translate(INVISIBLE)).split())


def key_of(name: str) -> str:
    """Only letters and digits, ignoring case and accents."""
    plain = unicodedata.normalize("NFKD", tidy(name)).casefold()
    return "".join(character for character in plain if character.isalnum())


def mean_the_same(first: str, second: str) -> bool:
    """Whether two headers mean the same thing: "Gender" and "Genre"."""
    keys = {understand(first).key, understand(second).key}
    return len(keys) == 1 or any(keys <= names for names in SYNONYMS)

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
        *("debitor", "debitorenkonto", "debitorenkontonummer", "abonnent", "clientref"),
    },
    {
        *("id", "ids", "identifier", "uid", "uuid", "guid", "recordid", "rowid", "nr", "no", "number"),
        *("memberid", "memberno", "membernumber", "userid", "username", "accountid", "accountno"),
        *("accountnumber", "account", "cardid", "cardno", "cardnumber", "loyaltyid", "loyaltyno"),
        *("loyaltynumber", "loyaltycard", "loyaltycardnumber", "personid", "contactid", "subscriberid"),
        *("shopperid", "buyerid", "patientid", "guestid", "householdid", "householdkey", "visitorid"),
        *("identifiant", "identificador", "identificativo", "kennung", "mitgliedsnummer", "kartennummer"),
        *("numero", "codigo", "codice", "nummer", "konto", "kontonummer", "kontonr"),
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
    *(
        "cell",
        "cellphone",
        "handy",
        "telefono",
        "portable",
        "msisdn",
        "whatsapp",
        "gtin",
        "isbn",
        "ssn",
        "bic",
    ),
    *(
        "postal",
        "postnummer",
        "postnr",
        "kodpocztowy",
        "psc",
        "iranyitoszam",
        "postinumero",
        "ip",
        "cnpj",
        "cpf",
    ),
    *("телефон", "индекс", "電話番号", "郵便番号", "电话", "邮编", "전화번호", "우편번호"),
}
# Words that may stand beside them: “Mobile phone 2”, “Postal / zip code”.
NEUTRAL = {
    *("code", "number", "no", "nr", "num", "home", "work", "business", "private", "primary", "main", "other"),
    *("contact", "billing", "shipping", "address", "office", "default", "country", "area", "customer"),
}
NUMBERINGS = ("number", "no", "nr", "num", "nummer", "numero", "code", "id", "ref", "reference", "key")
COUNTED = {
    "number",
    "no",
    "num",
    "nb",
    "nombre",
    "count",
    "total",
    "sum",
    "average",
    "avg",
    "mean",
    "anzahl",
    "zip",
}
ENDINGS = ("nummer", "numarasi", "番号", "编号", "編號", "번호")
ACRONYM = re.compile(r"^[A-Z]{1,3}IDS?$")
NO_ACRONYMS = {"PAID", "VOID", "KID", "KIDS", "BID", "BIDS", "AID", "SAID", "GRID", "COVID", "MAID", "ACID"}


def _plain(text: str) -> str:
    """Without accents, and in the parts in which a header's key is written."""
    parts = unicodedata.normalize("NFKD", text)
    return "".join(part for part in parts if not unicodedata.combining(part))


def _pattern(words: str) -> re.Pattern[str]:
    return re.compile(_plain(words))


# An id of a customer in other words: a word for customers beside a word for numberings.
CUSTOMER_WORDS = (
    "customer|client|cust|kunden?|kund|klant|klient|klienta|cliente|asiakas|zakaznika?|ugyfel|musteri|debitor(?:en)?"
    "|клиента?|покупателя?|顧客|お客様|客户|客戶|고객|πελατη"
)
ID_WORDS = (
    "id|identifier|no|nr|num|number|nummer|numero|numer|n|code|kod|key|ref|pk|sk|cislo|szama?|azonosito|numarasi"
    "|номер|код|ид|番号|コード|id|编号|編號|代码|번호|αριθμος|κωδικος|kennung|identifiant|codigo|codice"
)
LINKS = "de|do|da|del|di|du|der|des|van|s"
CUSTOMER_ID = _pattern(
    rf"(?:{CUSTOMER_WORDS})(?:{LINKS})?(?:{ID_WORDS})|(?:{ID_WORDS})(?:{LINKS})?(?:{CUSTOMER_WORDS})"
)
# An id of something else than a customer: an order, a product, a shop.
OTHER_WORDS = (
    "order|invoice|transaction|trans|receipt|purchase|basket|cart|sale|sales|booking|ticket|payment|visit|session"
    "|bestell(?:ung)?|auftrags?|rechnungs?|beleg|commande|facture|pedido|factura|ordine|fattura|zamowienia|заказа?"
    "|чека|注文|订单|주문|siparis|fatura|stock|product|produkt|article|artikel|item|line|store|shop|branch|filial(?:e)?"
    "|employee|staff|campaign|event|list|row"
)
OTHER_ID = _pattern(
    rf"(?:{OTHER_WORDS})(?:{LINKS})?(?:{ID_WORDS})|(?:{ID_WORDS})(?:{LINKS})?(?:{OTHER_WORDS})"
)
ORDERS = _pattern(
    r"^(?:order|invoice|transaction|receipt|purchase|basket|bestell|auftrag|rechnung|beleg|commande|facture|pedido"
    r"|factura|ordine|fattura|zamowien|заказ|чек|注文|订单|주문|siparis|fatura|stockcode|sku|quantity|lineitem)"
)
INDEXES = re.compile(r"unnamed\d*|level0|index|row|rownames?|lfdnr|laufendenummer|srno|slno|sno|\d|")
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
        if CUSTOMER_ID.fullmatch(self.key):
            return 0
        return next((rank for rank, names in enumerate(CUSTOMER_IDS) if self.key in names), None)

    @property
    def is_number(self) -> bool:
        return any(self.key in names for names in (AGES, INCOMES, SCORES, SPENDING))

    @property
    def words(self) -> list[str]:
        """Its words, without accents, in small letters."""
        written = UNIT.sub(" ", re.sub(r"([a-z])([A-Z])", r"\1 \2", self.name))
        return [word for word in map(key_of, re.split(r"[\W_]+|(?<=\D)(?=\d)", written)) if word]

    @property
    def names_something(self) -> bool:
        """Whether digits in the column identify something: a postal code, a shop number."""
        if self.is_number:
            return False
        words = self.words
        is_name = all(word in NAMES or word in NEUTRAL or word.isdigit() for word in words)
        is_numbered = len(words) > 1 and words[-1] in NUMBERINGS and words[0] not in COUNTED
        return (
            self.key in NAMES
            or (is_name and any(word in NAMES for word in words))
            or (
                is_numbered
                or self.key.endswith(tuple(map(_plain, ENDINGS)))
                or words == ["contact", "number"]
            )
            or (self.id_rank is not None or self.looks_like_id or self.is_acronym)
        )

    @property
    def is_acronym(self) -> bool:
        """Whether it is one of many short names for ids: LEID, EUID."""
        return ACRONYM.match(self.name) is not None and self.name not in NO_ACRONYMS

    @property
    def names_other(self) -> bool:
        """Whether it is the id of something else than a customer."""
        return OTHER_ID.fullmatch(self.key) is not None

    @property
    def is_of_orders(self) -> bool:
        """Whether it belongs to an order or a line of one."""
        return ORDERS.match(self.key) is not None

    @property
    def is_index(self) -> bool:
        """Whether it may number the rows."""
        return INDEXES.fullmatch(self.key) is not None

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

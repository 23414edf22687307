"""Character encodings: telling UTF-8 from Windows-1252, and both from what only a person can tell."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

WINDOWS = "cp1252"
ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-16-le": "UTF-16",
    "utf-16-be": gettext_lazy("UTF-16 (big endian)"),
    WINDOWS: gettext_lazy("Western European (Windows-1252)"),
    "iso-8859-1": gettext_lazy("Western European (Latin-1)"),
    "cp1250": gettext_lazy("Central European (Windows-1250)"),
    "cp1251": gettext_lazy("Cyrillic (Windows-1251)"),
    "cp1253": gettext_lazy("Greek (Windows-1253)"),
    "cp1254": gettext_lazy("Turkish (Windows-1254)"),
    "cp1257": gettext_lazy("Baltic (Windows-1257)"),
    "cp850": gettext_lazy("Western European (DOS)"),
    "cp852": gettext_lazy("Central European (DOS)"),
    "koi8_r": gettext_lazy("Cyrillic (KOI8-R)"),
    "shift_jis": gettext_lazy("Japanese (Shift-JIS)"),
    "gb18030": gettext_lazy("Chinese (GB 18030)"),
    "big5": gettext_lazy("Chinese (Big5)"),
    "euc_kr": gettext_lazy("Korean (EUC-KR)"),
    "mac_roman": gettext_lazy("Macintosh (Roman)"),
}

HIGH_BYTES = bytes(range(0x80, 0x100))
# Undefined in that encoding, or not used in Western European names: × ÷ þ ÿ.
UNLIKELY_IN_WINDOWS = re.compile(rb"[\x81\x8d\x8f\x90\x9d\xd7\xf7\xfe\xff]")
LONE_SURROGATE = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")
FEW_BYTES = 12
# Two-byte encodings, as which text in another encoding hardly ever decodes.
EASTERN = ("shift_jis", "gb18030", "big5", "euc_kr")
HIGH_RUN = re.compile(rb"[\x80-\xff]{2,}")

WORD = re.compile(rb"[A-Za-z\x80-\xff]*[\x80-\xff][A-Za-z\x80-\xff]*")
WORDS_KEPT = 2_000
WORDS_SHOWN, ENCODINGS_SHOWN = 3, 2
BLOCKS_SEARCHED = 64
# A file with more words that nobody writes so in Western Europe than this share is asked about.
STRANGE_SHARE = 0.05
VOWELS = "aeiouyáéíóúäëöü"
# What a word of another encoding looks like when it is read as Windows-1252: signs within words, capitals
# after small letters, and letters at places where no Western language has them (“Dvoøák”, “Kovaèiæ”, “Łódź”).
STRANGE = re.compile(
    r"[£¥¢¤§¦¬±¶µªº](?=[^\W\d_])|[¼½¾](?=[a-z])"
    r"|(?<=[^\W\d_])(?:[£¥¢¤¿¡¼½¾¹¯¨¸´¦¬¶†‡ˆ‰‹›•˜„‚“”](?=[^\W\d_])|[£¥¢¤¿¡¼½¾¯¸¦¬¶†‡ˆ‰˜])"
    r"|(?<!\bm)(?<!\bkm)(?<!\bcm)(?<!\bmm)(?<!\bdm)(?<=[^\W\d_])[¹²³]"
    r"|(?<=[a-z])[ŠŽŸŒÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝ](?=[a-z]|$)|Ÿ(?=[a-z])"
    rf"|(?<=[{VOWELS}])[æøœ]|è(?=[{VOWELS}])|(?<=[ae])è|ê$|[ìù](?=[a-z])"
    rf"|(?<![{VOWELS}])ï|ñ(?![{VOWELS}])|(?<=[{VOWELS}])ò|õ(?!e)|ã(?![oesnm]|$)|[ðþ]|ý(?=[a-z])"
    r"|(?<=[bcdfghjklmnpqrstvwxz])[šž](?=[bcdfghjklmnpqrstvwxz])"
    r"|^È(?=[aeiou])|^Œ(?![u])|^[ÌÏÐÒÙ](?=[a-z])",
)
# The letters, beside plain ones, of the languages for which an encoding is used.
ALPHABETS = {
    "cp1250": "ąćęłńóśźżáčďéěíňřšťúůýžľĺŕôäöőüűăâîşţđß",
    "cp1254": "çğıöşüâîûİ",
    "cp1257": "āčēģīķļņšūžąęėįųõäöü",
    "cp1251": "абвгдеёжзийклмнопрстуфхцчшщъыьэюяіїєґ",
    "koi8_r": "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
    "cp1253": "αβγδεζηθικλμνξοπρστυφχψωςάέήίόύώϊϋΐΰ",
    "cp852": "ąćęłńóśźżáčďéěíňřšťúůýžľĺŕôäöőüűăâîđß",
    "cp850": "äöüßéèêàâçñáíóúåæøëïîôùûìòãõ",
    "mac_roman": "äöüßéèêàâçñáíóúåæøëïîôùûìòãõœ",
    WINDOWS: "äöüßéèêàâçñáíóúåæøëïîôùûìòãõœ",
}
EASTERN_LETTERS = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7a3\uff66-\uff9f\u3005ー]")


class EncodingLook:
    """Decides whether a file is UTF-8 with a few damaged bytes, or Windows-1252; block by block."""

    def __init__(self) -> None:
        self.decoder = codecs.getincrementaldecoder("utf-8")()
        self.valid = self.invalid = self.high = self.in_runs = 0
        self.unlikely = False
        self.eastern = True
        self.words: Counter[bytes] = Counter()

    def look(self, block: bytes) -> None:
        if block.isascii() and not self.decoder.getstate()[0]:
            return
        try:
            self.decoder.decode(block)
            self.valid += _count_high(block)
        except UnicodeDecodeError:
            self.decoder.reset()
            self._look_closely(block)

    def _look_closely(self, block: bytes) -> None:
        """Count the valid and invalid sequences in a block that is not valid UTF-8."""
        escaped = sum(
            "\udc80" <= character <= "\udcff" for character in block.decode("utf-8", "surrogateescape")
        )
        high = _count_high(block)
        self.invalid += escaped
        # An encoded half of a surrogate pair can only be damaged UTF-8.
        self.valid += high - escaped + 4 * len(LONE_SURROGATE.findall(block))
        self.high += high
        self.in_runs += sum(len(run) for run in HIGH_RUN.findall(block))
        self.unlikely |= UNLIKELY_IN_WINDOWS.search(block) is not None
        self.eastern = self.eastern and any(_decodes(block, encoding) for encoding in EASTERN)
        if len(self.words) < WORDS_KEPT:
            self.words.update(found_words(block))

    def find_encoding(self) -> tuple[str, str]:
        """The encoding; empty if unclear, with the likeliest one beside it."""
        if not self.invalid or self.valid >= self.invalid:
            return "utf-8", ""
        # In Western European text accented letters are isolated; in other scripts they come in runs.
        in_rows = self.in_runs > 0.3 * self.high and (self.high >= FEW_BYTES or self.eastern)
        if not self.unlikely and not in_rows:
            if not _is_strange(self.words):
                return WINDOWS, ""
        elif self.invalid <= 3:  # a few damaged bytes in a file without accents
            return "utf-8", ""
        return "", rank_encodings(self.words)[0]


def found_words(block: bytes) -> list[bytes]:
    """The first words of a block with letters that are not plain."""
    words = []
    for found in WORD.finditer(block):
        words.append(found[0])
        if len(words) == WORDS_KEPT:
            break
    return words


def _is_strange(words: Counter[bytes]) -> bool:
    """Whether too many of the words make no sense in Windows-1252."""
    strange = sum(count for word, count in words.items() if is_strange_word(word))
    return strange > STRANGE_SHARE * words.total()


def is_strange_word(word: bytes) -> bool:
    text = word.decode(WINDOWS, "replace")
    return STRANGE.search(text) is not None


def rank_encodings(words: Iterable[bytes]) -> Sequence[str]:
    """The encodings, likeliest first: in which the most letters are those of its languages."""
    found = list(words)
    scores = {encoding: _fit(found, encoding) for encoding in (*EASTERN, *ALPHABETS)}
    return sorted(scores, key=lambda encoding: -scores[encoding])


def find_words(blocks: Iterable[bytes]) -> list[bytes]:
    """Some words with letters that are not plain, those first that make no sense in Windows-1252."""
    words: dict[bytes, None] = {}
    for block in islice(blocks, BLOCKS_SEARCHED):
        words |= dict.fromkeys(found_words(block))
        if len(words) >= FEW_BYTES:
            break
    return sorted(words, key=lambda word: not is_strange_word(word))


def compare_encodings(words: Sequence[bytes]) -> list[str]:
    """How the likeliest encodings, and the usual one, read these words: a sentence for each."""
    if not words:
        return []
    text = _("%(encoding)s: %(words)s.")
    said = []
    possible = [
        encoding for encoding in rank_encodings(words) if all(_decodes(word, encoding) for word in words)
    ]
    for encoding in dict.fromkeys([*possible[:ENCODINGS_SHOWN], WINDOWS]):
        shown = [f"“{word.decode(encoding, 'replace')}”" for word in words[:WORDS_SHOWN]]
        said.append(text % {"encoding": ENCODINGS[encoding], "words": ", ".join(shown)})
    return said


def _fit(words: Sequence[bytes], encoding: str) -> float:
    """The share of letters that are at home in this encoding; mixed case within a word counts against it."""
    texts = [word.decode(encoding, "replace") for word in words]
    letters = [character for text in texts for character in text if not character.isascii()]
    if not letters:
        return 0
    if encoding in EASTERN:  # whose words have no plain letters in between
        fitting = sum(EASTERN_LETTERS.match(character) is not None for character in letters)
        return fitting / sum(map(len, texts))
    alphabet = ALPHABETS[encoding]
    fitting = sum(character.lower() in alphabet for character in letters)
    mixed = sum(re.search(r"[a-zà-ÿа-яα-ω][A-ZÀ-ÞА-ЯΑ-Ω]", text) is not None for text in texts)
    strange = sum(map(is_strange_word, words)) if encoding == WINDOWS else 0
    return fitting / len(letters) - (mixed + strange) / len(texts)


def _decodes(block: bytes, encoding: str) -> bool:
    try:
        block.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _count_high(block: bytes) -> int:
    return len(block) - len(block.translate(None, HIGH_BYTES))

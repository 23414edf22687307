"""The names of months in the languages that files come in."""

from __future__ import annotations

import unicodedata

import numpy as np
import numpy.typing as npt
import pyarrow as pa

# One paragraph a language, from January on; bars are between spellings of one month. Accents do not matter.
LANGUAGES = """
january|jan february|feb march|mar april|apr may june|jun july|jul august|aug september|sept|sep october|oct
november|nov december|dec

januar|janner februar|feber marz|mrz april mai juni juli august september oktober|okt november dezember|dez

janvier|janv fevrier|fevr|fev mars avril|avr mai juin juillet|juil aout|aou septembre octobre novembre
decembre

enero|ene febrero marzo abril|abr mayo junio julio agosto|ago septiembre|setiembre|set octubre noviembre
diciembre|dic

gennaio|gen febbraio marzo aprile maggio|mag giugno|giu luglio|lug agosto settembre|sett ottobre|ott
novembre dicembre

janeiro fevereiro marco abril maio junho julho agosto setembro outubro|out novembro dezembro

januari februari maart|mrt april mei juni juli augustus september oktober november december

januari februari mars april maj juni juli augusti september oktober november december

januar februar marts april maj juni juli august september oktober november december

januar februar mars april mai juni juli august september oktober november desember|des

tammikuuta|tammikuu helmikuuta|helmikuu maaliskuuta|maaliskuu huhtikuuta|huhtikuu toukokuuta|toukokuu
kesakuuta|kesakuu heinakuuta|heinakuu elokuuta|elokuu syyskuuta|syyskuu lokakuuta|lokakuu
marraskuuta|marraskuu joulukuuta|joulukuu

stycznia|styczen|sty lutego|luty|lut marca|marzec kwietnia|kwiecien|kwi maja|maj czerwca|czerwiec|cze
lipca|lipiec|lip sierpnia|sierpien|sie wrzesnia|wrzesien|wrz pazdziernika|pazdziernik|paz
listopada|listopad|lis grudnia|grudzien|gru

ledna|leden unora|unor brezna|brezen dubna|duben kvetna|kveten cervna|cerven cervence|cervenec srpna|srpen
zari rijna|rijen listopadu prosince|prosinec

januar februar marcius aprilis majus junius julius augusztus szeptember|szept oktober november december

ianuarie|ian februarie martie aprilie mai iunie iulie august septembrie octombrie noiembrie decembrie

ocak|oca subat|sub mart nisan|nis mayis|may haziran|haz temmuz|tem agustos eylul|eyl ekim|eki kasim|kas
aralik|ara
"""


def _plain(name: str) -> str:
    """Without case and accents."""
    split = unicodedata.normalize("NFKD", name.replace("ı", "i").casefold())
    return "".join(character for character in split if character.isalpha())


MONTHS = {
    spelling: number
    for language in LANGUAGES.strip().split("\n\n")
    for number, spellings in enumerate(language.split(), 1)
    for spelling in spellings.split("|")
}


def month_numbers(names: pa.StringArray) -> npt.NDArray[np.int64]:
    """The numbers of these months, from 1; 0 for what is no month."""
    encoded = names.dictionary_encode()
    numbers = np.array(
        [0, *(MONTHS.get(_plain(name), 0) for name in encoded.dictionary.to_pylist())], np.int64
    )
    indices = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    found: npt.NDArray[np.int64] = numbers[indices + 1]
    return found

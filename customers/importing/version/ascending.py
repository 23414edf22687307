"""Checking whether a file's ids ascend from row to row, in which case there are no duplicates."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


class AscendingIds:
    """Watches ids batch by batch, as whole numbers and as texts; exports are sorted by one or the other.

    It saves the database the search for duplicates, and only needs to remember the last id.
    """

    def __init__(self) -> None:
        self._last_number: int | None = None
        self._last_text: str | None = None
        self._as_numbers = self._as_texts = True

    def __bool__(self) -> bool:
        return self._as_numbers or self._as_texts

    def watch(self, ids: pa.StringArray) -> None:
        if len(ids):
            self._as_numbers = self._as_numbers and self._numbers_rise(ids)
            self._as_texts = self._as_texts and self._texts_rise(ids)

    def _numbers_rise(self, ids: pa.StringArray) -> bool:
        try:
            numbers = pc.cast(ids, pa.int64()).to_numpy()
        except pa.ArrowInvalid:
            return False
        first, before, self._last_number = int(numbers[0]), self._last_number, int(numbers[-1])
        return bool((numbers[1:] > numbers[:-1]).all()) and (before is None or first > before)

    def _texts_rise(self, ids: pa.StringArray) -> bool:
        first, before, self._last_text = ids[0].as_py(), self._last_text, ids[-1].as_py()
        rises = pc.all(pc.less(ids.slice(0, len(ids) - 1), ids.slice(1))).as_py()
        # In UTF-8 order, which is code point order.
        return rises is not False and (before is None or first > before)

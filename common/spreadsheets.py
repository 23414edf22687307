"""What every spreadsheet has in common."""


def column_letters(index: int) -> str:
    """Return a column's name from its index: A, …, Z, AA, …"""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters

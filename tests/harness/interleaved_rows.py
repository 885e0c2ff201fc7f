"""Rows of the binary protocol, taken apart so that a difference can name its column."""
from .wire import Cursor

NUMBERS = {1: 1, 2: 2, 13: 2, 3: 4, 9: 4, 8: 8, 4: 4, 5: 8}  # length by type: TINY, SHORT, YEAR, LONG, INT24, LONGLONG, FLOAT, DOUBLE
TIMES = (7, 10, 11, 12)                                      # length of one byte, then parts


def values_of(row, columns):
    """The bytes of each value, None for NULL; a row that does not fit its columns stays whole."""
    try:
        cursor = Cursor(row)
        cursor.integer(1)
        nulls = cursor.bytes((len(columns) + 9) // 8)
        values = []
        for place, column in enumerate(columns, 2):
            if nulls[place // 8] & 1 << place % 8:
                values.append(None)
            elif column["type"] in NUMBERS:
                values.append(cursor.bytes(NUMBERS[column["type"]]))
            elif column["type"] in TIMES:
                values.append(cursor.bytes(cursor.integer(1)))
            else:
                values.append(cursor.string())
        return tuple(values) if not cursor.left() else (row,)
    except (ValueError, IndexError):
        return (row,)

#!/usr/bin/python3
"""The driver contract (see test_drivers.py). usage: driver_python.py HOST PORT TABLE BLOB_FILE pymysql|MySQLdb"""
import importlib
import sys

host, port, table, blob_file, name = sys.argv[1:]
module = importlib.import_module(name)
PRIMARY = "/* holdfast: primary */"
SQLSTATE_UNKNOWN_TABLE = "42S02"  # neither module tells the state: the code alone is compared

db = module.connect(host=host, port=int(port), user="app", passwd="app-secret", db="test", charset="utf8mb4")
db.autocommit(True)
cursor = db.cursor()


def one(sql, values=None):
    cursor.execute(sql, values)
    return cursor.fetchone()[0]


def text(value):
    return "NULL" if value is None else str(value)


print(f"select={one('select 1 + 1')}")
count = cursor.execute(f"insert into {table} (t) values ('a'), ('b')")
print(f"insert={count} {cursor.lastrowid}")
cursor.execute(f"insert into {table} (i, d, t, n, w) values (%s, %s, %s, %s, %s)",
               (9007199254740993, "12.50", "ä€😀", None, "2024-02-29 12:34:56"))
cursor.execute(f"{PRIMARY} select i, d, t, n, w from {table} where i = %s", (9007199254740993,))
print("prepared=" + "|".join(map(text, cursor.fetchone())))
for word in ("gone", "kept"):
    db.begin()
    cursor.execute(f"insert into {table} (t) values (%s)", (word,))
    db.commit() if word == "kept" else db.rollback()
in_both = one(f"{PRIMARY} select group_concat(t) from {table} where t in ('gone', 'kept')")
print(f"transaction={in_both}")
unicode_text = one("select 'ä€😀'")
print(f"unicode={unicode_text}")
with open(blob_file, "rb") as file:
    blob = file.read()
cursor.execute(f"insert into {table} (b) values (_binary %s)", (blob,))
got = one(f"{PRIMARY} select b from {table} where b is not null")
print(f"blob={len(got)} {'same' if got == blob else 'different'}")
try:
    cursor.execute("select * from no_such_table")
except module.Error as failure:
    print(f"error={failure.args[0]} {SQLSTATE_UNKNOWN_TABLE}")
alive = one("select 'alive'")
print(f"after={alive}")
db.close()

#!/bin/bash
# The driver contract (see test_drivers.py) through the mariadb command line. usage: driver_cli.sh HOST PORT TABLE BLOB_FILE
set -eu
host=$1 port=$2 table=$3 blob_file=$4
client() { mariadb --no-defaults --comments -h "$host" -P "$port" -u app -papp-secret --default-character-set=utf8mb4 -N -B "$@" test; }
one() { client -e "$1"; }
primary="/* holdfast: primary */"
echo "select=$(one "select 1 + 1")"
echo "insert=$(one "insert into $table (t) values ('a'), ('b'); select row_count(), last_insert_id()" | tr '\t' ' ')"
one "prepare p from 'insert into $table (i, d, t, n, w) values (?, ?, ?, ?, ?)';
     set @i = 9007199254740993, @d = 12.50, @t = 'ä€😀', @n = null, @w = '2024-02-29 12:34:56';
     execute p using @i, @d, @t, @n, @w; deallocate prepare p"
echo "prepared=$(one "$primary select i, d, t, n, w from $table where i = 9007199254740993" | tr '\t' '|')"
one "begin; insert into $table (t) values ('gone'); rollback; begin; insert into $table (t) values ('kept'); commit"
echo "transaction=$(one "$primary select group_concat(t) from $table where t in ('gone', 'kept')")"
echo "unicode=$(one "select 'ä€😀'")"
hex=$(od -An -v -tx1 "$blob_file" | tr -d ' \n')
client --max-allowed-packet=64M <<<"insert into $table (b) values (x'$hex');"
stored=$(one "$primary select concat(length(b), ' ', sha1(b)) from $table where b is not null")
sum=$(sha1sum "$blob_file" | cut -d' ' -f1)
[ "${stored#* }" = "$sum" ] && echo "blob=${stored% *} same" || echo "blob=${stored% *} different"
set +e
error=$(one "select * from no_such_table" 2>&1)
set -e
echo "error=$(sed -nE 's/^ERROR ([0-9]+) \(([0-9A-Z]+)\).*/\1 \2/p' <<<"$error")"
echo "after=$(one "select 'alive'")"

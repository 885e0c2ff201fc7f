<?php
// The driver contract (see test_drivers.py) through mysqli. usage: driver_mysqli.php HOST PORT TABLE BLOB_FILE
[, $host, $port, $table, $blob_file] = $argv;
mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
$db = new mysqli($host, 'app', 'app-secret', 'test', (int)$port);
$db->set_charset('utf8mb4');
$primary = '/* holdfast: primary */';
$one = fn($sql) => $db->query($sql)->fetch_row()[0];
echo 'select=', $one('select 1 + 1'), "\n";
$db->query("insert into $table (t) values ('a'), ('b')");
echo "insert=$db->affected_rows $db->insert_id\n";
$statement = $db->prepare("insert into $table (i, d, t, n, w) values (?, ?, ?, ?, ?)");
[$i, $d, $t, $n, $w] = [9007199254740993, '12.50', 'ä€😀', null, '2024-02-29 12:34:56'];
$statement->bind_param('issss', $i, $d, $t, $n, $w);
$statement->execute();
$statement = $db->prepare("$primary select i, d, t, n, w from $table where i = ?");
$statement->bind_param('i', $i);
$statement->execute();
echo 'prepared=', implode('|', array_map(fn($v) => $v ?? 'NULL', $statement->get_result()->fetch_row())), "\n";
foreach (['gone', 'kept'] as $text) {
    $db->begin_transaction();
    $db->query("insert into $table (t) values ('$text')");
    $text === 'kept' ? $db->commit() : $db->rollback();
}
echo 'transaction=', $one("$primary select group_concat(t) from $table where t in ('gone', 'kept')"), "\n";
echo 'unicode=', $one("select 'ä€😀'"), "\n";
$blob = file_get_contents($blob_file);
$statement = $db->prepare("insert into $table (b) values (?)");
$null = null;
$statement->bind_param('b', $null);
foreach (str_split($blob, 1 << 20) as $piece) {
    $statement->send_long_data(0, $piece);
}
$statement->execute();
$got = $one("$primary select b from $table where b is not null");
echo 'blob=', strlen($got), ' ', $got === $blob ? 'same' : 'different', "\n";
try {
    $db->query('select * from no_such_table');
} catch (mysqli_sql_exception $failure) {
    echo 'error=', $failure->getCode(), ' ', $failure->getSqlState(), "\n";
}
echo 'after=', $one("select 'alive'"), "\n";

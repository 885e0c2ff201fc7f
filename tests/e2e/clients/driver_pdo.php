<?php
// The driver contract (see test_drivers.py) through PDO. usage: driver_pdo.php HOST PORT TABLE BLOB_FILE native|emulated
[, $host, $port, $table, $blob_file, $prepares] = $argv;
$db = new PDO("mysql:host=$host;port=$port;dbname=test;charset=utf8mb4", 'app', 'app-secret', [
    PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION, PDO::ATTR_EMULATE_PREPARES => $prepares === 'emulated']);
$primary = '/* holdfast: primary */';
$one = fn($sql) => $db->query($sql)->fetchColumn();
echo 'select=', $one('select 1 + 1'), "\n";
$rows = $db->exec("insert into $table (t) values ('a'), ('b')");
echo "insert=$rows ", $db->lastInsertId(), "\n";
$db->prepare("insert into $table (i, d, t, n, w) values (?, ?, ?, ?, ?)")
   ->execute([9007199254740993, '12.50', 'ä€😀', null, '2024-02-29 12:34:56']);
$statement = $db->prepare("$primary select i, d, t, n, w from $table where i = ?");
$statement->execute([9007199254740993]);
echo 'prepared=', implode('|', array_map(fn($v) => $v ?? 'NULL', $statement->fetch(PDO::FETCH_NUM))), "\n";
$statement->closeCursor();
foreach (['gone', 'kept'] as $text) {
    $db->beginTransaction();
    $db->exec("insert into $table (t) values ('$text')");
    $text === 'kept' ? $db->commit() : $db->rollBack();
}
echo 'transaction=', $one("$primary select group_concat(t) from $table where t in ('gone', 'kept')"), "\n";
echo 'unicode=', $one("select 'ä€😀'"), "\n";
$blob = file_get_contents($blob_file);
$statement = $db->prepare("insert into $table (b) values (?)");
$statement->bindParam(1, $blob, PDO::PARAM_LOB);
$statement->execute();
$got = $one("$primary select b from $table where b is not null");
echo 'blob=', strlen($got), ' ', $got === $blob ? 'same' : 'different', "\n";
try {
    $db->query('select * from no_such_table');
} catch (PDOException $failure) {
    echo 'error=', $failure->errorInfo[1], ' ', $failure->errorInfo[0], "\n";
}
echo 'after=', $one("select 'alive'"), "\n";

// The driver contract (see test_drivers.py) through npm's mysql2 or mariadb.
// usage: node driver_node.js HOST PORT TABLE BLOB_FILE mysql2|mariadb   (NODE_PATH names the packages' folder)
const fs = require('fs');
const [host, port, table, blobFile, name] = process.argv.slice(2);
const login = { host, port: Number(port), user: 'app', password: 'app-secret', database: 'test' };
const primary = '/* holdfast: primary */';

async function connect() {
  if (name === 'mysql2') {
    const db = await require('mysql2/promise').createConnection({
      ...login, charset: 'utf8mb4', dateStrings: true, supportBigNumbers: true, bigNumberStrings: true });
    return { query: async (sql) => (await db.query(sql))[0], execute: async (sql, values) => (await db.execute(sql, values))[0],
             begin: () => db.beginTransaction(), commit: () => db.commit(), rollback: () => db.rollback(), end: () => db.end() };
  }
  const db = await require('mariadb').createConnection({
    ...login, dateStrings: true, bigIntAsNumber: false, decimalAsNumber: false, insertIdAsNumber: true, maxAllowedPacket: 1 << 26 });
  return { query: (sql) => db.query(sql), execute: (sql, values) => db.execute(sql, values), begin: () => db.beginTransaction(),
           commit: () => db.commit(), rollback: () => db.rollback(), end: () => db.end() };
}

async function main() {
  const db = await connect();
  const one = async (sql) => String(Object.values((await db.query(sql))[0])[0]);
  console.log('select=' + await one('select 1 + 1'));
  const inserted = await db.query(`insert into ${table} (t) values ('a'), ('b')`);
  console.log(`insert=${inserted.affectedRows} ${inserted.insertId}`);
  await db.execute(`insert into ${table} (i, d, t, n, w) values (?, ?, ?, ?, ?)`,
    ['9007199254740993', '12.50', 'ä€😀', null, '2024-02-29 12:34:56']);
  const row = (await db.execute(`${primary} select i, d, t, n, w from ${table} where i = ?`, ['9007199254740993']))[0];
  console.log('prepared=' + Object.values(row).map((v) => v === null ? 'NULL' : String(v)).join('|'));
  for (const text of ['gone', 'kept']) {
    await db.begin();
    await db.query(`insert into ${table} (t) values ('${text}')`);
    await (text === 'kept' ? db.commit() : db.rollback());
  }
  console.log('transaction=' + await one(`${primary} select group_concat(t) from ${table} where t in ('gone', 'kept')`));
  console.log('unicode=' + await one("select 'ä€😀'"));
  const blob = fs.readFileSync(blobFile);
  await db.execute(`insert into ${table} (b) values (?)`, [blob]);
  const got = Object.values((await db.query(`${primary} select b from ${table} where b is not null`))[0])[0];
  console.log(`blob=${got.length} ${Buffer.compare(got, blob) === 0 ? 'same' : 'different'}`);
  try {
    await db.query('select * from no_such_table');
  } catch (failure) {
    console.log(`error=${failure.errno} ${failure.sqlState}`);
  }
  console.log('after=' + await one("select 'alive'"));
  await db.end();
}

main().catch((failure) => {
  console.error(failure);
  process.exit(1);
});

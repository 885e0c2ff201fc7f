"""Random scripts for the differential test: seeded, deterministic on a server, and rude (a good part of it fails)."""
import random

TYPES = ["tinyint", "tinyint unsigned", "smallint", "mediumint unsigned", "int", "int unsigned zerofill", "bigint",
         "bigint unsigned", "float", "double", "decimal(12,3)", "decimal(30,0) unsigned", "date", "time", "time(4)", "datetime",
         "datetime(6)", "timestamp null", "year", "char(7)", "varchar(40)", "varchar(30) character set latin1", "binary(5)",
         "varbinary(60)", "tinytext", "text", "blob", "mediumblob", "enum('a','b','c')", "set('x','y','z')", "bit(9)",
         "json", "varchar(20) collate utf8mb4_bin", "char(10) character set utf16", "boolean", "inet6", "uuid"]
LITERALS = ["null", "0", "1", "-1", "255", "256", "-129", "65536", "2147483648", "-9223372036854775808", "18446744073709551615",
            "18446744073709551616", "0.5", "-1e10", "1e308", "123456789.123456789", "''", "'a'", "'abc'", "'x,y'", "'ä€😀'", "' pad '",
            "'2024-02-29'", "'2023-02-29'", "'0000-00-00'", "'2024-01-01 12:34:56.789'", "'23:59:59'", "'-838:59:59'", "'1999'",
            "x'00ff41'", "b'101'", "_latin1 0xE4", "'{\"k\": [1, 2, {\"z\": null}]}'", "'not json'", "true", "'::1'",
            "'00000000-0000-0000-0000-000000000001'", "repeat('w', 50)", "repeat('w', 300)", "'it''s'", "'back\\\\slash'", "N'n'"]
UNARY = ["abs({})", "hex({})", "length({})", "char_length({})", "upper({})", "reverse({})", "cast({} as char)", "cast({} as signed)",
         "cast({} as unsigned)", "cast({} as decimal(10,2))", "cast({} as date)", "cast({} as datetime(3))", "{} is null", "not {}",
         "-({})", "md5({})", "crc32({})", "quote({})", "to_base64({})", "json_valid({})", "ifnull({}, 'nil')", "trim({})", "soundex({})",
         "bin({})", "floor({})", "round({}, 1)", "year({})", "date_format({}, '%Y/%m/%d %H')", "time_to_sec({})", "inet6_aton({})",
         "convert({} using latin1)", "{} collate utf8mb4_bin", "coercibility({})", "charset({})", "json_type({})", "format({}, 2)"]
BINARY = ["{} + {}", "{} - {}", "{} * {}", "{} / {}", "{} % {}", "{} div {}", "{} = {}", "{} <=> {}", "{} < {}", "{} and {}",
          "{} | {}", "{} << {}", "concat({}, {})", "coalesce({}, {})", "nullif({}, {})", "greatest({}, {})", "{} like {}",
          "{} regexp {}", "strcmp({}, {})", "if({}, {}, 'else')", "locate({}, {})", "datediff({}, {})", "json_extract({}, {})",
          "concat_ws('-', {}, {})", "left({}, {})", "{} between {} and 5", "date_add({}, interval {} day)", "{} in ({}, 3)"]
AGGREGATES = ["count(*)", "count({})", "sum({})", "avg({})", "min({})", "max({})", "group_concat({} order by 1 separator '|')",
              "bit_or({})", "stddev({})", "count(distinct {})", "json_arrayagg({})", "any_value({})"]
SETTINGS = ["sql_mode = ''", "sql_mode = 'STRICT_ALL_TABLES,ANSI_QUOTES'", "sql_mode = 'TRADITIONAL'", "sql_mode = default",
            "time_zone = '+02:00'", "time_zone = '-11:30'", "time_zone = 'nowhere'", "names latin1", "names utf8mb4", "names utf8mb4 collate utf8mb4_bin",
            "character_set_results = null", "sql_select_limit = 3", "sql_select_limit = default", "group_concat_max_len = 10",
            "div_precision_increment = 8", "autocommit = 0", "autocommit = 1", "@u = {}", "@v := {}", "@u = {}, @w = {}", "no_such_variable = 1",
            "foreign_key_checks = 0", "tx_isolation = 'READ-COMMITTED'", "session max_error_count = 2", "session max_error_count = default",
            "lc_time_names = 'fr_FR'", "lc_messages = 'de_DE'", "lc_messages = 'en_US'", "collation_connection = utf8mb4_unicode_ci",
            "sql_warnings = 1", "global no_such = 1", "statement sql_select_limit = 1 for select 1 union select 2"]
ERRORS = ["select * from missing", "selekt 1", "select nothing", "insert into missing values (1)", "select 1 +", "use missing_schema",
          "drop table missing", "create table t0 (a int)", "select (select 1 union select 2)", "select unknown_function(1)",
          "call missing_procedure()", "execute nothing", "select * from t0 where (a, b) = 1", "select 1 from dual group by", "kill 'x'",
          "load data infile '/nonexistent' into table t0", "select 'open", "insert into t0 () values (1,2,3,4,5,6,7,8,9,10,11,12,13)",
          "alter table t0 drop column nothing", "signal sqlstate '45000' set message_text = 'own error'", "rollback to nothing", "select @@nothing"]


def without_pins_in_read_only(steps):
    """A session that is pinned inside a read-only transaction stays on its replica, where later writes are refused
    (docs/mysql-service.md): such statements are left out."""
    kept, inside = [], False
    for step in steps:
        text = step[1].lower()
        pins = "@" in text or ";" in text or "lock" in text or text.startswith(("prepare", "execute", "deallocate", "create temporary"))
        if inside and pins:
            continue
        if text.startswith("start transaction read only"):
            inside = True
        elif text.startswith(("begin", "start transaction", "commit")) or text == "rollback":
            inside = False
        kept.append(step)
    return kept


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.tables = {}

    def script(self, length):
        steps = [("query", self._create(f"t{number}")) for number in range(2)]
        steps += [("query", self._insert()) for _ in range(6)]
        makers = [(self._select, 30), (self._select_rows, 14), (self._insert, 12), (self._update, 6), (self._delete, 2), (self._setting, 9),
                  (self._transaction, 6), (self._error, 6), (self._aggregate, 8), (self._session_read, 8), (self._temporary, 3),
                  (self._show, 4), (self._multi, 3), (self._join, 3), (self._text_prepared, 3)]
        makers, weights = zip(*makers)
        while len(steps) < length:
            if self.random.random() < 0.15:
                steps.append(self._prepared())
                continue
            made = self.random.choices(makers, weights)[0]()
            steps.append(("query", made))
        return without_pins_in_read_only(steps)

    def _pick(self, choices):
        return self.random.choice(choices)

    def _table(self):
        return self._pick(sorted(self.tables))

    def _column(self, table):
        return self._pick(self.tables[table])

    def _create(self, name):
        count = self.random.randint(2, 7)
        self.tables[name] = [f"c{number}" for number in range(count)]
        columns = ", ".join(f"c{number} {self._pick(TYPES)}" for number in range(count))
        return f"create table {name} (id int auto_increment primary key, {columns})"

    def _operand(self, table=None):
        draw = self.random.random()
        if table and draw < 0.4:
            return self._column(table)
        return "@u" if draw > 0.96 else self._pick(LITERALS)

    def _expression(self, table=None, depth=2):
        draw = self.random.random()
        if depth == 0 or draw < 0.25:
            return self._operand(table)
        shape = self._pick(UNARY if draw < 0.6 else BINARY)
        return "(" + shape.format(*(self._expression(table, depth - 1) for _ in range(shape.count("{}")))) + ")"

    def _select(self):
        count = self.random.randint(1, 5)
        hint = self._pick(["", "", "", "", "/* holdfast: primary */ ", "/* plain comment */ ", "-- line comment\n"])
        return hint + "select " + ", ".join(self._expression() + self._pick(["", "", f" as n{number}"]) for number in range(count))

    def _select_rows(self):
        table = self._table()
        wanted = self._pick(["*", self._expression(table), f"id, {self._expression(table)}"])
        where = self._pick(["", "", f" where {self._expression(table)}"])
        tail = self._pick(["", "", " limit 2", " limit 1 offset 1", " for update", " lock in share mode"])
        calc = self._pick(["", "", "", "sql_calc_found_rows "]) if "limit" in tail else ""
        return f"select {calc}{wanted} from {table}{where} order by id{tail}"

    def _aggregate(self):
        table = self._table()
        parts = ", ".join(self._pick(AGGREGATES).format(self._column(table)) for _ in range(3))
        grouped = self._pick(["", f" group by {self._column(table)} order by 1, 2, 3"])
        return f"select {parts} from {table}{grouped}"

    def _join(self):
        one, other = self._table(), self._table()
        return (f"select a.id, b.id, a.{self._column(one)} from {one} a {self._pick(['left join', 'join'])} {other} b on a.id = b.id + 1"
                " order by a.id, b.id")

    def _insert(self):
        table = self._table()
        count = self.random.randint(1, 3)
        columns = self.tables[table]
        values = ", ".join("(" + ", ".join(self._pick(LITERALS) for _ in columns) + ")" for _ in range(count))
        verb = self._pick(["insert into", "insert ignore into", "insert ignore into", "replace into"])
        tail = self._pick(["", "", f" on duplicate key update id = id + 100"]) if verb == "insert into" else ""
        returning = " returning id" if not tail and self.random.random() < 0.15 else ""
        return f"{verb} {table} ({', '.join(columns)}) values {values}{tail}{returning}"

    def _update(self):
        table = self._table()
        return (f"update {self._pick(['', 'ignore '])}{table} set {self._column(table)} = {self._pick(LITERALS)}"
                f" where id {self._pick(['= 1', '> 2', '= -1', 'in (1, 3)'])}")

    def _delete(self):
        return f"delete from {self._table()} where id = {self.random.randint(1, 8)}"

    def _setting(self):
        shape = self._pick(SETTINGS)
        return "set " + shape.format(*(self._pick(LITERALS) for _ in range(shape.count("{}"))))

    def _transaction(self):
        return self._pick(["begin", "start transaction", "commit", "rollback", "start transaction read only", "savepoint s", "rollback to s",
                           "release savepoint s", "commit and chain", "set transaction isolation level serializable", "start transaction with consistent snapshot"])

    def _error(self):
        return self._pick(ERRORS)

    def _session_read(self):
        return self._pick(["select last_insert_id()", "select row_count()", "select found_rows()", "show warnings", "show errors", "select @u, @v, @w",
                           "show count(*) warnings", "select database(), user(), current_user()", "select @@sql_mode", "select @@time_zone, @@autocommit",
                           "select @@in_transaction", "show variables like 'character_set%'", "select @@warning_count, @@error_count", "select @@identity",
                           "select @@tx_isolation", "select @u := @u + 1"])

    def _temporary(self):
        return self._pick(["create temporary table if not exists tmp (a int, b varchar(9))", "insert into tmp values (1, 'x'), (2, null)",
                           "select * from tmp order by a", "drop temporary table if exists tmp", "select count(*) from tmp"])

    def _show(self):
        table = self._table()
        return self._pick([f"show columns from {table}", f"desc {table}", "show tables", f"/*master*/ show create table {table}", "show databases like 'test%'",
                           "show collation like 'utf8mb4_b%'", f"show full columns from {table}", "show character set like 'utf8%'", "show engines", "show grants"])

    def _multi(self):
        return "; ".join(self._pick([self._select, self._insert, self._select_rows, self._error, self._setting])() for _ in range(self.random.randint(2, 4)))

    def _text_prepared(self):
        return self._pick(["prepare p from 'select ? as a, ? as b'", "execute p using @u, @v", "execute p", "deallocate prepare p",
                           "execute immediate 'select 1 as one'", "prepare q from 'select * from t0 order by id limit ?'", "execute q using @n", "set @n = 2"])

    def _prepared(self):
        table = self._table()
        values = [self._pick([None, 0, 1, -1, 255, 2 ** 40, 2 ** 64 - 1, 1.5, -2e30, "", "a", "ä€😀", "2024-02-29", "x" * 200, "{}"]) for _ in range(3)]
        shape, used = self._pick([
            ("select ?, ?, ?", 3), ("select ? + ?, concat(?, '!')", 3), (f"select * from {table} where id > ? order by id", 1),
            (f"select {self._column(table)} from {table} where {self._column(table)} = ? order by id", 1), ("select 1", 0),
            (f"insert into {table} ({self._column(table)}) values (?)", 1), (f"update {table} set {self._column(table)} = ? where id = ?", 2),
            ("select ? from missing", 1), (f"select count(*) from {table} where id in (?, ?, ?)", 3), ("set @u = ?", 1), ("select @u, ?", 1)])
        return ("prepared", shape, values[:used])

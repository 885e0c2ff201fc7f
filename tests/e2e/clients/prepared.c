/* Prepared statements through libmariadb; prints what the client saw as one JSON object per line.
 * usage: prepared HOST PORT USER PASSWORD SCHEMA types|bulk|cursor|long_data|multi_result|metadata
 * Exit status 0 when every call did what the scenario expects of a server. */
#include <mysql.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static MYSQL* db;

static void fail(const char* what, MYSQL_STMT* stmt) {
  fprintf(stderr, "%s: %u %s\n", what, stmt ? mysql_stmt_errno(stmt) : mysql_errno(db),
          stmt ? mysql_stmt_error(stmt) : mysql_error(db));
  exit(1);
}

static void text(const char* bytes, unsigned long length) {
  putchar('"');
  for (unsigned long i = 0; i < length; i++) {
    unsigned char c = (unsigned char)bytes[i];
    if (c < 32 || c > 126 || c == '"' || c == '\\')
      printf("\\u%04x", c);
    else
      putchar(c);
  }
  putchar('"');
}

static void run(const char* sql) {
  if (mysql_query(db, sql)) fail(sql, NULL);
}

static MYSQL_STMT* prepare(const char* sql) {
  MYSQL_STMT* stmt = mysql_stmt_init(db);
  if (mysql_stmt_prepare(stmt, sql, strlen(sql))) fail(sql, stmt);
  printf("{\"prepared\": ");
  text(sql, strlen(sql));
  printf(", \"params\": %lu, \"columns\": %u}\n", mysql_stmt_param_count(stmt), mysql_stmt_field_count(stmt));
  return stmt;
}

static void metadata(MYSQL_RES* result) {
  printf("{\"columns\": [");
  for (unsigned i = 0; i < mysql_num_fields(result); i++) {
    MYSQL_FIELD* f = mysql_fetch_field_direct(result, i);
    printf("%s[", i ? ", " : "");
    text(f->name, f->name_length);
    printf(", ");
    text(f->org_name, f->org_name_length);
    printf(", ");
    text(f->table, f->table_length);
    printf(", ");
    text(f->db, f->db_length);
    printf(", %d, %u, %u, %lu, %u]", (int)f->type, f->flags, f->charsetnr, f->length, f->decimals);
  }
  printf("]}\n");
}

/* Prints all rows of the current result; every value is fetched as text. */
static void rows(MYSQL_STMT* stmt) {
  MYSQL_RES* result = mysql_stmt_result_metadata(stmt);
  if (!result) {
    printf("{\"affected\": %llu, \"insert_id\": %llu, \"warnings\": %u}\n", (unsigned long long)mysql_stmt_affected_rows(stmt),
           (unsigned long long)mysql_stmt_insert_id(stmt), mysql_stmt_warning_count(stmt));
    return;
  }
  metadata(result);
  unsigned count = mysql_num_fields(result);
  MYSQL_BIND* bind = calloc(count, sizeof *bind);
  unsigned long* lengths = calloc(count, sizeof *lengths);
  my_bool* nulls = calloc(count, sizeof *nulls);
  for (unsigned i = 0; i < count; i++) {
    bind[i].buffer_type = MYSQL_TYPE_STRING;
    bind[i].buffer = malloc(4096);
    bind[i].buffer_length = 4096;
    bind[i].length = &lengths[i];
    bind[i].is_null = &nulls[i];
  }
  if (mysql_stmt_bind_result(stmt, bind)) fail("bind result", stmt);
  int status;
  while ((status = mysql_stmt_fetch(stmt)) == 0 || status == MYSQL_DATA_TRUNCATED) {
    printf("{\"row\": [");
    for (unsigned i = 0; i < count; i++) {
      if (i) printf(", ");
      if (nulls[i])
        printf("null");
      else
        text(bind[i].buffer, lengths[i] < 4096 ? lengths[i] : 4096);
    }
    printf("]}\n");
  }
  if (status == 1) fail("fetch", stmt);
  for (unsigned i = 0; i < count; i++) free(bind[i].buffer);
  free(bind);
  free(lengths);
  free(nulls);
  mysql_free_result(result);
  mysql_stmt_free_result(stmt);
}

static void execute(MYSQL_STMT* stmt) {
  if (mysql_stmt_execute(stmt)) fail("execute", stmt);
  rows(stmt);
}

static void scenario_types(void) {
  run("create temporary table hf_types (t tinyint, tu tinyint unsigned, s smallint, m mediumint, i int, b bigint, bu bigint unsigned,"
      " f float, d double, n decimal(30,10), da date, ti time(3), dt datetime(6), ts timestamp null, y year, c char(10),"
      " v varchar(200), bl blob, tx text, e enum('x','y'), se set('p','q'), bi bit(12), j json)");
  MYSQL_STMT* stmt = prepare("insert into hf_types values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
  const char* values[] = {"-128", "255", "-32768", "8388607", "-2147483648", "-9223372036854775808", "18446744073709551615", "1.5",
                          "-2.25e100", "12345678901234567890.0123456789", "2024-02-29", "-838:59:58.999", "9999-12-31 23:59:59.999999",
                          "2001-02-03 04:05:06", "1999", "char", "v\xc3\xa4rchar", "bl\\ob", "text", "y", "p,q", "\x0a\xbc", "{\"a\": [1, null]}"};
  MYSQL_BIND bind[23];
  unsigned long lengths[23];
  memset(bind, 0, sizeof bind);
  for (int i = 0; i < 23; i++) {
    lengths[i] = strlen(values[i]);
    bind[i].buffer_type = MYSQL_TYPE_STRING;
    bind[i].buffer = (void*)values[i];
    bind[i].buffer_length = lengths[i];
    bind[i].length = &lengths[i];
  }
  if (mysql_stmt_bind_param(stmt, bind)) fail("bind", stmt);
  execute(stmt);
  my_bool yes = 1;
  for (int i = 0; i < 23; i++) bind[i].is_null = &yes;
  if (mysql_stmt_bind_param(stmt, bind)) fail("bind", stmt);
  execute(stmt);
  mysql_stmt_close(stmt);
  stmt = prepare("select * from hf_types");
  execute(stmt);
  mysql_stmt_close(stmt);

  stmt = prepare("select ? + 1, ? * 2, concat(?, '!'), ?");
  long long big = -5;
  double real = 0.125;
  memset(bind, 0, sizeof bind);
  bind[0].buffer_type = MYSQL_TYPE_LONGLONG;
  bind[0].buffer = &big;
  bind[1].buffer_type = MYSQL_TYPE_DOUBLE;
  bind[1].buffer = &real;
  bind[2].buffer_type = MYSQL_TYPE_STRING;
  bind[2].buffer = "text";
  bind[2].buffer_length = 4;
  MYSQL_TIME moment = {2024, 5, 6, 7, 8, 9, 123456, 0, MYSQL_TIMESTAMP_DATETIME};
  bind[3].buffer_type = MYSQL_TYPE_DATETIME;
  bind[3].buffer = &moment;
  if (mysql_stmt_bind_param(stmt, bind)) fail("bind", stmt);
  for (int i = 0; i < 6; i++) execute(stmt);
  mysql_stmt_close(stmt);
}

/* COM_STMT_BULK_EXECUTE, where the server announces it: many rows in one command. */
static void scenario_bulk(void) {
  run("create or replace table hf_bulk (id int primary key auto_increment, n int, v varchar(50))");
  MYSQL_STMT* stmt = prepare("insert into hf_bulk (n, v) values (?, ?)");
  enum { kRows = 500 };
  int numbers[kRows];
  char* texts[kRows];
  unsigned long lengths[kRows];
  char indicators[kRows];
  for (int i = 0; i < kRows; i++) {
    numbers[i] = i;
    texts[i] = malloc(32);
    lengths[i] = (unsigned long)snprintf(texts[i], 32, "row %d", i);
    indicators[i] = i % 7 == 0 ? STMT_INDICATOR_NULL : STMT_INDICATOR_NONE;
  }
  MYSQL_BIND bind[2];
  memset(bind, 0, sizeof bind);
  bind[0].buffer_type = MYSQL_TYPE_LONG;
  bind[0].buffer = numbers;
  bind[1].buffer_type = MYSQL_TYPE_STRING;
  bind[1].buffer = texts;
  bind[1].length = lengths;
  bind[1].u.indicator = indicators;
  unsigned int count = kRows;
  mysql_stmt_attr_set(stmt, STMT_ATTR_ARRAY_SIZE, &count);
  if (mysql_stmt_bind_param(stmt, bind)) fail("bind", stmt);
  execute(stmt);
  mysql_stmt_close(stmt);
  stmt = prepare("select count(*), sum(n), count(v), max(v) from hf_bulk for update");
  execute(stmt);
  mysql_stmt_close(stmt);
  for (int i = 0; i < kRows; i++) free(texts[i]);
  run("drop table hf_bulk");
}

static void scenario_cursor(void) {
  MYSQL_STMT* stmt = mysql_stmt_init(db);
  unsigned long type = CURSOR_TYPE_READ_ONLY, ahead = 10;
  mysql_stmt_attr_set(stmt, STMT_ATTR_CURSOR_TYPE, &type);
  mysql_stmt_attr_set(stmt, STMT_ATTR_PREFETCH_ROWS, &ahead);
  const char* sql = "select seq, concat('r', seq) from seq_1_to_101";
  if (mysql_stmt_prepare(stmt, sql, strlen(sql))) fail(sql, stmt);
  for (int i = 0; i < 3; i++) execute(stmt);
  mysql_stmt_close(stmt);
}

static void scenario_long_data(void) {
  MYSQL_STMT* stmt = prepare("select length(?), sha1(?)");
  MYSQL_BIND bind[2];
  memset(bind, 0, sizeof bind);
  bind[0].buffer_type = bind[1].buffer_type = MYSQL_TYPE_BLOB;
  if (mysql_stmt_bind_param(stmt, bind)) fail("bind", stmt);
  char* piece = malloc(1 << 20);
  memset(piece, 'L', 1 << 20);
  for (unsigned param = 0; param < 2; param++)
    for (int i = 0; i < 5; i++)
      if (mysql_stmt_send_long_data(stmt, param, piece, 1 << 20)) fail("long data", stmt);
  execute(stmt);
  free(piece);
  mysql_stmt_close(stmt);
}

static void scenario_multi_result(void) {
  run("create or replace procedure hf_multi(in a int, inout b int) begin select a; select a, a * 2 union all select 1, 2;"
      " set b = a + b; end");
  run("set @b = 10");
  MYSQL_STMT* stmt = prepare("call hf_multi(7, @b)");
  if (mysql_stmt_execute(stmt)) fail("execute", stmt);
  int more;
  do {
    rows(stmt);
  } while ((more = mysql_stmt_next_result(stmt)) == 0);
  if (more > 0) fail("next result", stmt);
  mysql_stmt_close(stmt);
  stmt = prepare("select @b");
  execute(stmt);
  mysql_stmt_close(stmt);
  run("drop procedure hf_multi");
}

/* The server may leave the column definitions out when the client has them already (MariaDB's metadata cache). */
static void scenario_metadata(void) {
  run("create temporary table hf_meta (a int, b varchar(20))");
  run("insert into hf_meta values (1, 'one'), (2, null)");
  MYSQL_STMT* stmt = prepare("select * from hf_meta");
  for (int i = 0; i < 5; i++) execute(stmt);
  run("alter table hf_meta modify b varchar(40)");
  execute(stmt);
  execute(stmt);
  mysql_stmt_close(stmt);
}

int main(int argc, char** argv) {
  if (argc != 7) {
    fprintf(stderr, "usage: prepared HOST PORT USER PASSWORD SCHEMA SCENARIO\n");
    return 2;
  }
  db = mysql_init(NULL);
  mysql_options(db, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  if (!mysql_real_connect(db, argv[1], argv[3], argv[4], argv[5], (unsigned)atoi(argv[2]), NULL, CLIENT_MULTI_RESULTS))
    fail("connect", NULL);
  struct {
    const char* name;
    void (*run)(void);
  } scenarios[] = {{"types", scenario_types},         {"bulk", scenario_bulk},       {"cursor", scenario_cursor}, {"long_data", scenario_long_data},
                   {"multi_result", scenario_multi_result}, {"metadata", scenario_metadata}};
  for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++)
    if (strcmp(argv[6], scenarios[i].name) == 0) {
      scenarios[i].run();
      mysql_close(db);
      return 0;
    }
  fprintf(stderr, "unknown scenario %s\n", argv[6]);
  return 2;
}

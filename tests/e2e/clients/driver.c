/* The driver contract (see test_drivers.py) through libmariadb. usage: driver HOST PORT TABLE BLOB_FILE */
#include <mysql.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static MYSQL* db;

static void fail(const char* what) {
  fprintf(stderr, "%s: %u %s\n", what, mysql_errno(db), mysql_error(db));
  exit(1);
}

static void run(const char* format, const char* table) {
  char sql[1024];
  snprintf(sql, sizeof sql, format, table);
  if (mysql_query(db, sql)) fail(sql);
}

static void print_value(const char* name, const char* format, const char* table) {
  run(format, table);
  MYSQL_RES* result = mysql_store_result(db);
  MYSQL_ROW row = mysql_fetch_row(result);
  printf("%s=%s\n", name, row[0] ? row[0] : "NULL");
  mysql_free_result(result);
}

static void bind_text(MYSQL_BIND* bind, const char* value) {
  bind->buffer_type = MYSQL_TYPE_STRING;
  bind->buffer = (void*)value;
  bind->buffer_length = strlen(value);
}

static void prepared(const char* table) {
  char sql[256];
  snprintf(sql, sizeof sql, "insert into %s (i, d, t, n, w) values (?, ?, ?, ?, ?)", table);
  MYSQL_STMT* stmt = mysql_stmt_init(db);
  if (mysql_stmt_prepare(stmt, sql, strlen(sql))) fail(mysql_stmt_error(stmt));
  MYSQL_BIND bind[5];
  memset(bind, 0, sizeof bind);
  long long number = 9007199254740993LL;
  bind[0].buffer_type = MYSQL_TYPE_LONGLONG;
  bind[0].buffer = &number;
  bind_text(&bind[1], "12.50");
  bind_text(&bind[2], "ä€😀");
  bind[3].buffer_type = MYSQL_TYPE_NULL;
  bind_text(&bind[4], "2024-02-29 12:34:56");
  if (mysql_stmt_bind_param(stmt, bind) || mysql_stmt_execute(stmt)) fail(mysql_stmt_error(stmt));
  mysql_stmt_close(stmt);

  snprintf(sql, sizeof sql, "/* holdfast: primary */ select i, d, t, n, w from %s where i = ?", table);
  stmt = mysql_stmt_init(db);
  if (mysql_stmt_prepare(stmt, sql, strlen(sql)) || mysql_stmt_bind_param(stmt, bind) || mysql_stmt_execute(stmt))
    fail(mysql_stmt_error(stmt));
  char values[5][100];
  unsigned long lengths[5];
  my_bool nulls[5];
  memset(bind, 0, sizeof bind);
  for (int i = 0; i < 5; i++) {
    bind[i].buffer_type = MYSQL_TYPE_STRING;
    bind[i].buffer = values[i];
    bind[i].buffer_length = sizeof values[i];
    bind[i].length = &lengths[i];
    bind[i].is_null = &nulls[i];
  }
  if (mysql_stmt_bind_result(stmt, bind) || mysql_stmt_fetch(stmt)) fail(mysql_stmt_error(stmt));
  printf("prepared=");
  for (int i = 0; i < 5; i++) printf("%s%.*s", i ? "|" : "", nulls[i] ? 4 : (int)lengths[i], nulls[i] ? "NULL" : values[i]);
  printf("\n");
  mysql_stmt_close(stmt);
}

static void blob(const char* table, const char* path) {
  FILE* file = fopen(path, "rb");
  fseek(file, 0, SEEK_END);
  unsigned long size = (unsigned long)ftell(file);
  rewind(file);
  char* bytes = malloc(size);
  if (fread(bytes, 1, size, file) != size) fail("read");
  fclose(file);
  char sql[256];
  snprintf(sql, sizeof sql, "insert into %s (b) values (?)", table);
  MYSQL_STMT* stmt = mysql_stmt_init(db);
  MYSQL_BIND bind;
  memset(&bind, 0, sizeof bind);
  bind.buffer_type = MYSQL_TYPE_BLOB;
  bind.buffer = bytes;
  bind.buffer_length = size;
  if (mysql_stmt_prepare(stmt, sql, strlen(sql)) || mysql_stmt_bind_param(stmt, &bind) || mysql_stmt_execute(stmt))
    fail(mysql_stmt_error(stmt));
  mysql_stmt_close(stmt);
  run("/* holdfast: primary */ select b from %s where b is not null", table);
  MYSQL_RES* result = mysql_store_result(db);
  MYSQL_ROW row = mysql_fetch_row(result);
  unsigned long got = mysql_fetch_lengths(result)[0];
  printf("blob=%lu %s\n", got, got == size && memcmp(row[0], bytes, size) == 0 ? "same" : "different");
  mysql_free_result(result);
  free(bytes);
}

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const char* table = argv[3];
  db = mysql_init(NULL);
  mysql_options(db, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  if (!mysql_real_connect(db, argv[1], "app", "app-secret", "test", (unsigned)atoi(argv[2]), NULL, 0)) fail("connect");
  print_value("select", "select 1 + 1", "");
  run("insert into %s (t) values ('a'), ('b')", table);
  printf("insert=%llu %llu\n", (unsigned long long)mysql_affected_rows(db), (unsigned long long)mysql_insert_id(db));
  prepared(table);
  run("begin", "");
  run("insert into %s (t) values ('gone')", table);
  run("rollback", "");
  run("begin", "");
  run("insert into %s (t) values ('kept')", table);
  run("commit", "");
  print_value("transaction", "/* holdfast: primary */ select group_concat(t) from %s where t in ('gone', 'kept')", table);
  print_value("unicode", "select 'ä€😀'", "");
  blob(table, argv[4]);
  if (mysql_query(db, "select * from no_such_table"))
    printf("error=%u %s\n", mysql_errno(db), mysql_sqlstate(db));
  print_value("after", "select 'alive'", "");
  mysql_close(db);
  return 0;
}

"""Which server answered? Small questions that tests ask again and again."""

ANSWERING = "test.answering"  # its only row is the id of the server it stands on: a plain read of a plain table tells who answered


def make_answering_table(cluster):
    for server in cluster.servers:
        server.query("set sql_log_bin = 0", f"create or replace table {ANSWERING} (id int primary key)",
                     f"insert into {ANSWERING} values ({server.server_id})")


def drop_answering_table(cluster):
    for server in cluster.servers:
        server.query("set sql_log_bin = 0", f"drop table if exists {ANSWERING}")


def server_id(connection):
    """The id of the server that answered a plain read on this PyMySQL connection."""
    return int(value(connection, "select @@server_id"))


def value(connection, sql, *arguments):
    with connection.cursor() as cursor:
        cursor.execute(sql, arguments or None)
        row = cursor.fetchone()
        return None if row is None else row[0]


def rows(connection, sql, *arguments):
    with connection.cursor() as cursor:
        cursor.execute(sql, arguments or None)
        return cursor.fetchall()


def run(connection, *statements):
    """Runs statements; the affected rows of the last."""
    with connection.cursor() as cursor:
        for statement in statements:
            affected = cursor.execute(statement)
        return affected


def error_of(action, *arguments, **options):
    """(code, text) of the MySQL error that the action raises; fails when it raises none."""
    import pymysql
    try:
        action(*arguments, **options)
    except pymysql.err.MySQLError as failure:
        return failure.args
    raise AssertionError("no error was raised")

"""What drivers and frameworks send when they connect, as lists of statement texts; {schema} is the session's own."""

CONNECTS = {
    "Connector/J 2.x": ["set autocommit=1, session_track_schema=1, sql_mode = concat(@@sql_mode,',STRICT_TRANS_TABLES')",
                        "SELECT @@max_allowed_packet, @@system_time_zone, @@time_zone, @@auto_increment_increment"],
    "Connector/J 3.x": ["SET sql_mode=CONCAT(@@sql_mode,',STRICT_TRANS_TABLES'), session_track_system_variables="
                        "CONCAT(@@global.session_track_system_variables,',tx_isolation'), NAMES utf8mb4",
                        "SELECT @@max_allowed_packet, @@wait_timeout"],
    "Connector/J 3.x, transaction_isolation": ["SET sql_mode=CONCAT(@@sql_mode,',STRICT_TRANS_TABLES'), session_track_system_variables="
                                               "CONCAT(@@global.session_track_system_variables,',transaction_isolation'), NAMES utf8mb4"],
    "MySQL Connector/J": ["/* mysql-connector-java-8.0 */SELECT @@session.auto_increment_increment AS auto_increment_increment,"
                          " @@character_set_client AS character_set_client, @@character_set_results AS character_set_results,"
                          " @@init_connect AS init_connect, @@interactive_timeout AS interactive_timeout, @@license AS license,"
                          " @@max_allowed_packet AS max_allowed_packet, @@sql_mode AS sql_mode, @@wait_timeout AS wait_timeout",
                          "SET NAMES utf8mb4", "SET character_set_results = NULL", "SET autocommit=1", "SET sql_mode='STRICT_TRANS_TABLES'"],
    "Connector/ODBC": ["SET NAMES utf8mb4", "SET SQL_AUTO_IS_NULL = 0", "SET autocommit=1", "select database()",
                       "SET session_track_system_variables=CONCAT(@@session_track_system_variables,',sql_mode')"],
    "MySQL Connector/ODBC": ["SET NAMES utf8", "SET character_set_results = NULL", "SET SQL_AUTO_IS_NULL = 0",
                             "SELECT @@sql_mode", "SET @@sql_select_limit=DEFAULT"],
    "mysqli": ["SET NAMES utf8mb4 COLLATE utf8mb4_unicode_ci", "SET SESSION sql_mode = ''"],
    "PDO": ["SET NAMES utf8mb4", "SET time_zone = '+00:00'", "SET SESSION sql_mode = 'TRADITIONAL'"],
    "WordPress": ["SET NAMES utf8mb4 COLLATE utf8mb4_unicode_520_ci", "SELECT @@SESSION.sql_mode",
                  "SET SESSION sql_mode='NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'"],
    "Rails": ["SET NAMES utf8mb4, @@SESSION.sql_mode = CONCAT(CONCAT(@@sql_mode, ',STRICT_ALL_TABLES'), ',NO_AUTO_VALUE_ON_ZERO'),"
              " @@SESSION.sql_auto_is_null = 0, @@SESSION.wait_timeout = 2147483"],
    "Rails 7": ["SELECT VERSION()", "SET @@SESSION.sql_mode = 'STRICT_ALL_TABLES', @@SESSION.sql_auto_is_null = 0, @@SESSION.wait_timeout = 2147483"],
    "Django": ["SET SQL_AUTO_IS_NULL = 0", "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", "SET autocommit=1",
               "SELECT VERSION(), @@sql_mode, @@default_storage_engine, @@sql_auto_is_null, @@lower_case_table_names,"
               " CONVERT_TZ('2001-01-01 01:00:00', 'UTC', 'UTC') IS NOT NULL"],
    "Laravel": ["use `{schema}`;", "set names 'utf8mb4' collate 'utf8mb4_unicode_ci'",
                "set session sql_mode='ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,"
                "NO_ENGINE_SUBSTITUTION'"],
    "Hibernate": ["SET sql_mode=CONCAT(@@sql_mode,',STRICT_TRANS_TABLES'), session_track_system_variables="
                  "CONCAT(@@global.session_track_system_variables,',tx_isolation'), NAMES utf8mb4", "SET autocommit=1",
                  "SELECT @@session.tx_isolation", "SET SESSION TRANSACTION READ WRITE", "select database()"],
    "go-sql-driver": ["SELECT @@max_allowed_packet", "SET NAMES utf8mb4 COLLATE utf8mb4_general_ci", "SET time_zone='+00:00'",
                      "SET sql_mode='STRICT_TRANS_TABLES'"],
    "DBD::mysql": ["SET NAMES 'utf8mb4'", "set autocommit=1"],
    "SQLAlchemy": ["SELECT DATABASE()", "SELECT @@sql_mode", "SELECT @@lower_case_table_names", "show variables like 'sql_mode'"],
    "Sequelize": ["SET time_zone = '+00:00'", "SELECT VERSION() as `version`"],
}

#include "policy/sql/words.h"

#include "policy/sql/name_table.h"

// clang-format off: tables read better in columns

namespace hf::policy::sql {
namespace {

struct Keyword {
  std::string_view name;
  Word word;
  Call call = Call::kUnknown;
};

// `call` is kNone only for reserved words and for words after which a parenthesis cannot be a call's: a stored function may be named
// like any word that is not reserved.
constexpr Keyword kKeywords[] = {
    {"select", Word::kSelect, Call::kNone}, {"with", Word::kWith, Call::kNone}, {"values", Word::kValues, Call::kRead},
    {"value", Word::kValue, Call::kRead}, {"table", Word::kTable, Call::kNone}, {"insert", Word::kInsert, Call::kRead},
    {"replace", Word::kReplace, Call::kRead}, {"update", Word::kUpdate, Call::kNone}, {"delete", Word::kDelete, Call::kNone},
    {"set", Word::kSet, Call::kNone}, {"use", Word::kUse, Call::kNone}, {"begin", Word::kBegin}, {"start", Word::kStart},
    {"commit", Word::kCommit}, {"rollback", Word::kRollback}, {"savepoint", Word::kSavepoint},
    {"release", Word::kRelease, Call::kNone}, {"xa", Word::kXa}, {"kill", Word::kKill, Call::kNone},
    {"show", Word::kShow, Call::kNone}, {"explain", Word::kExplain, Call::kNone}, {"describe", Word::kDescribe, Call::kNone},
    {"desc", Word::kDesc, Call::kNone}, {"analyze", Word::kAnalyze, Call::kNone}, {"call", Word::kCall, Call::kNone},
    {"create", Word::kCreate, Call::kNone}, {"alter", Word::kAlter, Call::kNone}, {"drop", Word::kDrop, Call::kNone},
    {"rename", Word::kRename, Call::kNone}, {"truncate", Word::kTruncate, Call::kRead}, {"grant", Word::kGrant, Call::kNone},
    {"revoke", Word::kRevoke, Call::kNone}, {"lock", Word::kLock, Call::kNone}, {"unlock", Word::kUnlock, Call::kNone},
    {"prepare", Word::kPrepare}, {"execute", Word::kExecute}, {"deallocate", Word::kDeallocate}, {"load", Word::kLoad, Call::kNone},
    {"handler", Word::kHandler}, {"do", Word::kDo}, {"flush", Word::kFlush}, {"help", Word::kHelp}, {"checksum", Word::kChecksum},
    {"check", Word::kCheck, Call::kNone}, {"repair", Word::kRepair}, {"optimize", Word::kOptimize, Call::kNone},
    {"cache", Word::kCache}, {"purge", Word::kPurge, Call::kNone}, {"reset", Word::kReset}, {"change", Word::kChange, Call::kNone},
    {"stop", Word::kStop}, {"shutdown", Word::kShutdown}, {"install", Word::kInstall}, {"uninstall", Word::kUninstall},
    {"binlog", Word::kBinlog}, {"backup", Word::kBackup}, {"signal", Word::kSignal, Call::kNone},
    {"resignal", Word::kResignal, Call::kNone}, {"get", Word::kGet}, {"clone", Word::kClone}, {"import", Word::kImport},
    {"restart", Word::kRestart}, {"as", Word::kAs, Call::kNone}, {"of", Word::kOf}, {"into", Word::kInto, Call::kNone},
    {"outfile", Word::kOutfile, Call::kNone}, {"dumpfile", Word::kDumpfile}, {"for", Word::kFor, Call::kNone},
    {"share", Word::kShare}, {"next", Word::kNext}, {"previous", Word::kPrevious}, {"recursive", Word::kRecursive, Call::kNone},
    {"sql_calc_found_rows", Word::kSqlCalcFoundRows, Call::kNone}, {"limit", Word::kLimit, Call::kNone}, {"offset", Word::kOffset}, {"ties", Word::kTies},
    {"union", Word::kUnion, Call::kNone}, {"except", Word::kUnion, Call::kNone}, {"intersect", Word::kUnion, Call::kNone}, {"from", Word::kFrom, Call::kNone},
    {"join", Word::kJoin, Call::kNone}, {"straight_join", Word::kJoin, Call::kNone}, {"using", Word::kUsing, Call::kNone},
    {"information_schema", Word::kInformationSchema},
    {"performance_schema", Word::kPerformanceSchema}, {"mysql", Word::kMysql}, {"global", Word::kGlobal}, {"session", Word::kSession},
    {"local", Word::kLocal}, {"persist", Word::kPersist}, {"persist_only", Word::kPersistOnly}, {"names", Word::kNames},
    {"character", Word::kCharacter, Call::kNone}, {"charset", Word::kCharset, Call::kRead}, {"transaction", Word::kTransaction},
    {"statement", Word::kStatement}, {"collate", Word::kCollate, Call::kNone}, {"work", Word::kWork}, {"and", Word::kAnd, Call::kNone},
    {"chain", Word::kChain}, {"no", Word::kNo}, {"to", Word::kTo, Call::kNone}, {"read", Word::kRead, Call::kNone},
    {"only", Word::kOnly}, {"hard", Word::kHard}, {"soft", Word::kSoft}, {"connection", Word::kConnection}, {"query", Word::kQuery},
    {"id", Word::kId}, {"user", Word::kUser, Call::kRead}, {"temporary", Word::kTemporary}, {"tables", Word::kTables},
    {"slave", Word::kSlave}, {"replica", Word::kReplica}, {"procedure", Word::kProcedure, Call::kNone},
    {"function", Word::kFunction}, {"trigger", Word::kTrigger, Call::kNone}, {"event", Word::kEvent}, {"package", Word::kPackage},
    {"end", Word::kEnd}, {"case", Word::kCase, Call::kNone}, {"if", Word::kIf, Call::kRead}, {"loop", Word::kLoop, Call::kNone},
    {"while", Word::kWhile, Call::kNone}, {"repeat", Word::kRepeat, Call::kRead}, {"immediate", Word::kImmediate},
    {"infile", Word::kInfile, Call::kNone}, {"export", Word::kExport}, {"instance", Word::kInstance}, {"extended", Word::kExtended},
    {"partitions", Word::kPartitions}, {"format", Word::kFormat, Call::kRead}, {"full", Word::kFull}, {"all", Word::kAll, Call::kNone},
    {"count", Word::kCount, Call::kReadGlued}, {"warnings", Word::kWarnings}, {"errors", Word::kErrors}, {"profile", Word::kProfile},
    {"profiles", Word::kProfiles}, {"status", Word::kStatus}, {"databases", Word::kDatabases, Call::kNone},
    {"schemas", Word::kSchemas, Call::kNone}, {"columns", Word::kColumns}, {"fields", Word::kFields},
    {"index", Word::kIndex, Call::kNone}, {"indexes", Word::kIndexes}, {"keys", Word::kKeys, Call::kNone},
    {"variables", Word::kVariables}, {"collation", Word::kCollation, Call::kRead}, {"grants", Word::kGrants},
    {"privileges", Word::kPrivileges}, {"engines", Word::kEngines}, {"storage", Word::kStorage}, {"plugins", Word::kPlugins},
    {"triggers", Word::kTriggers}, {"events", Word::kEvents}, {"authors", Word::kAuthors}, {"contributors", Word::kContributors},
    {"locales", Word::kLocales}, {"code", Word::kCode}, {"body", Word::kBody},
};

// Reserved words that may stand before a parenthesis.
constexpr std::string_view kNotCalls =
    "against between both by cross div distinct distinctrow else exists group having in inner "
    "is key lateral leading like not on or order outer over partition regexp rlike then "
    "trailing when where xor force ignore unique primary foreign references constraint returning "
    "decimal dec numeric float double real int integer bigint smallint mediumint tinyint varchar varbinary binary "
    "interval match row high_priority low_priority sql_no_cache "
    "sql_big_result sql_small_result";

// Built-in functions that only read. Names from the servers' own lists (information_schema.SQL_FUNCTIONS, the manuals' indexes).
constexpr std::string_view kReads =
    "abs acos addtime aes_decrypt aes_encrypt ascii asin atan atan2 avg benchmark bin bit_count bit_length ceil ceiling char "
    "character_length char_length coalesce coercibility compress concat concat_ws conv convert convert_tz cos cot crc32 "
    "current_date current_role current_time current_timestamp current_user database date datediff date_format dayname day "
    "dayofmonth dayofweek dayofyear default degrees elt exp export_set extractvalue field find_in_set floor from_base64 "
    "from_days from_unixtime geometrycollection get_format greatest hex hour ifnull inet6_aton inet6_ntoa inet_aton inet_ntoa "
    "instr is_ipv4 is_ipv4_compat is_ipv4_mapped is_ipv6 isnull json_array json_array_append json_array_insert json_contains "
    "json_contains_path json_depth json_extract json_insert json_keys json_length json_merge json_merge_patch "
    "json_merge_preserve json_object json_overlaps json_pretty json_quote json_remove json_replace json_schema_valid "
    "json_search json_set json_table json_type json_unquote json_valid json_value last_day last_value lcase least left length "
    "linestring ln localtime localtimestamp locate log log10 log2 lower lpad ltrim makedate maketime make_set mbrcontains "
    "mbrdisjoint mbrequals mbrintersects mbroverlaps mbrtouches mbrwithin md5 microsecond minute mod month monthname "
    "multilinestring multipoint multipolygon name_const nullif oct octet_length ord period_add period_diff pi point polygon pow "
    "power quarter quote radians rand random_bytes regexp_instr regexp_replace regexp_substr reverse right round rpad rtrim "
    "schema second sec_to_time sha sha1 sha2 sign sin sleep soundex space sqrt st_area st_asbinary st_asgeojson st_astext "
    "st_aswkb st_aswkt st_buffer st_centroid st_contains st_convexhull st_crosses st_difference st_dimension st_disjoint "
    "st_distance st_distance_sphere st_endpoint st_envelope st_equals st_exteriorring st_geomcollfromtext st_geomcollfromwkb "
    "st_geometrycollectionfromtext st_geometrycollectionfromwkb st_geometryfromtext st_geometryfromwkb st_geometryn "
    "st_geometrytype st_geomfromgeojson st_geomfromtext st_geomfromwkb st_interiorringn st_intersection st_intersects "
    "st_isclosed st_isempty st_issimple st_length st_linefromtext st_linefromwkb st_linestringfromtext st_linestringfromwkb "
    "st_mlinefromtext st_mpointfromtext st_mpolyfromtext st_numgeometries st_numinteriorring st_numinteriorrings st_numpoints "
    "st_overlaps st_pointfromtext st_pointfromwkb st_pointn st_polyfromtext st_polyfromwkb st_polygonfromtext st_polygonfromwkb "
    "st_srid st_startpoint st_symdifference st_touches st_union st_within st_x st_y strcmp str_to_date substring_index subtime "
    "tan time timediff time_format timestamp timestampadd timestampdiff time_to_sec to_base64 to_days to_seconds ucase "
    "uncompress uncompressed_length unhex unix_timestamp updatexml upper utc_date utc_time utc_timestamp uuid uuid_short "
    "version week weekday weekofyear weight_string year yearweek";

// Native in one family only: in the other the name is free for a stored function.
constexpr std::string_view kMariaDbReads =
    "area asbinary astext aswkb aswkt boundary buffer centroid chr column_add column_check column_create column_delete "
    "column_exists column_get column_json column_list concat_operator_oracle contains convexhull crc32c crosses "
    "decode_histogram decode_oracle des_decrypt des_encrypt dimension disjoint distance encode encrypt endpoint envelope equals "
    "exteriorring geomcollfromtext geomcollfromwkb geometrycollectionfromtext geometrycollectionfromwkb geometryfromtext "
    "geometryfromwkb geometryn geometrytype geomfromtext geomfromwkb glength interiorringn intersects isclosed isempty isring "
    "issimple json_array_intersect json_compact json_detailed json_equals json_exists json_key_value json_loose json_normalize "
    "json_object_filter_keys json_object_to_array json_query kdf lengthb linefromtext linefromwkb linestringfromtext "
    "linestringfromwkb lpad_oracle ltrim_oracle mbrequal mlinefromtext mlinefromwkb mpointfromtext mpointfromwkb mpolyfromtext "
    "mpolyfromwkb multilinestringfromtext multilinestringfromwkb multipointfromtext multipointfromwkb multipolygonfromtext "
    "multipolygonfromwkb natural_sort_key numgeometries numinteriorrings numpoints nvl nvl2 old_password overlaps password "
    "pointfromtext pointfromwkb pointn pointonsurface polyfromtext polyfromwkb polygonfromtext polygonfromwkb replace_oracle "
    "rownum rpad_oracle rtrim_oracle sformat srid startpoint st_boundary st_isring st_pointonsurface st_relate substr_oracle "
    "sys_guid to_char touches uuid_v4 uuid_v7 vec_distance vec_distance_cosine vec_distance_euclidean vec_fromtext vec_totext "
    "within x y";

constexpr std::string_view kMySqlReads =
    "any_value bin_to_uuid format_bytes format_pico_time grouping gtid_subset gtid_subtract is_uuid "
    "json_schema_validation_report json_storage_free json_storage_size mbrcoveredby mbrcovers regexp_like roles_graphml "
    "statement_digest statement_digest_text st_buffer_strategy st_collect st_frechetdistance st_geohash st_hausdorffdistance "
    "st_isvalid st_latfromgeohash st_latitude st_longfromgeohash st_longitude st_makeenvelope st_pointfromgeohash st_simplify "
    "st_swapxy st_transform st_validate uuid_to_bin validate_password_strength";

constexpr std::string_view kGlued =
    "adddate bit_and bit_or bit_xor cast cume_dist curdate curtime date_add date_sub dense_rank extract first_value "
    "group_concat json_arrayagg json_objectagg lag lead max mid min now nth_value ntile percent_rank position rank row_number "
    "session_user std stddev stddev_pop stddev_samp subdate substr substring sum sysdate system_user trim variance var_pop "
    "var_samp";

constexpr std::string_view kMariaDbGlued = "add_months decode median percentile_cont percentile_disc trim_oracle";

constexpr std::string_view kSequences = "nextval lastval setval currval";
constexpr std::string_view kUserLocks = "get_lock release_lock release_all_locks is_free_lock is_used_lock";
constexpr std::string_view kLastInsertIds = "last_insert_id";
constexpr std::string_view kDiagnosticReads = "found_rows row_count";
constexpr std::string_view kConnectionIds = "connection_id ps_current_thread_id";
// Files and replication positions of the server itself: the client means the primary's.
constexpr std::string_view kServerLocals =
    "load_file binlog_gtid_pos master_gtid_wait master_pos_wait source_pos_wait wait_for_executed_gtid_set "
    "wait_until_sql_thread_after_gtids wsrep_last_seen_gtid wsrep_last_written_gtid wsrep_sync_wait_upto_gtid";

struct Group {
  std::string_view names;
  Call call;
};
constexpr Group kGroups[] = {
    {kNotCalls, Call::kNone}, {kReads, Call::kRead}, {kMariaDbReads, Call::kReadMariaDb}, {kMySqlReads, Call::kReadMySql},
    {kGlued, Call::kReadGlued}, {kMariaDbGlued, Call::kReadMariaDb}, {kSequences, Call::kSequence},
    {kUserLocks, Call::kUserLock}, {kLastInsertIds, Call::kLastInsertId}, {kDiagnosticReads, Call::kDiagnostics},
    {kConnectionIds, Call::kConnectionId}, {kServerLocals, Call::kServerLocal},
};

using KeywordTable = NameTable<WordInfo, std::size(kKeywords)>;

consteval KeywordTable make_keywords() {
  std::array<KeywordTable::Item, std::size(kKeywords)> items{};
  for (std::size_t i = 0; i < items.size(); ++i) items[i] = {kKeywords[i].name, {kKeywords[i].word, kKeywords[i].call}};
  return KeywordTable(items);
}

consteval std::size_t call_count() {
  std::size_t count = 0;
  for (const Group& group : kGroups) count += count_names(group.names);
  return count;
}

using CallTable = NameTable<Call, call_count()>;

consteval CallTable make_calls() {
  std::array<CallTable::Item, call_count()> items{};
  std::size_t n = 0;
  for (const Group& group : kGroups) {
    std::string_view rest = group.names;
    for (std::size_t left = count_names(group.names); left > 0; --left) items[n++] = {take_name(rest), group.call};
  }
  return CallTable(items);
}

consteval std::array<std::uint32_t, 32> make_lengths() {
  std::array<std::uint32_t, 32> lengths{};
  for (const Keyword& keyword : kKeywords) lengths[keyword.name[0] & 31] |= std::uint32_t{1} << keyword.name.size();
  return lengths;
}

constinit const KeywordTable kKeywordTable = make_keywords();
constinit const CallTable kCallTable = make_calls();
static_assert(!make_keywords().has_duplicate() && !make_calls().has_duplicate());

}  // namespace

constinit const std::array<std::uint32_t, 32> kKeywordLengths = make_lengths();

WordInfo find_keyword(ByteView word) {
  const WordInfo* info = kKeywordTable.find(word);
  return info != nullptr ? *info : WordInfo{};
}

Call find_call(ByteView word) {
  const Call* call = kCallTable.find(word);
  return call != nullptr ? *call : Call::kUnknown;
}

}  // namespace hf::policy::sql

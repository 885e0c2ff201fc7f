#include "base/sqlstate.h"

#include <algorithm>
#include <iterator>
#include <span>

namespace hf {

namespace {

constexpr std::uint16_t kUserDefined = 1644;     // of a SIGNAL without a code of its own
constexpr std::uint16_t kFirstOfUsers = 10'000;  // servers have none from here on: somebody's SIGNAL

// As MariaDB 10.11 has them, in order.
constexpr std::uint16_t k01000[] = {1249, 1261, 1262, 1265, 1311, 1642, 4029};
constexpr std::uint16_t k02000[] = {1329, 1643};
constexpr std::uint16_t k08004[] = {1040, 1251};
constexpr std::uint16_t k08S01[] = {1042, 1043, 1047, 1053, 1080, 1081, 1152, 1153, 1154, 1155,
                                    1156, 1157, 1158, 1159, 1160, 1161, 1184, 1189, 1190, 1218};
constexpr std::uint16_t k0A000[] = {1312, 1314, 1335, 1336, 1415, 1845, 1846, 4000};
constexpr std::uint16_t k0K000[] = {1645};
constexpr std::uint16_t k0L000[] = {1446, 1960};
constexpr std::uint16_t k0Z002[] = {3004};
constexpr std::uint16_t k20000[] = {1339};
constexpr std::uint16_t k21000[] = {1222, 1241, 1242};
constexpr std::uint16_t k21S01[] = {1058, 1136};
constexpr std::uint16_t k22001[] = {1406};
constexpr std::uint16_t k22003[] = {1264, 1416, 1690, 1916, 1917};
constexpr std::uint16_t k22004[] = {1138, 1263};
constexpr std::uint16_t k22007[] = {1292, 1366, 1367, 1918, 1921, 1978};
constexpr std::uint16_t k22008[] = {1441};
constexpr std::uint16_t k22012[] = {1365};
constexpr std::uint16_t k2201E[] = {3020};
constexpr std::uint16_t k22023[] = {3037};
constexpr std::uint16_t k23000[] = {1022, 1048, 1052, 1062, 1169, 1216, 1217, 1451, 1452, 1586, 1761, 1762, 1859, 4025};
constexpr std::uint16_t k24000[] = {1325, 1326};
constexpr std::uint16_t k25000[] = {1179, 1207};
constexpr std::uint16_t k25001[] = {1568};
constexpr std::uint16_t k25006[] = {1792};
constexpr std::uint16_t k28000[] = {1045, 1133, 1698, 1873};
constexpr std::uint16_t k2F003[] = {1303};
constexpr std::uint16_t k2F005[] = {1321};
constexpr std::uint16_t k35000[] = {1758};
constexpr std::uint16_t k3D000[] = {1046};
constexpr std::uint16_t k40001[] = {1213};
constexpr std::uint16_t k42000[] = {
    1044, 1049, 1055, 1056, 1057, 1059, 1061, 1063, 1064, 1065, 1066, 1067, 1068, 1069, 1070, 1071, 1072, 1073,
    1074, 1075, 1083, 1084, 1090, 1091, 1102, 1103, 1104, 1106, 1107, 1110, 1112, 1113, 1115, 1118, 1120, 1121,
    1131, 1132, 1139, 1140, 1141, 1142, 1143, 1144, 1145, 1147, 1148, 1149, 1162, 1163, 1164, 1166, 1167, 1170,
    1171, 1172, 1173, 1176, 1177, 1178, 1203, 1211, 1226, 1227, 1230, 1231, 1232, 1234, 1235, 1239, 1248, 1250,
    1252, 1253, 1280, 1281, 1286, 1304, 1305, 1308, 1309, 1310, 1313, 1315, 1316, 1318, 1319, 1320, 1322, 1323,
    1324, 1327, 1330, 1331, 1332, 1333, 1337, 1338, 1370, 1403, 1407, 1410, 1413, 1414, 1425, 1426, 1427, 1437,
    1439, 1453, 1458, 1460, 1461, 1463, 1582, 1583, 1584, 1630, 1641, 1687, 1701, 1970, 1971, 3057, 4080, 4159};
constexpr std::uint16_t k42S01[] = {1050};
constexpr std::uint16_t k42S02[] = {1051, 1109, 1146, 1932, 1965, 4089, 4090, 4091, 4092};
constexpr std::uint16_t k42S12[] = {1082};
constexpr std::uint16_t k42S21[] = {1060};
constexpr std::uint16_t k42S22[] = {1054, 1247};
constexpr std::uint16_t k44000[] = {1369};
constexpr std::uint16_t k70100[] = {1317, 1927, 1969, 4192};
constexpr std::uint16_t kHY001[] = {1037, 1038};
constexpr std::uint16_t kOP000[] = {1959};
constexpr std::uint16_t kXA100[] = {1402};
constexpr std::uint16_t kXA102[] = {1614};
constexpr std::uint16_t kXA106[] = {1613};
constexpr std::uint16_t kXAE03[] = {1401};
constexpr std::uint16_t kXAE04[] = {1397};
constexpr std::uint16_t kXAE05[] = {1398};
constexpr std::uint16_t kXAE07[] = {1399};
constexpr std::uint16_t kXAE08[] = {1440};
constexpr std::uint16_t kXAE09[] = {1400};

struct Group {
  ByteView state;
  std::span<const std::uint16_t> codes;
};
constexpr Group kGroups[] = {
    {"01000", k01000}, {"02000", k02000}, {"08004", k08004}, {"08S01", k08S01}, {"0A000", k0A000}, {"0K000", k0K000},
    {"0L000", k0L000}, {"0Z002", k0Z002}, {"20000", k20000}, {"21000", k21000}, {"21S01", k21S01}, {"22001", k22001},
    {"22003", k22003}, {"22004", k22004}, {"22007", k22007}, {"22008", k22008}, {"22012", k22012}, {"2201E", k2201E},
    {"22023", k22023}, {"23000", k23000}, {"24000", k24000}, {"25000", k25000}, {"25001", k25001}, {"25006", k25006},
    {"28000", k28000}, {"2F003", k2F003}, {"2F005", k2F005}, {"35000", k35000}, {"3D000", k3D000}, {"40001", k40001},
    {"42000", k42000}, {"42S01", k42S01}, {"42S02", k42S02}, {"42S12", k42S12}, {"42S21", k42S21}, {"42S22", k42S22},
    {"44000", k44000}, {"70100", k70100}, {"HY001", kHY001}, {"OP000", kOP000}, {"XA100", kXA100}, {"XA102", kXA102},
    {"XA106", kXA106}, {"XAE03", kXAE03}, {"XAE04", kXAE04}, {"XAE05", kXAE05}, {"XAE07", kXAE07}, {"XAE08", kXAE08},
    {"XAE09", kXAE09}};

}  // namespace

ByteView sqlstate_of(std::uint16_t code) {
  if (code == kUserDefined || code >= kFirstOfUsers) return "45000";
  const auto* found = std::find_if(std::begin(kGroups), std::end(kGroups), [code](const Group& group) {
    return std::binary_search(group.codes.begin(), group.codes.end(), code);
  });
  return found == std::end(kGroups) ? ByteView("HY000") : found->state;
}

}  // namespace hf

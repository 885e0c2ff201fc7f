"""Samples for layering: which includes of a protocol's files it finds."""
import unittest

from layering import is_foreign_protocol


class ProtocolsTest(unittest.TestCase):
    def test_a_protocols_files_know_each_other(self):
        for name in ("service/mysql/run.cc", "check/mysql_check.h", "upstream/mysql/pool.cc", "topology/tcp/judge.h"):
            self.assertFalse(is_foreign_protocol(name, "upstream/mysql/connection.h"), name)

    def test_pure_rooms_sections_and_the_table_may_know_them(self):
        for name in ("proto/mysql/packet.cc", "policy/session/route.cc", "config/section/service.h", "app/protocols.cc"):
            self.assertFalse(is_foreign_protocol(name, "proto/mysql/packet.h"), name)

    def test_nobody_else_may(self):
        for name in ("service/shard.cc", "config/parse.cc", "app/gateway.cc", "topology/service_watcher.h"):
            for target in ("service/mysql/frontend.h", "upstream/mysql/pool.h", "check/tcp_check.h", "service/tcp/relay.h", "config/section/mysql.h"):
                self.assertTrue(is_foreign_protocol(name, target), f"{name} {target}")
            self.assertFalse(is_foreign_protocol(name, "upstream/places.h"), name)


if __name__ == "__main__":
    unittest.main()

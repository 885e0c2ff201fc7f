"""Fixtures: clusters of nodes with virtual addresses, each in a lab of its own."""
import pytest

from harness.holdfast_node import VipCluster


class VipClusters:
    """Makes clusters of nodes with virtual addresses, each in a lab of its own, and looks at their logs in the end."""

    def __init__(self):
        self.made = []

    def __call__(self, names="ab", **settings):
        self.made.append(VipCluster(names, **settings))
        return self.made[-1]

    @property
    def node_logs(self):
        return {node.name: node.log for cluster in self.made for node in cluster.nodes.values()}

    def finish(self):
        for cluster in self.made:
            for node in cluster.nodes.values():
                node.assert_clean_log()
            assert not cluster.probe.lost, "the probe lost netlink messages: its word on holders is not exact"

    def close(self):
        for cluster in self.made:
            cluster.close()


@pytest.fixture
def vips():
    """vips(), vips("abc", vip_extra="preempt = true"): see harness/holdfast_node.py."""
    clusters = VipClusters()
    try:
        yield clusters
        clusters.finish()
    finally:
        clusters.close()

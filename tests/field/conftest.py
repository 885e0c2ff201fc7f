"""The fixtures of the end-to-end tests serve here, too."""
from e2e.conftest import cluster, gateway, make_gateway, repaired, table  # noqa: F401

"""Accounts of the servers for the time of a test, known to a gateway with users_from = "servers".

    with Accounts(cluster, gateway) as accounts:
        accounts.make("clerk", "select, insert on test.*")     # clerk@'%', password "clerk"
"""
from .processes import eventually
from .session import Session, login_error


class Accounts:
    def __init__(self, cluster, gateway):
        self._cluster, self._gateway, self._made = cluster, gateway, []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._cluster.primary.query(*(f"drop user if exists {account}" for account in self._made))
        self._cluster.settle()

    def make(self, name, *grants, options="", host="%", password=None, wait=True):
        """Returns when the account can log in through the gateway (an account of host % only), at once when told not to wait."""
        account = f"{name}@'{host}'"
        self._made.append(account)
        self._cluster.primary.query(f"create or replace user {account} identified by '{name if password is None else password}' {options}",
                                    *(f"grant {grant} to {account}" for grant in grants))
        self._cluster.settle()
        if wait and host == "%":
            self.known(name, name if password is None else password)
        return name

    def known(self, name, password):
        eventually(lambda: login_error(self._gateway.port(), name, password, None) is None, f"{name} to be let in", 5, 0.05)

    def session(self, name, route="split", **options):
        options.setdefault("password", name)
        return Session(self._gateway.port(route), name, **options)

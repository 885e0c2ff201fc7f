"""The end-to-end harness: real MariaDB servers, the real program, clients. See tests/README.md."""

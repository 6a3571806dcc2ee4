"""Optuna's dashboard."""

import logging
from wsgiref.simple_server import WSGIRequestHandler, make_server

from optuna.storages import BaseStorage
from optuna_dashboard import wsgi


def serve(storage: BaseStorage, *, host: str, port: int) -> None:
    """Show the studies of a storage until interrupted.

    Args:
        storage: whose studies.
        host: address to listen at.
        port: likewise.
    """
    logging.getLogger("optuna").setLevel(logging.ERROR)
    make_server(host, port, wsgi(storage), handler_class=_Quiet).serve_forever()


class _Quiet(WSGIRequestHandler):
    """Does not write a line for every request."""

    def log_message(self, format: str, *args: object) -> None:
        """Do nothing."""

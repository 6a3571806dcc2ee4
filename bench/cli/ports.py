"""Where a server of ours may listen."""

import socket

import click

from bench.errors import ConfigError

PORT = click.IntRange(1, 65_535)


def refuse_taken(host: str, port: int) -> None:
    """Say so at once when a port cannot be listened at.

    Raises:
        ConfigError: when it cannot.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ConfigError(
                f"--port: {host}:{port} cannot be used ({error.strerror}); name another"
            ) from error

"""MLflow's client, whose failures are errors that a person can read."""

import re
from functools import wraps
from typing import Any

from alembic.util.exc import CommandError
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from bench.errors import TrackingError
from bench.tracking.store import check_file, without_password


class Client:
    """`MlflowClient`, method by method.

    Raises:
        TrackingError: from each of them, and at the start, when the store does not do what it is
            asked. Passwords in MLflow's messages are blotted out.
    """

    def __init__(self, uri: str) -> None:
        """Connect to a store."""
        check_file(uri)
        self._uri = uri
        self._client = self._answered(MlflowClient)(tracking_uri=uri)

    def __getattr__(self, name: str) -> Any:
        """Return a method of MLflow's client."""
        return self._answered(getattr(self._client, name))

    def _answered(self, method: Any) -> Any:
        @wraps(method)
        def ask(*args: Any, **kwargs: Any) -> Any:
            try:
                return method(*args, **kwargs)
            except (MlflowException, SQLAlchemyError, CommandError, OSError, ImportError) as error:
                raise TrackingError(
                    f"the tracking store {without_password(self._uri)} does not answer as MLflow "
                    f"does: {_reason(error)}"
                ) from error

        return ask


def _reason(error: Exception) -> str:
    """Return what went wrong in a line: of a request, why no connection was made, and no more."""
    line = str(error).strip().partition("\n")[0]
    cause = re.search(r"Caused by .*: (.+?)['\"]?\)+$", line)
    return without_password(cause[1] if cause else line)

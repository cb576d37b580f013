"""The workers of a Dask scheduler as an executor: a laptop's, a cluster's, Kubernetes'."""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

PATIENCE = 10  # seconds until the scheduler must have answered


class DaskExecutor(Executor):
    """Sends calls to the workers of a ``dask.distributed`` scheduler.

    Each worker must be able to import what it is to call, and see the data under the same path. A call whose worker
    dies is sent to another one, until four workers have died of it.

    Args:
        address: Of the scheduler, such as ``tcp://10.0.0.1:8786``.

    A ConnectionError says that no scheduler answers there.

    Example:
        >>> with DaskExecutor("tcp://127.0.0.1:8786") as pool:
        ...     run(function, specs, store, pool)
    """

    def __init__(self, address: str) -> None:
        from distributed import Client

        try:
            self._client = Client(address, timeout=PATIENCE, set_as_default=False)
        except (OSError, ValueError) as error:
            reason = str(error).partition("\n")[0]
            raise ConnectionError(f"no Dask scheduler answers at {address}: {reason}") from error
        self._calls = self._client.get_executor(pure=False)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Have ``fn`` called by a worker.

        Args:
            fn: What to call; it and its arguments can be pickled.
            *args: Its arguments.
            **kwargs: Its keyword arguments.

        Returns:
            The future.
        """
        future: Future[Any] = self._calls.submit(fn, *args, **kwargs)
        return future

    def threads(self) -> int:
        """Count the calls that the workers take at once; Dask does not tell a call that runs from one that waits."""
        return sum(self._client.nthreads().values())

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leave the scheduler; its workers stay.

        Args:
            wait: Whether to return only once all work is done.
            cancel_futures: Whether to drop what waits; a worker that is in the middle of a call finishes it in vain.
        """
        self._calls.shutdown(wait=wait and not cancel_futures)
        self._client.close()

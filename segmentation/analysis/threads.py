"""One thread for numerics, whatever the machine has."""

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

Parameters = ParamSpec("Parameters")
Returned = TypeVar("Returned")


def single_threaded(function: Callable[Parameters, Returned]) -> Callable[Parameters, Returned]:
    """Run the function with one thread in BLAS and OpenMP.

    Several threads add partial sums in an order that changes from run to run, so that results would depend on
    the machine; on small machines they are slower as well.
    """

    @functools.wraps(function)
    def limited(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Returned:
        with _controller().limit(limits=1):
            return function(*args, **kwargs)

    return limited


@functools.cache
def _controller() -> Any:
    """Return the controller of the libraries loaded; looking for them takes milliseconds, so once."""
    import sklearn.cluster  # noqa: F401  its OpenMP library must be loaded to be found
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()

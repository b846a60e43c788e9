"""Many runs of an experiment, on this machine's cores or on a Dask cluster; the same seeds give the same results."""

import contextlib
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tlteach import experiments, runs
from tlteach.errors import InvalidInput, TlteachError


def sweep(
    experiment: str,
    configs: Sequence[Any],
    folders: Sequence[Path | None],
    *,
    jobs: int = 1,
    scheduler: str | None = None,
    progress: bool = True,
) -> list[runs.Result]:
    """Run `experiment` once for each of `configs`; the results come in their order.

    Args:
        experiment: name of a module in `tlteach.experiments`.
        configs: its configurations.
        folders: a run folder for each: checkpoints are kept there, a stopped run goes on, a finished one is returned
            at once. None keeps nothing.
        jobs: runs at a time, in processes of their own with one thread each.
        scheduler: address of a Dask scheduler (`tlteach[cluster]`), whose workers then do the runs instead; each
            must have one thread.
        progress: show what is going on.

    Raises InvalidInput for fewer than one job and TlteachError when the cluster cannot be used.
    """
    from joblib import Parallel, delayed

    if jobs < 1:
        raise InvalidInput(f"jobs must be at least 1, got {jobs}")
    alone = scheduler is None and min(jobs, len(configs)) <= 1
    calls = [
        delayed(_one)(experiment, config, folder, progress and alone)
        for config, folder in zip(configs, folders, strict=True)
    ]
    if alone:
        return [function(*arguments) for function, arguments, _ in calls]
    with _cluster(scheduler):
        return Parallel(n_jobs=-1 if scheduler else jobs, verbose=10 if progress else 0)(calls)


def _one(experiment: str, config: Any, folder: Path | None, progress: bool) -> runs.Result:
    """One run on one thread, in whatever process it is."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return experiments.load(experiment).run(config, folder=folder, progress=progress)
    finally:
        torch.set_num_threads(before)


@contextlib.contextmanager
def _cluster(scheduler: str | None) -> Iterator[None]:
    """Send joblib's work to the scheduler, if there is one."""
    if scheduler is None:
        yield
        return
    if find_spec("distributed") is None:
        raise TlteachError('a cluster needs Dask: pip install "tlteach[cluster]", here and on the workers.')
    from dask.distributed import Client
    from joblib import parallel_config

    try:
        client = Client(scheduler, timeout="20s")
    except (OSError, ValueError) as error:
        told = f"no Dask scheduler answers at {scheduler!r} ({error})"
        raise TlteachError(f"{told}; start one with `dask scheduler` and give the address it prints.") from None
    with client, parallel_config(backend="dask"):
        _require_workers_of_one_thread(client, scheduler)
        yield


def _require_workers_of_one_thread(client, scheduler: str) -> None:
    """A budget of CPU seconds counts all of a process, so runs that share one would take each other's time."""
    how = f"start workers with `dask worker {scheduler} --nworkers N --nthreads 1`"
    try:
        client.wait_for_workers(1, timeout=20)
    except TimeoutError:
        raise TlteachError(f"the Dask scheduler at {scheduler} has no workers; {how}.") from None
    crowded = {name: threads for name, threads in client.nthreads().items() if threads > 1}
    if crowded:
        told = ", ".join(f"{name} ({threads} threads)" for name, threads in crowded.items())
        raise TlteachError(f"each run needs a Dask worker of its own with one thread, got {told}; {how}.")

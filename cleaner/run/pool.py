"""Worker processes that may die: a page can cost its worker, never the run.

Why not joblib, or `concurrent.futures`: when a worker dies, both give up the whole pool
(`TerminatedWorkerError`, `BrokenProcessPool`) with every page in flight and no word on
which page did it, and neither can stop a page that hangs, or bound the memory of one. Of
100 pages, the 51st of which kills its worker or takes too long, both give back some 50
(`benchmarks/runs.py joblib`); here it is 99, and an error that names the page.

Here the supervisor talks to each worker over a pipe of its own, gives it one task (some
pages) at a time, and takes back results as they come, so it knows how far a dead worker
had got. What was left of its task is done again, carefully: results are sent page by
page, and a page whose worker dies again is given up and named (killed workers get one
more try: that may have come from outside).

Limits are the kernel's, so that they hold in native code: an alarm that nobody catches
ends a worker whose page takes too long (also when the supervisor is gone), and a limit of
the address space turns memory hunger into `MemoryError`, or a crash. Workers are forked
from a clean server process (`forkserver`): quick to replace, with no threads, locks or
open files of the supervisor in them.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from time import monotonic
from typing import Any, Generic, TypeVar

from cleaner.errors import CleanerError, RunError
from cleaner.rows import Limits

T = TypeVar("T")
R = TypeVar("R")

_AHEAD = 64
"""Tasks a worker that may be read but not yet handed on: what a slow page keeps back."""
_AHEAD_BYTES = 64 << 20
_SEND_EVERY = 0.05
"""Seconds between the messages of a worker: one a page would cost much where pages are tiny."""
_FAILED_STARTS = 3


@dataclass(slots=True)
class Task(Generic[T, R]):
    """Some items to work on together, and what became of them."""

    tag: Any
    items: Sequence[T]
    size: int = 0
    """Bytes of the items."""
    results: list[R] = field(default_factory=list)
    careful: bool = False
    suspect: int = -1
    """Index of an item whose worker was killed once, by whomever."""
    given_up: int = -1
    """Index of the last item that was given up."""
    reason: str = ""
    """Why it was."""

    @property
    def finished(self) -> bool:
        """Whether every item has its result."""
        return len(self.results) == len(self.items)


@dataclass(eq=False, slots=True)
class _Worker(Generic[T, R]):
    process: Any
    connection: Connection
    ready: bool = False
    task: Task[T, R] | None = None


class Pool(Generic[T, R]):
    """Maps tasks in order, whatever happens to single items.

    Args:
        setup: makes the function that each worker applies to items, and what `info` tells;
            must be picklable. Raises `CleanerError` where no worker could ever start.
        workers: number of processes.
        give_up: an item and the reason why it is given up, to what takes its place;
            workers get it once, with their limits, in the hope that they can tell more.
        lost: result for an item that even then kills its worker.
    """

    def __init__(
        self,
        setup: Callable[[], tuple[Callable[[T], R], Any]],
        workers: int,
        *,
        limits: Limits,
        give_up: Callable[[T, str], T],
        lost: Callable[[T, str], R],
    ) -> None:
        self._setup, self._limits = setup, limits
        self._give_up, self._lost = give_up, lost
        self._size = workers
        if "forkserver" not in multiprocessing.get_all_start_methods():
            raise RunError("runs with workers need Linux or macOS; clean_many works anywhere")
        self._context = multiprocessing.get_context("forkserver")
        self._workers: list[_Worker[T, R]] = []
        self._again: deque[Task[T, R]] = deque()
        self._failed_starts = 0
        self.info: Any = None
        """What `setup` told of itself, once a worker has started."""

    def __enter__(self) -> Pool[T, R]:
        self._context.set_forkserver_preload(["cleaner.run.warm"])
        self._workers = [self._start() for _ in range(self._size)]
        try:
            while self.info is None:
                self._listen(self._workers)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.connection.close()
            worker.process.kill()
        for worker in self._workers:
            worker.process.join()
        self._workers = []

    def map(self, tasks: Iterable[Task[T, R]]) -> Iterator[Task[T, R]]:
        """Finish tasks, in order; they are read as they are needed. One without items passes."""
        source = iter(tasks)
        order: deque[Task[T, R]] = deque()
        waiting: deque[Task[T, R]] = deque()
        held, exhausted = 0, False
        while True:
            while order and order[0].finished:
                task = order.popleft()
                held -= task.size
                yield task
            for worker in self._workers:
                if worker.ready and worker.task is None and (self._again or waiting):
                    self._give(worker, (self._again or waiting).popleft())
            room = len(order) < _AHEAD * self._size and held < _AHEAD_BYTES
            reading = not exhausted and room and len(waiting) <= self._size
            if reading:
                new = next(source, None)
                if new is None:
                    exhausted = True
                else:
                    order.append(new)
                    held += new.size
                    if new.items:
                        waiting.append(new)
            elif not order:
                return
            busy = [worker for worker in self._workers if worker.task or not worker.ready]
            if busy and not (order and order[0].finished):
                self._listen(busy, timeout=0 if reading else None)

    def _start(self) -> _Worker[T, R]:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=_serve, args=(theirs, self._setup, self._limits), daemon=True
        )
        process.start()
        theirs.close()
        return _Worker(process, ours)

    def _give(self, worker: _Worker[T, R], task: Task[T, R]) -> None:
        worker.task = task
        # A worker that has died is found out when it is listened to.
        with suppress(BrokenPipeError, ConnectionResetError):
            worker.connection.send((task.items[len(task.results) :], task.careful))

    def _listen(self, workers: Sequence[_Worker[T, R]], timeout: float | None = None) -> None:
        owners: dict[Any, _Worker[T, R]] = {worker.connection: worker for worker in workers}
        for connection in wait(list(owners), timeout):
            worker = owners[connection]
            try:
                message = worker.connection.recv()
            except (EOFError, OSError):
                self._bury(worker)
                continue
            if worker.task is not None:
                worker.task.results += message
                if worker.task.finished:
                    worker.task = None
            elif isinstance(message, CleanerError):
                raise message
            else:
                self.info, worker.ready = message, True
                self._failed_starts = 0

    def _bury(self, worker: _Worker[T, R]) -> None:
        """Replace a dead worker, and see to what it left undone."""
        worker.process.join()
        worker.connection.close()
        reason = self._reason(worker.process.exitcode)
        if not worker.ready:
            self._failed_starts += 1
            if self._failed_starts >= _FAILED_STARTS:
                raise RunError(
                    f"workers die while they start: {reason}; "
                    "free memory, or run with fewer --workers"
                )
        task = worker.task
        if task is not None:
            if task.careful:
                self._blame(task, reason, worker.process.exitcode)
            task.careful = True
            if not task.finished:
                self._again.append(task)
        self._workers[self._workers.index(worker)] = self._start()

    def _blame(self, task: Task[T, R], reason: str, status: int | None) -> None:
        at = len(task.results)
        # A crash or a timeout is the page's own doing; a kill may come from outside.
        if status in (-signal.SIGKILL, -signal.SIGTERM) and task.suspect != at:
            task.suspect = at
            return
        items = list(task.items)
        if task.given_up == at:
            task.results.append(self._lost(items[at], task.reason))
            return
        items[at] = self._give_up(items[at], reason)
        task.items, task.given_up, task.reason = items, at, reason

    def _reason(self, status: int | None) -> str:
        if status == -signal.SIGALRM:
            return f"took longer than {self._limits.seconds:g} seconds"
        if status == -signal.SIGKILL:
            return "its worker was killed (signal 9), as systems do when memory runs out"
        if status is not None and status < 0:
            return f"its worker crashed ({signal.Signals(-status).name})"
        return f"its worker ended with status {status}"


def _serve(
    connection: Connection, setup: Callable[[], tuple[Callable[[Any], Any], Any]], limits: Limits
) -> None:
    """What a worker does all its life."""
    # Ctrl-C reaches the whole group; the supervisor decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    try:
        work, info = setup()
    except CleanerError as error:
        connection.send(error)
        return
    _one_thread()
    _limit_memory(limits.megabytes)
    try:
        connection.send(info)
        while True:
            items, careful = connection.recv()
            results: list[Any] = []
            sent = monotonic()
            for item in items:
                signal.setitimer(signal.ITIMER_REAL, limits.seconds)
                results.append(work(item))
                signal.setitimer(signal.ITIMER_REAL, 0)
                if careful or monotonic() - sent > _SEND_EVERY:
                    connection.send(results)
                    results, sent = [], monotonic()
            if results:
                connection.send(results)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        os._exit(0)  # the supervisor has gone
    except BaseException:
        os._exit(1)  # without a traceback: the supervisor tells what happened


def _one_thread() -> None:
    """A process a core is what measures best; BLAS would start a thread a core in each."""
    with suppress(ImportError):
        from threadpoolctl import threadpool_limits

        threadpool_limits(1)


def _limit_memory(megabytes: int) -> None:
    import resource  # not on Windows, where one page can be cleaned all the same

    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:  # not Linux; others hardly enforce the limit either
        return
    limit = pages * resource.getpagesize() + (megabytes << 20)
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))

"""Mends how often Snakemake's scheduler wakes up: with a long queue it takes a whole core (docs/adr/0012-one-timer.md)."""

import threading

from snakemake.scheduling.job_scheduler import JobScheduler


def one_timer() -> None:
    """Let a scheduler have one timer at a time, for which the end of the process does not wait.

    Snakemake 9.27 looks through all ready jobs whenever a job ends, and again a second later as long as any wait. As every look
    starts a timer of its own, each job that has ended costs one more look a second.
    """
    JobScheduler._schedule_reevalutation = _schedule


def _schedule(scheduler: JobScheduler, delay: float) -> None:
    def wake() -> None:
        scheduler._timer = None
        scheduler._open_jobs.release()

    if getattr(scheduler, "_timer", None) is None:
        scheduler._timer = threading.Timer(delay, wake)
        scheduler._timer.daemon = True
        scheduler._timer.start()

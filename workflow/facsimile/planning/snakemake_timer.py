"""Reduce how often Snakemake's scheduler wakes up.

With a long queue it would occupy a whole core (docs/adr/0012-one-timer.md).
"""

import threading

from snakemake.scheduling.job_scheduler import JobScheduler


def one_timer() -> None:
    """Limit each scheduler to one timer at a time, which does not delay the end of the process.

    Snakemake 9.27 evaluates all ready jobs whenever a job ends, and again a second later as long as
    any job waits. Each evaluation starts a timer of its own, so that each finished job adds one
    evaluation per second.
    """
    JobScheduler._schedule_reevalutation = _schedule


def _schedule(scheduler: JobScheduler, delay: float) -> None:
    """Wake the scheduler after ``delay`` seconds, unless a timer will do so already."""

    def wake() -> None:
        scheduler._timer = None
        scheduler._open_jobs.release()

    if getattr(scheduler, "_timer", None) is None:
        scheduler._timer = threading.Timer(delay, wake)
        # A daemon thread does not keep the process alive.
        scheduler._timer.daemon = True
        scheduler._timer.start()

"""Problems of a study beyond its schema: names that nothing defines, and parts that do not fit.

What is known before the first job is reported here, so that no job fails for it hours later. Files
of models, data sets and metrics are parsed, not imported, so nothing here waits for torch.
"""

from facsimile.studies.problems import contents, protocol, shown, trainings
from facsimile.studies.problems.unknown_names import Problem
from facsimile.studies.study import Study

CHECKS = (*contents.CHECKS, *trainings.CHECKS, *protocol.CHECKS, *shown.CHECKS)


def of(study: Study) -> list[Problem]:
    """Return the location of each problem in the study file, with a message."""
    mistakes: list[Problem] = []
    for check in CHECKS:
        try:
            mistakes += check(study)
        # A file of a model or metric may be anything; its mistakes are not those of other studies.
        except (ValueError, ImportError, AttributeError) as error:
            mistakes.append(((), str(error)))
    return mistakes

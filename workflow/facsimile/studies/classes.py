"""What the classes of models and data sets declare, read from their files without importing them.

So a study can be checked without waiting for torch.
"""

import ast
import functools

from facsimile.foundation import declared, discover, outlines

# Module with the networks that a study may name.
NETWORKS = "facsimile.models.base.networks"
# Value of ``network`` that leaves it to the model.
OWN = "own"
METHOD = "networks"


@functools.cache
def is_trained(name: str) -> bool:
    """Return whether a model is trained; controls and known codes are not."""
    return bool(declared.of_class("models", name, "trained", default=True))


def is_model_of_arrays(name: str) -> bool:
    """Return whether a model is trained on named arrays, not on images; raises UnknownName."""
    return "ArraysModel" in _class_names("models", name)


def is_algorithm(name: str) -> bool:
    """Return whether the steps of a model are its own; raises UnknownName."""
    return "AlgorithmModel" in _class_names("models", name)


def is_dataset_of_arrays(name: str) -> bool:
    """Return whether a data set consists of named arrays, not of images; raises UnknownName."""
    return "Arrays" in _class_names("datasets", name)


def needs_named_network(model: str) -> bool:
    """Return whether the networks of a model depend on the name of a network in the study."""
    for _, cls in declared.lineage("models", model):
        for node in cls.body:
            # ``super().networks(…)`` continues in a base class.
            if isinstance(node, ast.FunctionDef) and node.name == METHOD:
                used = outlines.used_names(node.body)
                if "super" not in used:
                    return "network" in used
    return False


def factors(dataset: str) -> list[str] | None:
    """Return the factors of a data set; None if its file does not list them as a literal."""
    if dataset not in discover.places("datasets"):
        return None
    settings = discover.place("datasets", dataset).settings or {}
    if "factor_names" in settings:
        return list(settings["factor_names"])
    for _, cls in declared.lineage("datasets", dataset):
        for node in cls.body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "factor_names":
                return _literal(node.value)
    return None


def _literal(
    node: ast.expr,
) -> list[str] | None:
    try:
        return list(ast.literal_eval(node))
    except ValueError:
        return None


def _class_names(
    kind: str,
    name: str,
) -> set[str]:
    return {cls.name for _, cls in declared.lineage(kind, name)}

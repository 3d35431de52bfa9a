"""MPI3D, toy: the robot's arm and its object in simple computer graphics (Gondal et al. 2019)."""

from facsimile.datasets._mpi3d import MPI3D, official


class MPI3DToy(MPI3D):
    """Simplistic renderings; factors and file as in ``MPI3D``."""

    name = "mpi3d_toy"
    files = (official(name, "55889cb7c7dfc655d6e0277beee88868"),)

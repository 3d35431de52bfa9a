"""MPI3D, real: photographs of the robot's arm and its object (Gondal et al. 2019)."""

from facsimile.datasets._mpi3d import MPI3D, official


class MPI3DReal(MPI3D):
    """Photographs; factors and file as in ``MPI3D``."""

    name = "mpi3d_real"
    files = (official(name, "0f33f609918fb5c97996692f91129802"),)

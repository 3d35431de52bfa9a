"""MPI3D, realistic: the robot's arm and its object in realistic computer graphics (Gondal et al. 2019)."""

from facsimile.datasets._mpi3d import MPI3D, official


class MPI3DRealistic(MPI3D):
    """Realistic renderings; factors and file as in ``MPI3D``."""

    name = "mpi3d_realistic"
    files = (official(name, "59a6225b88b635365f70c91b3e52f70f"),)

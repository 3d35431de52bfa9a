"""Damaged copies of a file, and the limits within which a reader must refuse them."""

import random
import resource
from contextlib import contextmanager

import psutil

from facsimile.store.files import StoreError


@contextmanager
def frugal(megabytes=1500):
    """No allocation beyond this much of address space: a reader that believes what a file claims fails here."""
    used = psutil.Process().memory_info().vms
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + megabytes * 2**20, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def refused(read, path, kinds=(ValueError, StoreError)):
    """What a reader answers, None where it refuses the file in its own words, by its name."""
    try:
        return read()
    except kinds as error:
        said = str(error)
    assert path.name in said, said
    return None


def damaged(data, chance, times=4):
    """The bytes with a few of them changed, cut out or doubled."""
    found = bytearray(data)
    for _ in range(chance.randint(1, times)):
        at, how = chance.randrange(len(found) or 1), chance.random()
        if how < 0.6 and found:
            found[at] = chance.choice([0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)])
        elif how < 0.75:
            del found[at : at + chance.randint(1, 64)]
        elif how < 0.9:
            found[at:at] = found[at : at + chance.randint(1, 64)]
        else:
            del found[at:]
    return bytes(found)


def mutants(data, count, seed=0):
    """So many damaged copies, always the same ones."""
    chance = random.Random(seed)
    return (damaged(data, chance) for _ in range(count))

"""Damaged copies of a file, and the limits within which a reader must refuse them."""

import random
import resource
from contextlib import contextmanager

import psutil

from facsimile.store.files import StoreError


@contextmanager
def memory_limit(megabytes=1500):
    """Limit the address space: a reader that believes the size stated in a file fails here."""
    used = psutil.Process().memory_info().vms
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + megabytes * 2**20, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def read_or_refuse(read, path, kinds=(ValueError, StoreError)):
    """What a reader returns; None if it refuses the file with an error of its own that names it."""
    try:
        return read()
    except kinds as error:
        message = str(error)
    assert path.name in message, message
    return None


def damaged(data, chance, times=4):
    """The bytes with a few of them changed, cut out or doubled."""
    copy = bytearray(data)
    for _ in range(chance.randint(1, times)):
        position, how = chance.randrange(len(copy) or 1), chance.random()
        if how < 0.6 and copy:
            copy[position] = chance.choice([0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)])
        elif how < 0.75:
            del copy[position : position + chance.randint(1, 64)]
        elif how < 0.9:
            copy[position:position] = copy[position : position + chance.randint(1, 64)]
        else:
            del copy[position:]
    return bytes(copy)


def mutants(data, count, seed=0):
    """Yield ``count`` damaged copies, always the same ones."""
    chance = random.Random(seed)
    return (damaged(data, chance) for _ in range(count))

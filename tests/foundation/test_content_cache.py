"""A value is computed once per content of a file, by whichever process comes first."""

import pytest

from facsimile.foundation.content_cache import ContentCache


class Process:
    """A process that computes lengths, and counts how many it computed."""

    def __init__(self, file, code=__file__):
        self.computed = 0
        self.cache = ContentCache(file, self._length, code)

    def _length(self, content):
        self.computed += 1
        return len(content)

    def asks_for(self, *contents):
        values = [self.cache.value(content) for content in contents]
        self.cache.keep()
        return values


@pytest.fixture
def file(tmp_path):
    return tmp_path / "lengths.json"


def test_the_next_process_computes_only_what_is_new(file):
    assert Process(file).asks_for(b"one", b"three") == [3, 5]
    second = Process(file)
    assert second.asks_for(b"three", b"four", b"one", b"four") == [5, 4, 3, 4]
    assert second.computed == 1


def test_processes_that_run_at_once_keep_what_each_computed(file):
    first, second = Process(file), Process(file)
    # Both read the file before either writes it.
    assert (first.cache.value(b"one"), second.cache.value(b"three")) == (3, 5)
    first.cache.keep()
    second.cache.keep()
    third = Process(file)
    assert third.asks_for(b"one", b"three") == [3, 5]
    assert third.computed == 0


def test_after_an_edit_of_the_code_everything_is_computed_again(file, tmp_path):
    code = tmp_path / "code.py"
    code.write_text("first")
    Process(file, code).asks_for(b"one")
    code.write_text("second")
    second = Process(file, code)
    assert second.asks_for(b"one") == [3]
    assert second.computed == 1


@pytest.mark.parametrize("damaged", [b"", b"{", b"\0\0", b"3"])
def test_a_damaged_file_is_written_again(file, damaged):
    file.write_bytes(damaged)
    assert Process(file).asks_for(b"one") == [3]
    second = Process(file)
    second.asks_for(b"one")
    assert second.computed == 0


def test_a_folder_that_cannot_be_written_to_is_no_error(tmp_path):
    no_folder = tmp_path / "file"
    no_folder.touch()
    assert Process(no_folder / "lengths.json").asks_for(b"one") == [3]

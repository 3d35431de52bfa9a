"""What `make` does first: install the locked packages, or say in one line why it cannot."""

import fcntl
import importlib.util
import re
import stat
import threading
import tomllib

import pytest
from packaging.specifiers import SpecifierSet
from project import ROOT

FAILING = """#!/bin/sh
echo 'WARNING: Retrying' >&2
echo "ERROR: {text}" >&2
exit 1
"""


@pytest.fixture
def module():
    spec = importlib.util.spec_from_file_location("install", ROOT / "envs" / "install.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def root(tmp_path, module, monkeypatch):
    """A repository whose environment gets a `python` that does nothing, whatever it is told."""
    for name in module.LOCKS:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    pip(tmp_path, "#!/bin/sh\n")
    created = []
    monkeypatch.setattr(module.venv, "create", lambda folder, **options: created.append(options))
    module.created = created
    return tmp_path


def pip(root, script):
    python = root / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True, exist_ok=True)
    python.write_text(script)
    python.chmod(python.stat().st_mode | stat.S_IXUSR)


def test_it_installs_once(module, root):
    module.install(root)
    assert module.is_current(root)
    module.install(root)
    assert len(module.created) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[Errno 28] No space left on device", "the disk is full"),
        ("Retry(total=0) after connection broken by 'NewConnectionError'", "check the network"),
        ("anything else", "pip failed with exit code 1; see above"),
    ],
)
def test_a_failure_has_one_line_and_the_next_attempt_begins_again(module, root, text, message):
    pip(root, FAILING.format(text=text))
    with pytest.raises(module.InstallError, match=re.escape(message)):
        module.install(root)
    assert not module.is_current(root)
    pip(root, "#!/bin/sh\n")
    module.install(root)
    assert [options["clear"] for options in module.created] == [False, True]
    assert module.is_current(root)


def test_what_pip_says_is_shown_unless_its_cause_is_known(module, root, capfd):
    for text, shown in (("No space left on device", False), ("a conflict", True)):
        pip(root, FAILING.format(text=text))
        with pytest.raises(module.InstallError):
            module.install(root)
        assert (text in capfd.readouterr().err) == shown


def test_two_processes_install_one_after_the_other(module, root, capsys):
    with (root / ".venv.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        other = threading.Thread(target=module.install, args=(root,))
        other.start()
        other.join(0.2)
        assert other.is_alive()
        # The process that has the lock finishes.
        (root / ".venv" / "locked").touch()
    other.join(10)
    assert not other.is_alive()
    assert module.created == []
    assert "waiting for it" in capsys.readouterr().out


def test_a_folder_that_cannot_be_written_to_is_named(module, root):
    with pytest.raises(module.InstallError, match=r"pyproject\.toml cannot be written to"):
        module.install(root / "pyproject.toml")


def test_a_python_that_is_too_old_is_named_with_the_remedy(module, root, monkeypatch):
    monkeypatch.setattr(module.sys, "version_info", (3, 10, 4))
    message = r"needs Python 3\.11 or newer, and .* is Python 3\.10\.4\. .* make PYTHON="
    with pytest.raises(module.InstallError, match=message):
        module.install(root)


def test_it_agrees_with_the_makefile_and_the_project(module):
    makefile = (ROOT / "Makefile").read_text()
    [locks] = re.findall(r"^LOCKS := (.*)$", makefile, re.MULTILINE)
    assert [*locks.split(), "pyproject.toml"] == list(module.LOCKS)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    supported = SpecifierSet(project["requires-python"])
    oldest = ".".join(map(str, module.OLDEST))
    assert oldest in supported
    assert f"{module.OLDEST[0]}.{module.OLDEST[1] - 1}" not in supported

"""The job server of a local Snakemake: its jobs behave as processes of their own."""

import importlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from facsimile.commands.cli.app import app
from facsimile.planning import job_server
from facsimile.planning.job_client import SOCKET

# A package in place of facsimile: it runs the words that follow its name as Python.
MAIN = """
from facsimile.planning import job_client
if __name__ == "__main__":
    job_client.exit_if_run_by_server()
import sys
exec(sys.argv[1])
"""
PACKAGE = Path(job_server.__file__).parent.parent
pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the server needs Linux"),
    pytest.mark.slow,  # most tests start processes
]


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package called facsimile with the real job server and another main module."""
    folder = tmp_path / "facsimile" / "planning"
    folder.mkdir(parents=True)
    for name in ("job_server.py", "job_client.py"):
        (folder / name).write_text((PACKAGE / "planning" / name).read_text())
    (folder / "__init__.py").write_text("")
    (tmp_path / "facsimile" / "__init__.py").write_text("")
    (tmp_path / "facsimile" / "__main__.py").write_text(MAIN)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path


@pytest.fixture
def server(package, monkeypatch):
    """A process that has started a server, as Snakemake does, and waits."""
    code = (
        "import os, sys; from facsimile.planning import job_server; job_server.start(); "
        f"print(os.environ['{SOCKET}'], flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        path = parent.stdout.readline().strip()
        monkeypatch.setenv(SOCKET, path)
        yield parent
        parent.kill()
    _until(lambda: not Path(path).exists())


def run(code, *arguments, **options):
    command = [sys.executable, "-m", "facsimile", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, **options)


def _until(condition):
    deadline = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


PARENT = "import os; print(open(f'/proc/{os.getppid()}/cmdline').read())"


def test_a_job_runs_in_the_server_with_its_own_folder_and_streams(server, tmp_path):
    job = run(f"{PARENT}; print(os.getcwd()); print('bad', file=sys.stderr)", cwd=tmp_path)
    parent, folder = job.stdout.split()
    assert "facsimile.planning.job_server" in parent
    assert folder == str(tmp_path)
    assert (job.stderr, job.returncode) == ("bad\n", 0)


@pytest.mark.parametrize(
    ("code", "exit_code"),
    [("sys.exit(7)", 7), ("1 / 0", 1), ("import os; os.kill(os.getpid(), 9)", 128 + 9)],
)
def test_the_exit_code_is_the_jobs(server, code, exit_code):
    assert run(code).returncode == exit_code


def test_a_job_with_another_environment_runs_by_itself(server):
    run("pass")  # the first job determines the environment
    other = os.environ | {"OMP_NUM_THREADS": "7"}
    job = run(f"{PARENT}; print(os.environ['OMP_NUM_THREADS'])", env=other)
    assert "facsimile.planning.job_server" not in job.stdout
    assert job.stdout.endswith("7\n")


def test_without_a_server_a_command_runs_by_itself(package, monkeypatch):
    monkeypatch.setenv(SOCKET, "/nowhere/jobs")
    assert "facsimile.planning.job_server" not in run(PARENT).stdout


def test_libraries_of_the_next_jobs_are_imported_while_a_job_runs(package, request):
    file = package / "facsimile" / "planning" / "job_server.py"
    text = file.read_text()
    assert "\nNETWORKS = (" in text
    file.write_text(text.replace("\nNETWORKS = (", '\nNETWORKS = ("zipapp",)\nOLD = ('))
    request.getfixturevalue("server")
    imported = "print('zipapp' in sys.modules)"
    assert run(imported, "data").stdout == "False\n"
    _until(lambda: run(imported).stdout == "True\n")


def test_an_edit_takes_effect_in_the_next_job(server, package):
    module = package / "facsimile" / "edited.py"
    for value in ("one", "another"):
        module.write_text(f"value = '{value}'")
        job = run("from facsimile import edited; print(edited.value)")
        assert job.stdout == f"{value}\n"


def test_the_package_is_imported_once_and_again_after_an_edit(server, package):
    module = package / "facsimile" / "commands" / "cli" / "app.py"
    module.parent.mkdir(parents=True)

    def seen_by_a_job(value):
        """The value that a job imports, and when it was imported; also the file's time."""
        module.write_text(f"import time; value = {value}; imported = time.monotonic()")
        # Python compiles a file again only if its size or its second has changed.
        os.utime(module, (value, value))
        job = run("from facsimile.commands.cli import app; print(app.value, app.imported)")
        return job.stdout.split()

    first, again, edited = seen_by_a_job(1), seen_by_a_job(1), seen_by_a_job(2)
    assert first == again
    assert edited[0] == "2"
    module.write_text("is no Python")
    assert "SyntaxError" in run("from facsimile.commands.cli import app").stderr
    assert seen_by_a_job(3)[0] == "3"


# It says its number once it is ready for a signal.
WAITING = (
    "import os, signal, time; signal.signal(15, lambda *_: sys.exit(143)); "
    "print(os.getpid(), flush=True); time.sleep(60)"
)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_signal_to_the_client_ends_the_job(server, number):
    command = [sys.executable, "-m", "facsimile", WAITING]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as client:
        job = int(client.stdout.readline())
        assert job != client.pid
        client.send_signal(number)
    assert client.returncode == (143 if number == signal.SIGTERM else -9)
    _until(lambda: not Path(f"/proc/{job}").exists())


def test_the_server_ends_after_its_parent(server):
    path = Path(os.environ[SOCKET])
    assert run("pass").returncode == 0
    server.kill()
    server.wait()
    _until(lambda: not path.parent.exists())


def test_every_command_in_the_list_exists():
    names = {command.name for command in app.registered_commands}
    assert job_server.COMMANDS.keys() <= names
    for imports in job_server.COMMANDS.values():
        importlib.import_module(imports.module)

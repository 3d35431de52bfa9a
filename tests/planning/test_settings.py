"""Settings on their way to the jobs: what is written is what is read, also through a shell."""

import json
import shlex
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from facsimile.planning import config, settings, shell_commands
from facsimile.planning.config import Config
from facsimile.planning.studies_at_scale import StudiesAtScale

# Names of folders that YAML reads as something else, or that a shell or Snakemake would change.
NAMES = [
    "my results",
    "résultats",
    "it's",
    "results #2",
    "#2",
    "results: new",
    "2024-11-28",
    "2024",
    "020",
    "1e3",
    "1:30",
    "1_000",
    "null",
    "~",
    "None",
    "yes",
    "no",
    "true",
    "[x]",
    "x ",
    " x",
    "- x",
    "-x",
    "--set",
    "a=b",
    "a.b",
    "*",
    "$HOME",
    "$(touch pwned)",
    "`touch pwned`",
    "a\\b",
    'a"b',
    "a%b",
    "!x",
    "&x",
    "@x",
    "💾",
    ".",
    "..",
    "/tmp/x y",
]

# Control characters, and names that Snakemake or the system cannot use, are refused.
printable = st.characters(min_codepoint=32, exclude_characters="\x7f", exclude_categories=["Cs"])
names = (
    (st.text(printable, min_size=1) | st.sampled_from(NAMES) | st.dates().map(str))
    .filter(str.strip)
    .filter(lambda name: not set(name) & set("{}"))
)
optional = names.filter(lambda name: name.lower() not in config.NOTHING)
configurations = st.fixed_dictionaries(
    {},
    optional={
        "scale": st.text(),
        "results": names,
        "sources": st.dictionaries(st.sampled_from(["toy", "dsprites", "cars3d"]), names),
        "data_dir": st.none() | optional,
        "shard_size": st.integers(1, 10**30),
        "checkpoint_steps": st.none() | st.integers(1),
        "checkpoint_minutes": st.floats(1e-300, allow_infinity=False),
        "compile": st.booleans(),
        "device": st.sampled_from(["auto", "cpu", "cuda"]),
    },
)


@pytest.mark.slow
@given(configurations)
def test_a_job_reads_the_configuration_that_was_written(values):
    written = config.check(values)
    pairs = settings.written(written)
    assert config.check(settings.read(pairs)) == written
    assert all(pair.isascii() for pair in pairs), "whatever the locale of a node is"


@pytest.mark.slow
@given(configurations)
def test_the_command_of_a_job_survives_the_quoting_of_a_shell(values):
    written = config.check(values)
    assert read_by_job(written, shlex.split) == written


@pytest.mark.parametrize("name", NAMES)
def test_names_survive_a_real_shell(tmp_path, name):
    def split(command):
        printed = subprocess.run(
            ["/bin/sh", "-c", f"printf '%s\\0' {command}"],
            capture_output=True,
            check=True,
            cwd=tmp_path,
        )
        return printed.stdout.decode().split("\0")

    values = {"results": name, "sources": {"toy": name}, "checkpoint_steps": None}
    written = config.check(values)
    assert read_by_job(written, split) == written
    assert str(written.results) == str(Path(name))
    assert list(tmp_path.iterdir()) == []


def read_by_job(written, split):
    """Return the configuration that a job reads from the command that the workflow starts."""
    # Snakemake replaces doubled braces by single ones.
    words = split(shell_commands.command(written).replace("{{", "{").replace("}}", "}"))
    pairs = [word.removeprefix("--set=") for word in words if word.startswith("--set=")]
    return config.check(settings.read(pairs))


plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
nested = st.recursive(
    plain,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
keys = st.text("abc", min_size=1)


@given(st.dictionaries(keys, nested, max_size=3))
@example({"a": "null", "b": None, "c": {"d": {"e": [None, "2024-11-28", 1e400]}}})
def test_any_value_is_read_as_it_was_written(values):
    pairs = [f"{key}={json.dumps(value)}" for key, value in values.items()]
    assert settings.read(pairs) == values


@given(names)
def test_a_name_on_the_command_line_is_the_name(name):
    # Written as JSON, in brackets or quotes, a name is a value.
    if name[0] in '[{"' or name in ("null",):
        return
    assert settings.read([f"results={name}"]) == {"results": name}


@pytest.mark.parametrize(
    ("pairs", "values"),
    [
        (["scale=desk"], {"scale": "desk"}),
        (["results=2024"], {"results": "2024"}),
        (["results=020"], {"results": "020"}),
        (["results=true"], {"results": "true"}),
        (['results="null"'], {"results": "null"}),
        (["data_dir=null"], {"data_dir": None}),
        (["shard_size=20"], {"shard_size": 20}),
        (["papers=[shipped, /x y]"], {"papers": ["shipped", "/x y"]}),
        (['papers=["shipped"]'], {"papers": ["shipped"]}),
        (["sources={toy: /a}"], {"sources": {"toy": "/a"}}),
        (["sources.toy=/a", "sources.mnist=/b=c"], {"sources": {"toy": "/a", "mnist": "/b=c"}}),
    ],
)
def test_what_a_person_writes(pairs, values):
    assert settings.read(pairs) == values


@pytest.mark.parametrize(
    "pairs",
    [
        ["sources={}", "sources.toy=/a"],
        ["sources.toy=/a", "sources={}"],
        ["a=1", "a.b=2"],
        ["a.b=2", "a=1"],
    ],
)
def test_a_key_and_one_of_its_entries_contradict_each_other(pairs):
    with pytest.raises(ValueError, match=r"(sources|a) and \1\.(toy|b) are both set"):
        settings.read(pairs)


@pytest.mark.parametrize(
    ("pair", "message"), [("x", "write key=value"), ("papers=[", "write JSON")]
)
def test_what_is_no_setting_is_an_error(pair, message):
    with pytest.raises(ValueError, match=message):
        settings.read([pair])


def test_one_entry_leaves_the_others_as_they_are():
    before = {"sources": {"toy": "/a", "mnist": "/b"}, "scale": "desk"}
    merged = settings.merged(before, settings.read(["sources.toy=/c"]))
    assert merged == {"sources": {"toy": "/c", "mnist": "/b"}, "scale": "desk"}
    assert settings.merged(before, settings.read(["sources={}"]))["sources"] == {}


def test_the_values_of_snakemakes_command_line_are_read_as_they_were_typed():
    # As Snakemake reads them: cut at the comment, a number, and text for null.
    read_by_snakemake = {"results": "results", "data_dir": "null", "scale": "smoke"}
    typed = ["results=results #2", "data_dir=null"]
    reread = StudiesAtScale(read_by_snakemake, typed).workspace.config
    assert reread == Config(results=Path("results #2"), data_dir=None, scale="smoke")

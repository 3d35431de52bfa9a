"""The crate beside a table or figure: what it lists, and that all of it can be verified."""

import base64
import hashlib
import json
from pathlib import Path

import pytest
import synthetic

from facsimile.foundation import provenance
from facsimile.presentation import crates
from facsimile.presentation.crates import METADATA, PROFILE, Production

MODULE = "facsimile.figures.violin"


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def artefact(tmp_path):
    """A figure drawn from made-up runs on two data sets, of which it shows one."""
    outputs = [tmp_path / "figures" / f"fig3_left.{ending}" for ending in ("pdf", "png", "csv")]
    inputs = [tmp_path / "scores.parquet", tmp_path / "study.yaml"]
    for path in (*outputs, *inputs):
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"contents of {path.name}")
    runs = synthetic.runs(1, (0,), ("dsprites", "shapes3d")).assign(record_sha256="ab" * 32)
    spec = synthetic.spec("violin", note="Read from page 7.")
    return Production(
        spec, synthetic.context(), MODULE, outputs, inputs, runs, crates.now(), crates.now()
    )


@pytest.fixture
def graph(artefact):
    return {
        entity["@id"]: entity for entity in json.loads(crates.write(artefact).read_text())["@graph"]
    }


def test_it_is_a_process_run_crate(graph):
    assert graph[METADATA]["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    root = graph["./"]
    assert root["conformsTo"] == {"@id": PROFILE}
    assert root["name"] == "fig3_left of locatello2019 at smoke scale"
    assert "200 of 300,000 steps" in root["description"]
    assert root["license"].startswith("not stated")
    assert graph[root["mentions"]["@id"]]["@type"] == "CreateAction"


def references(value):
    """The ids that a property refers to."""
    if isinstance(value, dict):
        return {value["@id"]} if "@id" in value else set()
    if isinstance(value, list):
        return set().union(*map(references, value))
    return set()


def test_every_reference_is_in_the_crate(graph):
    ids = set()
    for entity in graph.values():
        for value in entity.values():
            ids |= references(value)
    elsewhere = {"https://w3id.org/ro/crate/1.1"} | {id for id in ids if "schema.org" in id}
    assert ids
    assert ids - elsewhere <= set(graph)


def test_results_are_the_files_in_the_folder_with_their_checksums(graph, artefact):
    action = graph["#made"]
    results = [graph[result["@id"]] for result in action["result"]]
    assert [result["@id"] for result in results] == [
        "fig3_left.pdf",
        "fig3_left.png",
        "fig3_left.csv",
    ]
    folder = artefact.outputs[0].with_suffix(".crate")
    for result in results:
        assert (
            result["sha256"]
            == sha256(folder / result["@id"])
            == sha256(artefact.outputs[0].parent / result["@id"])
        )
        assert int(result["contentSize"]) == (folder / result["@id"]).stat().st_size
    assert action["startTime"] <= action["endTime"]
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [METADATA, "runs.csv", *(r["@id"] for r in results)]
    )


def test_inputs_are_identified_by_their_content(graph, artefact):
    inputs = [graph[reference["@id"]] for reference in graph["#made"]["object"]]
    assert [entity["name"] for entity in inputs] == ["scores.parquet", "study.yaml", "runs.csv"]
    scores = inputs[0]
    digest = base64.urlsafe_b64decode(scores["@id"].removeprefix("ni:///sha-256;") + "=").hex()
    assert digest == scores["sha256"] == sha256(artefact.inputs[0])
    assert scores["alternateName"] == str(artefact.inputs[0])


def test_code_and_environment_are_named(graph, root, monkeypatch, artefact):
    instrument = graph[graph["#made"]["instrument"]["@id"]]
    assert instrument["identifier"] == f"facsimile-code:{provenance.code(MODULE)}"
    modules = {
        graph[part["@id"]]["name"]: graph[part["@id"]]["version"] for part in instrument["hasPart"]
    }
    assert modules == provenance.hashes(MODULE)
    monkeypatch.chdir(root)
    graph = {
        entity["@id"]: entity for entity in json.loads(crates.write(artefact).read_text())["@graph"]
    }
    requirements = {}
    for reference in graph["#software"]["softwareRequirements"]:
        requirement = graph[reference["@id"]]
        requirements[requirement["name"]] = requirement
    names = {"numpy", "pandas", "python", "requirements.lock", "torch.lock"}
    assert names <= set(requirements)
    assert requirements["torch.lock"]["sha256"] == sha256(Path("envs/torch.lock"))


def test_the_runs_are_those_shown_with_their_records(artefact):
    text = (crates.write(artefact).parent / "runs.csv").read_text().splitlines()
    shown = artefact.runs[artefact.runs["dataset"] == "dsprites"]
    assert text[0] == "run,state,record_sha256"
    assert len(text) - 1 == len(shown) < len(artefact.runs)
    assert text[1] == f"{shown['run'].iloc[0]},done,{'ab' * 32}"


def test_it_replaces_an_earlier_crate(artefact):
    crates.write(artefact)
    artefact.outputs[0].unlink()
    artefact.outputs[0].write_text("drawn again")
    folder = crates.write(artefact).parent
    assert (folder / "fig3_left.pdf").read_text() == "drawn again"


def test_a_file_system_without_hard_links_gets_copies(artefact, monkeypatch):
    def refused(*paths):
        raise OSError("not here")

    monkeypatch.setattr(crates.os, "link", refused)
    folder = crates.write(artefact).parent
    assert (folder / "fig3_left.pdf").read_text() == "contents of fig3_left.pdf"
    assert (folder / "fig3_left.pdf").stat().st_nlink == 1

"""`facsimile export` and `adopt`: adopted results count as finished; bad bundles are refused."""

import gzip
import hashlib
import io
import json
import random
import shutil
import tarfile

import numpy as np
import pandas as pd
import pytest
from project import STUDY, write_study

from facsimile.commands import explain
from facsimile.commands.bundles import adopt, export
from facsimile.commands.bundles.bundle_format import MANIFEST, SUMS, BundleError
from facsimile.planning import workspace as workspaces
from facsimile.store import files as store_files
from facsimile.store import latents, records, stored_scores
from facsimile.studies import evaluations
from facsimile.training import weights_code


@pytest.fixture(scope="module")
def complete(tmp_path_factory):
    """A store with the whole tiny study: files as the workflow writes them, without training."""
    workspace = place(tmp_path_factory.mktemp("made"))
    study = workspace.study("tiny")
    for run in workspace.runs(study):
        make(workspace, study, run)
    return workspace


def place(folder, text=STUDY):
    """A workspace with the tiny study and no results."""
    write_study(folder / "papers", text)
    (folder / "results").mkdir()
    return workspaces.load(papers=[folder / "papers"], results=folder / "results")


def make(workspace, study, run, code="00000000"):
    import torch

    folder = workspace.paths.run(run.key)
    about = {
        "run": run.key,
        "dataset": run.dataset,
        "model": run.model,
        "seed": run.seed,
        "statement": run.statement,
    }
    tensors = {} if run.control else {"encoder.a": torch.full((3,), float(run.seed))}
    records.finish(
        folder,
        tensors,
        pd.DataFrame({"step": [1]}),
        about | {"code": weights_code.hashes(run), "state": "done"},
    )
    weights = records.record(folder)["weights_sha256"]
    values = np.full((5, 4), run.seed, np.float32)
    checksum = latents.write(
        folder / store_files.LATENTS,
        (5, 4),
        iter([(values, values)]),
        about | {"weights_sha256": weights},
    )
    for metric in study.metrics:
        path = workspace.paths.score(
            run.key, metric, evaluations.protocol(study, workspace.config.scale, metric)
        )
        path.parent.mkdir(exist_ok=True)
        row = {"metric": metric, "score": metric, "result": 0.25, "convention": "dlib"}
        path.write_text(
            json.dumps(
                {"run": run.key, "stamp": {"latents": checksum, "code": code}, "scores": [row]}
            )
        )


@pytest.fixture
def bundle(complete, tmp_path):
    path = tmp_path / "tiny.tar.gz"
    export.export(complete, "tiny", path, latents=True, weights=True)
    return path


@pytest.fixture
def there(tmp_path):
    folder = tmp_path / "there"
    folder.mkdir()
    return place(folder)


def files(workspace):
    """Every file of the store with its checksum."""
    results = workspace.config.results
    paths = (path for path in results.glob("runs/**/*") if path.is_file())
    return {
        str(path.relative_to(workspace.config.results)): hashlib.sha256(
            path.read_bytes()
        ).hexdigest()
        for path in paths
    }


def rewrite(bundle, change, sums=True):
    """Change the members of a bundle, a dictionary name -> bytes; list and checksums then match."""
    with tarfile.open(bundle) as archive:
        members = {name: archive.extractfile(name).read() for name in archive.getnames()}
    manifest = json.loads(members.pop(MANIFEST))
    members.pop(SUMS)
    change(members)
    manifest["members"] = {name: len(data) for name, data in members.items()}
    members = {MANIFEST: json.dumps(manifest).encode()} | members
    if sums:
        members[SUMS] = "".join(
            f"{hashlib.sha256(d).hexdigest()}  {n}\n" for n, d in members.items()
        ).encode()
    write(bundle, members)


def write(bundle, members):
    with tarfile.open(bundle, "w:gz", compresslevel=1) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def refused(there, bundle, message, **options):
    """Check that adoption fails with this message and the bundle's name, and writes nothing."""
    before = sorted(there.config.results.rglob("*"))
    with pytest.raises((BundleError, store_files.StoreError), match=message) as error:
        adopt.adopt(there, bundle, **options)
    assert str(error.value).startswith(str(bundle))
    assert sorted(there.config.results.rglob("*")) == before
    assert not list(there.config.results.parent.parent.glob("**/pwned*"))


def test_exported_files_are_adopted_byte_by_byte(complete, bundle, there):
    done = adopt.adopt(there, bundle)
    assert len(done.new) == 6
    assert (done.present, done.stale, done.shards) == ([], [], 3)
    assert files(there) == files(complete)
    for shard in there.shards(there.study("tiny")):
        for stage in ("trained", "encoded"):
            index = json.loads((there.paths.shard(shard.key) / f"{stage}.json").read_text())
            assert index == {"shard": shard.key, "runs": {run.key: "done" for run in shard.runs}}
    for path in there.score_files(there.study("tiny")):
        assert (
            stored_scores.read_table(path)["result"].tolist()
            == [0.25] * len(stored_scores.read_table(path))
            != []
        )
    assert {path.name for path in there.config.results.iterdir()} == {"runs", "shards"}


def test_a_bundle_of_scores_alone_is_small_and_enough(complete, there, tmp_path):
    path = tmp_path / "scores.tar"
    done = export.export(complete, "tiny", path)
    assert (done.runs, done.missing) == (6, 0)
    with tarfile.open(path) as archive:
        names = archive.getnames()
    assert not [name for name in names if name.endswith((".h5", ".safetensors"))]
    assert "study/tiny.yaml" in names
    assert adopt.adopt(there, path).shards == 3
    assert len(list(there.config.results.glob("shards/**/*.parquet"))) == 3


def test_scores_of_some_variations_are_not_all_scores(tmp_path):
    variations = "variations: {few: {train: 50, metrics: [mig]}}\n"
    workspace = place(tmp_path, STUDY + variations)
    for run in workspace.runs(workspace.study("tiny")):
        make(workspace, workspace.study("tiny"), run)
    notes = []
    adopt.report(workspace, None, False, notes.append)
    incomplete = [note for note in notes if ": mig has no scores for some runs" in note]
    assert len(incomplete) == len(workspace.shards(workspace.study("tiny")))
    assert not list(workspace.config.results.glob("shards/**/*.parquet"))


def test_checksums_are_in_the_format_of_sha256sum(bundle):
    with tarfile.open(bundle) as archive:
        lines = archive.extractfile(SUMS).read().decode().splitlines()
        for line in lines:
            checksum, name = line.split("  ")
            assert hashlib.sha256(archive.extractfile(name).read()).hexdigest() == checksum
        assert len(lines) == len(archive.getnames()) - 1


def test_the_same_results_give_the_same_bytes(complete, bundle, tmp_path):
    again = tmp_path / "again.tar.gz"
    export.export(complete, "tiny", again, latents=True, weights=True)
    assert again.read_bytes() == bundle.read_bytes()


def test_adopting_twice_changes_nothing(bundle, there):
    adopt.adopt(there, bundle)
    before = {path: path.stat().st_mtime_ns for path in there.config.results.glob("runs/**/*")}
    done = adopt.adopt(there, bundle)
    assert (len(done.new), len(done.present)) == (0, 6)
    assert {
        path: path.stat().st_mtime_ns
        for path in there.config.results.glob("runs/**/*")
        if path in before
    }.keys() == before.keys()
    assert all(path.stat().st_mtime_ns == time for path, time in before.items() if path.is_file())


def test_another_shard_size_is_registered(bundle, there):
    small = workspaces.Workspace(there.config.model_copy(update={"shard_size": 1}))
    assert adopt.adopt(small, bundle).shards == 6


def test_a_run_of_other_code_is_stale_and_kept(complete, bundle, there):
    def change(members):
        name = next(name for name in members if "beta_vae" in name and name.endswith("run.json"))
        record = json.loads(members[name])
        record["code"]["facsimile.training.loop"] = "ffffffff"
        members[name] = json.dumps(record).encode()

    rewrite(bundle, change)
    done = adopt.adopt(there, bundle)
    [key] = done.stale
    assert explain.stale_modules(there, there.find_run(key)) == ["facsimile.training.loop"]
    assert any("computed by other code" in note for note in done.notes)


def test_a_run_that_is_here_with_other_content_stays_without_replace(complete, bundle, there):
    study = there.study("tiny")
    run = there.runs(study)[0]
    make(there, study, run)
    record = there.paths.run(run.key) / store_files.RECORD
    record.write_text(json.dumps(json.loads(record.read_text()) | {"seconds": 99.0}))
    refused(there, bundle, "is here with other content; nothing was adopted: --replace")
    assert adopt.adopt(there, bundle, replace=True).new
    assert files(there) == files(complete)


def test_a_part_is_adopted_and_the_rest_is_reported(bundle, there):
    write_study(there.config.papers[0], STUDY.replace("seeds: 2", "seeds: 3"))
    done = adopt.adopt(there, bundle)
    assert (len(done.new), done.shards) == (6, 2)
    assert any("2 of 6 runs are not here" in note for note in done.notes)
    (there.config.papers[0] / "tiny" / "study.yaml").unlink()
    (there.config.results / "shards").rename(there.config.results / "old")
    done = adopt.adopt(there, bundle)
    assert done.shards == 0
    assert any("belong to no study here" in note for note in done.notes)


def test_a_run_that_is_being_made_here_is_left_alone(bundle, there):
    from facsimile.store.lease import leased

    run = there.runs(there.study("tiny"))[0]
    with leased(there.paths.run(run.key)), pytest.raises(BundleError, match="is being made here"):
        adopt.adopt(there, bundle)


def first(members, ending):
    return next(name for name in members if "beta_vae" in name and name.endswith(ending))


def edit(ending, change):
    """A function that changes the JSON of one run."""

    def apply(members):
        record = json.loads(members[first(members, ending)])
        change(record)
        members[first(members, ending)] = json.dumps(record).encode()

    return apply


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (edit("run.json", lambda r: r["statement"]["params"].update(beta=2)), "not of this run"),
        (edit("run.json", lambda r: r.update(seed=7)), "not of this run"),
        (edit("run.json", lambda r: r.update(statement=None)), "not of this run"),
        (edit("run.json", lambda r: r.update(state="great")), "neither done nor failed"),
        (edit("run.json", lambda r: r.update(state="failed")), "failed, and yet has"),
        (
            edit("run.json", lambda r: r.update(weights_sha256="0" * 64)),
            "is not the file in its record",
        ),
        (lambda m: m.update({first(m, ".safetensors"): b"other"}), "is not the file in its record"),
        (lambda m: m.update({first(m, ".h5"): b"no HDF5"}), "not of this run"),
        (lambda m: m.pop(first(m, "run.json")), "has no run.json"),
        (
            lambda m: m.update({next(n for n in m if "/scores/" in n): b"[]"}),
            "does not hold the scores of a metric",
        ),
        (lambda m: m.update({"../pwned": b"x"}), "is not a file of a run"),
        (lambda m: m.update({"/tmp/pwned": b"x"}), "is not a file of a run"),
        (lambda m: m.update({"runs/toy/../../pwned/run.json": b"x"}), "is not a file of a run"),
        (
            lambda m: m.update({"runs/toy/beta_vae/01234567/0/pwned.py": b"x"}),
            "is not a file of a run",
        ),
        (
            lambda m: m.update({"runs/toy/a; touch pwned/01234567/0/run.json": b"x"}),
            "is not a file of a run",
        ),
        (
            lambda m: m.update({first(m, "run.json"): b" " * (2**24 + 1)}),
            "too many for such a file",
        ),
    ],
)
def test_a_bundle_with_wrong_content_is_refused(there, bundle, change, message):
    rewrite(bundle, change)
    refused(there, bundle, message)


def test_an_altered_member_is_named(there, bundle):
    with tarfile.open(bundle) as archive:
        members = {name: archive.extractfile(name).read() for name in archive.getnames()}
    name = first(members, "history.parquet")
    members[name] = members[name][:-1] + b"?"
    write(bundle, members)
    refused(there, bundle, f"{name} is not what was exported")


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE, tarfile.CHRTYPE]
)
def test_links_and_devices_are_refused(there, bundle, kind):
    name = "runs/toy/beta_vae/01234567/0/run.json"
    listed = json.dumps({"format": 1, "study": "x", "scale": "x", "members": {name: 0}}).encode()
    with tarfile.open(bundle, "w:gz") as archive:
        info = tarfile.TarInfo(MANIFEST)
        info.size = len(listed)
        archive.addfile(info, io.BytesIO(listed))
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, "/etc/passwd"
        archive.addfile(info)
    refused(there, bundle, "is not a plain file")


def test_a_bundle_larger_than_the_disk_is_refused_before_it_is_unpacked(there, bundle):
    listed = json.dumps(
        {"format": 1, "study": "x", "scale": "x", "members": {"study/x.yaml": 10**18}}
    ).encode()
    write(bundle, {MANIFEST: listed})
    refused(there, bundle, "make room")


def test_a_member_larger_than_its_list_says_is_refused_by_its_header(there, bundle):
    listed = json.dumps(
        {"format": 1, "study": "x", "scale": "x", "members": {"study/x.yaml": 10}}
    ).encode()
    write(bundle, {MANIFEST: listed, "study/x.yaml": bytes(2**24)})
    refused(there, bundle, "its list says 10")


def test_a_header_that_claims_gigabytes_allocates_nothing(there, bundle):
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 7 * 2**30
    bundle.write_bytes(gzip.compress(info.tobuf(tarfile.USTAR_FORMAT) + bytes(2**20)))
    refused(there, bundle, "a header claims 7,516,192,768 bytes")


@pytest.mark.slow
def test_damaged_bundles(there, bundle):
    whole = gzip.decompress(bundle.read_bytes())
    chance, refusals, accepted = random.Random(0), 0, 0
    for number in range(60):
        data = bytearray(whole)
        if number % 3 == 0:
            del data[chance.randrange(len(data)) :]
        else:
            data[chance.randrange(0, len(data) - 10_240)] ^= chance.randint(1, 255)
        bundle.write_bytes(gzip.compress(data, 1) if number % 2 else bytes(data))
        try:
            adopt.adopt(there, bundle)
        except (BundleError, store_files.StoreError) as error:
            refusals += str(error).startswith(str(bundle))
            continue
        accepted += 1  # the byte was padding, or a time or an owner, which nobody reads
    assert refusals + accepted == 60
    assert refusals > 40
    bundle.write_bytes(b"\x1f\x8b" + bytes(100))
    refused(there, bundle, "damaged")


def test_without_a_finished_run_nothing_is_exported(there, tmp_path):
    with pytest.raises(ValueError, match="no finished run"):
        export.export(there, "tiny", tmp_path / "x.tar")
    with pytest.raises(ValueError, match=r"name it \.tar"):
        export.export(there, "tiny", tmp_path / "x.zip")


def test_altered_weights_are_not_exported(complete, tmp_path):
    changed = complete.config.model_copy(update={"results": tmp_path / "copy"})
    workspace = workspaces.Workspace(changed)
    shutil.copytree(complete.config.results, workspace.config.results)
    path = next(workspace.config.results.glob("runs/toy/beta_vae/*/*/model.safetensors"))
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(store_files.StoreError, match="not the weights of its record"):
        export.export(workspace, "tiny", tmp_path / "x.tar", weights=True)
    assert not (tmp_path / "x.tar").exists()

# make demo: set up, re-make published numbers, train one model, draw it.
# make report: set up, and open the report of a study made from the scores that come with it.
# make test: everything that CI runs.  make fast: the tests that take seconds.
# make docs: the documentation site, in site/.
# make PYTHON=python3.12 … uses another interpreter. On Linux, PyPI's torch is the CUDA build; for the smaller CPU build:
# make TORCH_INDEX=https://download.pytorch.org/whl/cpu …

PYTHON ?= python3
TORCH_INDEX ?=
BIN := .venv/bin
# What takes three minutes on two cores without AVX-512.
DEMO := overlap_table_a1 overlap_table_a2 overlap_comparison prog_vi_table4 prog_vi_comparison \
	locatello2019_table1 locatello2019_traversals_dsprites locatello2019_comparison
REPORTED := locatello2019
STAMP := .venv/locked
LOCKS := envs/build.lock envs/requirements.lock envs/torch.lock

# Makes the numerical libraries use the instructions of an AVX2 processor without AVX-512.
AVX2 := ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2 MKL_ENABLE_INSTRUCTIONS=AVX2 \
	OPENBLAS_CORETYPE=Haswell NUMBA_CPU_NAME=haswell NUMBA_CPU_FEATURES=+avx2,+fma \
	NPY_DISABLE_CPU_FEATURES=X86_V4,AVX512_ICL,AVX512_SPR

.PHONY: demo report writable test portable gpu-check fast lint types style docs compiled lock
.DELETE_ON_ERROR:
# Without byte code, each of hundreds of short processes compiles the package again.
unexport PYTHONDONTWRITEBYTECODE

demo: writable $(STAMP)
	$(BIN)/snakemake $(DEMO) --config scale=demo
	@$(BIN)/facsimile show --scale demo

# The pages need libraries of the npm registry, which are downloaded once.
report: writable $(STAMP)
	$(BIN)/facsimile report $(REPORTED) --reference
	@$(BIN)/python -m webbrowser "file://$(CURDIR)/results/shipped/studies/$(REPORTED)/desk/report/index.html"

# A clear line at once instead of an error in the middle.
writable:
	@test -w . || { echo "$(CURDIR) cannot be written to; make demo needs 3 GB in a checkout of your own" >&2; exit 1; }

# The type checker uses one core for a minute, so everything else that comes before the tests is done
# beside it.
test: export OMP_NUM_THREADS := 1
test: $(STAMP)
	$(MAKE) --jobs=2 types style docs compiled
	$(BIN)/pytest --durations=10

# The numerical tests that take seconds, as an AVX2 processor without AVX-512 would run them.
portable: export OMP_NUM_THREADS := 1
portable: $(STAMP)
	env $(AVX2) $(BIN)/pytest -m "not slow" --durations=10 tests/metrics tests/models tests/papers tests/training

# The first thing to do on a machine with a GPU: correctness, then speed, in MINUTES minutes.
MINUTES ?= 8
gpu-check: $(STAMP)
	$(BIN)/python benchmarks/gpu_check.py --minutes $(MINUTES)

fast: $(STAMP)
	$(BIN)/pytest -m "not slow"

lint: style types

style: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint
	$(BIN)/lint-imports

types: $(STAMP)
	$(BIN)/mypy

# Machine code of the metrics, which the tests of workflows copy.
compiled: $(STAMP)
	PYTHONPATH=tests $(BIN)/python -c "import project; project.compile_metrics()"

# The site, in site/; any warning is an error. NO_MKDOCS_2_WARNING silences an advertisement.
docs: $(STAMP)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

# make lock UPGRADE=1 takes new versions. Without it, only new requirements in pyproject.toml change the locks.
lock:
	PYTHON=$(PYTHON) envs/lock.sh $(if $(UPGRADE),--upgrade)

# One process at a time, and begun again where it was interrupted.
$(STAMP): $(LOCKS) pyproject.toml
	@$(PYTHON) envs/install.py $(if $(TORCH_INDEX),--torch-index $(TORCH_INDEX))

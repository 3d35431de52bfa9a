#!/bin/sh
# Rewrites build.lock and requirements.lock: exact versions for every platform and Python >= 3.11, with
# the hashes of all files. Versions that still satisfy the requirements are kept; `envs/lock.sh --upgrade`
# takes the newest. The version of torch is in torch.lock.
set -eu
cd "$(dirname "$0")/.."
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT

"${PYTHON:-python3}" -m venv "$tools"
"$tools/bin/python" -m pip install -qq --disable-pip-version-check uv==0.13.8

lock() {
    "$tools/bin/uv" --quiet --config-file envs/uv.toml pip compile --universal --python-version 3.11 --generate-hashes \
        --no-annotate --custom-compile-command "make lock" "$@"
}
lock envs/build.in --output-file envs/build.lock "$@"
lock pyproject.toml --extra dev --extra docs --output-file envs/requirements.lock --constraints envs/build.lock --constraints envs/torch.lock \
    --no-emit-package setuptools --no-emit-package torch "$@"

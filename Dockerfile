# The locked environment with the CPU build of torch, and Facsimile itself.
#   docker build -t facsimile .
#   docker run --rm -v "$PWD/results:/facsimile/results" facsimile snakemake locatello2019 --config scale=desk
# With CUDA (PyPI's torch): docker build --build-arg TORCH_INDEX=https://pypi.org/simple -t facsimile .
FROM python:3.11-slim-bookworm

ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu

RUN apt-get update && apt-get install -y --no-install-recommends make && rm -rf /var/lib/apt/lists/*

WORKDIR /facsimile
# Only what decides the environment, so that an edit of the code does not install everything again.
COPY envs envs
RUN pip install --no-cache-dir --require-hashes -r envs/build.lock \
    && pip install --no-cache-dir --require-hashes --no-deps --no-build-isolation -r envs/requirements.lock \
    && pip install --no-cache-dir -r envs/torch.lock --index-url "$TORCH_INDEX"
COPY . .
RUN pip install --no-cache-dir --no-deps --no-build-isolation -e .

ENV OMP_NUM_THREADS=1
CMD ["facsimile", "list"]

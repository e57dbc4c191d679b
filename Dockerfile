# docker build --tag all-tf .                         # without a GPU
# docker build --target gpu --tag all-tf:gpu .
# docker run --rm all-tf --help
# docker run --rm --user "$(id -u):$(id -g)" --volume "$PWD:/work" all-tf make-synthetic --out demo/source
FROM python:3.13-slim AS sources
WORKDIR /all_tf
COPY setup.cfg pyproject.toml constraints.txt README.md LICENSE ./
COPY all_tf all_tf
COPY builders builders
COPY tfrecords tfrecords

FROM sources AS gpu
RUN python -m pip install --no-cache-dir --constraint constraints.txt ".[gpu,export,fields,import,multihost,page,pretrained,sweep]"
WORKDIR /work
ENV HOME=/tmp
ENTRYPOINT ["all-tf"]

FROM sources AS cpu
RUN python -m pip install --no-cache-dir --constraint constraints.txt ".[export,fields,import,multihost,page,pretrained,sweep]"
WORKDIR /work
ENV HOME=/tmp
ENTRYPOINT ["all-tf"]

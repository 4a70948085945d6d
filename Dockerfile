# SPDX-License-Identifier: Apache-2.0
# Both commands of the README in a container: `docker build -t mcu-ghost .` runs `make demo`,
# `docker run --rm mcu-ghost` the tests.
FROM debian:12-slim
RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    ca-certificates git make python3 python3-venv
WORKDIR /mcu-ghost
COPY . .
RUN make demo
CMD ["make", "test"]

# syntax=docker/dockerfile:1
# Two stages: the first builds the wheel and an environment with the locked dependencies, the second holds that environment
# and nothing else. Both use the same base, so that the environment's interpreter is where it was.
#
#   docker build -t ordergate .
#   docker run --read-only -p 8080:8080 -v ./gateway.yaml:/etc/ordergate/gateway.yaml:ro -v journal:/var/lib/ordergate ordergate
#
# No configuration is shipped: a container whose file was forgotten stops, and does not answer with simulated providers.
# PostgreSQL (a fleet) and OpenTelemetry (`telemetry.otlp`) are in it: what pip calls extras are the image's own.
# In it `listen.host` must be 0.0.0.0 to be reachable; the admin listener stays on 127.0.0.1, where the health check asks.

FROM python:3.13-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
COPY requirements-image.lock requirements-build.lock ./
RUN python -m venv --without-pip /opt/ordergate \
 && python -m pip --python /opt/ordergate/bin/python install --require-hashes --only-binary :all: -r requirements-image.lock \
 && python -m pip install --require-hashes --only-binary :all: -r requirements-build.lock
COPY pyproject.toml README.md LICENSE* NOTICE* ./
COPY adapters/ adapters/
COPY policies/ policies/
COPY gateway/ gateway/
RUN python -m hatchling build -t wheel -d dist \
 && python -m pip --python /opt/ordergate/bin/python install --no-deps --no-index dist/*.whl \
 && /opt/ordergate/bin/python -m compileall -q /opt/ordergate/lib

FROM python:3.13-slim-bookworm
LABEL org.opencontainers.image.title="Ordergate" \
      org.opencontainers.image.description="One canonical order and catalog API in front of many providers" \
      org.opencontainers.image.licenses="Apache-2.0"
# Nothing is written but what the configuration names: run it with a read-only root and mount the store.
ENV PATH=/opt/ordergate/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
COPY --from=build /opt/ordergate /opt/ordergate
# A named volume mounted here, for the journal, gets this owner. It is not declared: a volume without a name is forgotten
# with its container, and a gateway without any says so and stops.
RUN install -d -o 65532 -g 65532 -m 700 /var/lib/ordergate
WORKDIR /etc/ordergate
USER 65532:65532
EXPOSE 8080 8081
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["python", "-c", "from urllib import request as r; r.build_opener(r.ProxyHandler({})).open('http://127.0.0.1:8081/livez', timeout=2)"]
ENTRYPOINT ["ordergate"]
CMD ["serve", "--config", "/etc/ordergate/gateway.yaml"]

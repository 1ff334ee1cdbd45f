# One image for the gateway, its workers and the command line.
FROM python:3.11-slim AS build
WORKDIR /src
RUN python -m venv /opt/crosswalk
COPY pyproject.toml README.md LICENSE ./
COPY gateway gateway
COPY resolvers resolvers
COPY sync sync
COPY platforms platforms
COPY schema schema
COPY runtime runtime
COPY sandbox sandbox
RUN /opt/crosswalk/bin/pip install --no-cache-dir --disable-pip-version-check ".[postgres]"

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/crosswalk --create-home crosswalk
COPY --from=build /opt/crosswalk /opt/crosswalk
ENV PATH=/opt/crosswalk/bin:$PATH PYTHONUNBUFFERED=1 CROSSWALK_SERVER__HOST=0.0.0.0
USER crosswalk
WORKDIR /etc/crosswalk
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
ENTRYPOINT ["crosswalk"]
CMD ["serve", "--config", "/etc/crosswalk/crosswalk.yaml"]

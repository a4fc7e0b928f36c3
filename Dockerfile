# Cinelog in a small image: one binary, a user that is not root, a health check.
#
#     docker build -t cinelog .
#     docker run --rm -p 127.0.0.1:8080:8080 -v cinelog:/var/lib/cinelog cinelog serve --demo

FROM rust:1.95-slim-bookworm AS build
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends build-essential \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
# What was downloaded and compiled before is kept between builds; the binary is all that leaves here.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --locked --profile production --package cinelog --features kafka,kurrentdb,otlp,s3 \
    && cp target/production/cinelog /usr/local/bin/cinelog

FROM debian:bookworm-slim
# For TLS to Postgres and KurrentDB: the newest, since certificates expire.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin cinelog \
    && install --directory --mode 0700 --owner cinelog --group cinelog /var/lib/cinelog /var/lib/cinelog-keys
COPY --from=build /usr/local/bin/cinelog /usr/local/bin/cinelog
# Everywhere in the container: what of it is reachable, its ports decide.
ENV CINELOG__SERVER__LISTEN=0.0.0.0:8080 \
    CINELOG__SERVER__ADMIN_LISTEN=0.0.0.0:9080 \
    CINELOG__SERVER__DATA=/var/lib/cinelog
USER 10001:10001
WORKDIR /var/lib/cinelog
VOLUME /var/lib/cinelog
EXPOSE 8080 9080
HEALTHCHECK --interval=5s --timeout=6s --start-period=60s --retries=3 CMD ["cinelog", "health"]
ENTRYPOINT ["cinelog"]
CMD ["serve"]

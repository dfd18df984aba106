# syntax=docker/dockerfile:1
#
#   docker build -t threadis .
#   docker run --rm -p 6379:6379 -v threadis-data:/data threadis --requirepass SECRET
#
# Options after the image's name go to the server, as they would to redis-server, and win over the ones below.
#
# The server listens on all of the container's addresses, because a container that listens on loopback cannot be
# reached at all. Protected mode stays on: without a password the server refuses every client that does not come
# from loopback, and in a container that is every client, a published port's included. So give it a password
# (--requirepass, or an aclfile under /data), or, on a network where you trust everybody, --protected-mode no.
# Beware that a published port passes by the host's own firewall rules: -p 127.0.0.1:6379:6379 keeps it local.

# A Node release line in long-term support; package.json's "engines" says what else works.
ARG NODE_VERSION=24

FROM node:${NODE_VERSION}-slim AS build
WORKDIR /app
# Dependencies first: this layer stays cached while only the sources change. Scripts are off because `prepare`
# would build, and the sources are not here yet.
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY scripts scripts
COPY src src
COPY workers workers
RUN npm run build && npm prune --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:${NODE_VERSION}-slim
ENV NODE_ENV=production
# The user has a fixed number, so that the owner of a mounted /data can be set from outside.
RUN groupadd --system --gid 999 threadis \
 && useradd --system --uid 999 --gid threadis --home-dir /data --no-create-home --shell /usr/sbin/nologin threadis \
 && install --directory --owner=threadis --group=threadis --mode=0750 /data
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY bin bin
COPY config config
COPY scripts/healthcheck.mjs scripts/healthcheck.mjs

USER threadis
WORKDIR /data
VOLUME /data
EXPOSE 6379
# A server on another port needs a HEALTHCHECK of its own: the port is this script's argument.
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["node", "/app/scripts/healthcheck.mjs", "6379"]
# The server runs as process 1 and shuts down cleanly on SIGTERM, which is what `docker stop` sends.
ENTRYPOINT ["/app/bin/threadis-server", "/app/config/threadis.conf", "--bind", "*", "-::*", "--dir", "/data"]

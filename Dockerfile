# One image for every service: SERVICES names those that a container runs (all, when it is empty).
FROM node:24-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Without the optional packages: they are the Node for a machine that has none, and this image has one.
RUN npm ci --omit=dev --omit=optional

FROM node:24-slim
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=3000 \
    DATA_DIR=/data \
    HEALTH_FILE=/tmp/openward.health
WORKDIR /app
RUN mkdir /data && chown node:node /data
COPY --from=packages /app/node_modules node_modules
COPY package.json moleculer.config.ts ./
COPY fhir fhir
COPY mesh mesh
COPY store store
COPY federation federation
COPY mixins mixins
COPY services services
COPY scripts scripts
USER node
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["node", "scripts/health.ts"]
# Two processes: the first starts the second again where the watchdog has ended it, which nothing can do to a process with the number 1.
CMD ["node", "scripts/keep.mjs", "serve"]

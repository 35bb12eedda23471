# The server by itself: docker build --tag tunacorn . && docker run --publish 127.0.0.1:8266:8266 --env TUNACORN_API_KEYS tunacorn
# with keys in TUNACORN_API_KEYS (docs/access.md), or --env TUNACORN_INSECURE=true where only this machine reaches it.
# With PostgreSQL: docker compose up

FROM node:24-slim AS build
WORKDIR /build
# All packages, by the lockfile alone: this layer is made again only when dependencies change.
COPY package.json pnpm-lock.yaml pnpm-workspace.yaml ./
RUN npm install --global "$(node -p 'require("./package.json").packageManager')" && pnpm fetch
COPY . .
RUN pnpm install --frozen-lockfile --offline && pnpm build
# The server with what it needs to run, and nothing else.
RUN pnpm --filter tunacorn deploy --prod --offline --config.inject-workspace-packages=true /app

FROM node:24-slim
# Inside the container it listens on all addresses, so it wants keys: what is published is not known in here.
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8266 TUNACORN_DATA_DIR=/data
WORKDIR /app
COPY --from=build /app .
# Where the embedded database is kept when there is no DATABASE_URL.
RUN mkdir --mode=700 /data && chown node:node /data
# For the other commands: docker compose exec server tunacorn doctor
RUN chmod +x bin/tunacorn.js && ln -s /app/bin/tunacorn.js /usr/local/bin/tunacorn
VOLUME /data
USER node
EXPOSE 8266
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/livez`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "bin/tunacorn.js", "serve"]

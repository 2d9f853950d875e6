# One image for every role. Build it after `node scripts/lib/build/main.ts` has written dist/. The base has Deno and an
# init, /tini: without one a process does not hear a SIGTERM that comes while it begins.
ARG BASE_IMAGE=denoland/deno:distroless-2.9.6
FROM ${BASE_IMAGE}

LABEL org.opencontainers.image.title="daps" \
      org.opencontainers.image.description="A lifecycle sidecar for Dapr" \
      org.opencontainers.image.licenses="MIT"

# A base without it is found here, not in a pod that does not start.
RUN ["/tini", "--version"]

COPY dist /daps

# Deno wants a name for its cache even where it writes none; the folder need not exist.
ENV DENO_DIR=/tmp/deno \
    DENO_NO_UPDATE_CHECK=1 \
    NO_COLOR=1

# Numeric, as runAsNonRoot asks for.
USER 65532:65532

# For people. Pods name the command themselves, with the narrowest permissions of their role.
ENTRYPOINT ["/tini", "-s", "--", "deno", "run", "--no-prompt", "--no-config", "--no-lock", "--no-remote", "--no-npm", "--no-code-cache", "--allow-env", "--allow-net", "--allow-read", "--allow-sys", "/daps/main.js"]
CMD ["--help"]

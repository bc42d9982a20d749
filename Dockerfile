# Built static, run as nobody from an empty image.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X github.com/throughline/throughline/internal/cli.version=${VERSION}" -o /out/throughline ./cmd/throughline \
 && mkdir -p /out/data /out/tmp && chmod 1777 /out/tmp

FROM scratch
LABEL org.opencontainers.image.title="Throughline" org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/throughline /throughline
COPY --from=build --chown=65532:65532 /out/data /data
COPY --from=build /out/tmp /tmp
USER 65532:65532
# who may ask is for whoever runs it to say: -e THROUGHLINE_AUTH=tokens:/data/tokens.jsonl, or none to let everybody read
ENV THROUGHLINE_ADDR=0.0.0.0:8080 THROUGHLINE_DATA_DIR=/data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["/throughline", "health", "--addr", "127.0.0.1:8080"]
ENTRYPOINT ["/throughline"]
CMD ["serve"]

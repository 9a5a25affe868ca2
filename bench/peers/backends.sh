# A private Postgres and a private Redis for a peer; sourced by the start scripts.
# They live in $FOLDER, take free ports and end with the script.

FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/bench-peer.XXXXXX")
STARTED=()
trap 'leave' EXIT
trap 'exit 0' INT TERM

leave() {
  local pid
  for pid in "${STARTED[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${STARTED[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$FOLDER"
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# wait_for_port PORT PID: waits until a TCP port of this machine is listened on, for as long as the
# process lives that is to listen there. A busy machine may take minutes.
wait_for_port() {
  until (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; do
    if ! kill -0 "$2" 2>/dev/null; then
      echo "what was to listen on port $1 has ended:" >&2
      tail -n 20 "$FOLDER"/*.log >&2
      return 1
    fi
    sleep 0.2
  done
}

start_postgres() {
  local programs account=()
  programs=$(dirname "$(command -v postgres || ls -d /usr/lib/postgresql/*/bin/postgres | sort -V | tail -1)")
  # Postgres refuses to run as root.
  if [ "$(id -u)" = 0 ]; then account=(runuser -u postgres --); fi
  mkdir "$FOLDER/postgres"
  chmod 755 "$FOLDER"
  if [ "$(id -u)" = 0 ]; then chown postgres "$FOLDER/postgres"; fi
  "${account[@]}" "$programs/initdb" --pgdata "$FOLDER/postgres/data" --username bench --auth trust \
    --no-sync >"$FOLDER/initdb.log"
  POSTGRES_PORT=$(free_port)
  "${account[@]}" "$programs/postgres" -D "$FOLDER/postgres/data" -p "$POSTGRES_PORT" -h 127.0.0.1 \
    -k "$FOLDER/postgres" -c max_connections=100 -c shared_buffers=256MB >"$FOLDER/postgres.log" 2>&1 &
  STARTED+=($!)
  wait_for_port "$POSTGRES_PORT" $!
  POSTGRES_PID=$(head -1 "$FOLDER/postgres/data/postmaster.pid")
}

start_redis() {
  REDIS_PORT=$(free_port)
  redis-server --port "$REDIS_PORT" --bind 127.0.0.1 --save '' --appendonly no --dir "$FOLDER" \
    >"$FOLDER/redis.log" &
  REDIS_PID=$!
  STARTED+=("$REDIS_PID")
  wait_for_port "$REDIS_PORT" "$REDIS_PID"
}

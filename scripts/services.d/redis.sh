# Redis: shared limits and caches. What a file here defines stands in postgres.sh.
# shellcheck shell=bash disable=SC2034,SC2154

service_port=16379
service_packages=(redis-server)
service_account=redis
service_stop_signal=TERM

is_installed() { command -v redis-server >/dev/null && command -v redis-cli >/dev/null; }

# Nothing in it has to outlive it. It keeps its command line, by which it is known as ours.
start() {
    launch redis-server --port "$(cat "$folder/port")" --bind 127.0.0.1 --dir "$(data)" --save "" --appendonly no \
        --maxmemory 256mb --set-proc-title no --daemonize no
}

answers() { [[ $(redis-cli -h 127.0.0.1 -p "$(cat "$folder/port")" PING 2>/dev/null) == PONG ]]; }

url() { echo "redis://127.0.0.1:$(cat "$folder/port")/"; }

# OpenID Connect: a provider that tests sign in with. What a file here defines stands in postgres.sh.
#
# There is no package of it: scripts/oidc-provider fetches it from npm's registry, scripts/node what runs it.
# shellcheck shell=bash disable=SC2034,SC2154

service_port=18090
service_packages=(curl)
service_account=oidc
service_stop_signal=TERM

is_installed() { command -v curl >/dev/null; }

# What it knows it keeps in memory: who starts it again begins with other keys and with nobody signed in.
start() {
    local place node provider
    place=$(data)
    node=$("$root/scripts/node")
    provider=$("$root/scripts/oidc-provider")
    copy_provider "$provider" "$place"
    if ! as_user test -x "$node"; then
        install -m 755 "$node" "$place/node"
        node=$place/node
    fi
    export OIDC_PASSWORD
    OIDC_PASSWORD=$(cat "$folder/password")
    launch "$node" "$place/provider/server.mjs" "$place" 127.0.0.1 "$(cat "$folder/port")"
}

# Its user may not get at the checkout.
copy_provider() {
    local from=$1 place=$2
    rm -rf "$place/provider"
    mkdir "$place/provider"
    cp -r "$from/package.json" "$from/server.mjs" "$from/node_modules" "$place/provider"
    ((EUID != 0)) || chown -R "$user:$(id -g "$user")" "$place/provider"
}

answers() {
    curl --fail --silent --max-time 5 --output /dev/null \
        "http://127.0.0.1:$(cat "$folder/port")/.well-known/openid-configuration"
}

url() { echo "http://cinelog:$(cat "$folder/password")@127.0.0.1:$(cat "$folder/port")"; }

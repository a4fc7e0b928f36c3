# SMTP: a mail server for tests, which keeps what it is sent and gives it out over HTTP, on the next port. What
# a file here defines stands in postgres.sh.
#
# There is no package of it: aiosmtpd, at the versions and with the hashes of smtp/requirements.txt, in .tools.
# shellcheck shell=bash disable=SC2034,SC2154

service_port=18125
service_packages=(python3-venv openssl curl)
service_account=mail
service_stop_signal=TERM

# As a process also where there is Docker: it has two ports, and an engine is told of one.
has_engine() { return 1; }

is_installed() { python3 -c 'import venv, ensurepip' 2>/dev/null && command -v openssl >/dev/null && command -v curl >/dev/null; }

start() {
    local place
    place=$(data)
    make_environment "$place"
    make_certificate "$place"
    launch "$place/python/bin/python" "$place/sink.py" "$place" "$(cat "$folder/port")" \
        "$(($(cat "$folder/port") + 1))" "$(cat "$folder/password")"
}

# Its user may not get at the checkout, and packages are fetched once.
make_environment() {
    local place=$1 source=$root/scripts/services.d/smtp
    if ! cmp --silent "$source/requirements.txt" "$place/requirements.txt"; then
        rm -rf "$place/python"
        python3 -m venv --copies "$place/python"
        "$place/python/bin/pip" install --quiet --no-deps --require-hashes --only-binary :all: \
            --requirement "$source/requirements.txt"
        cp "$source/requirements.txt" "$place/requirements.txt"
    fi
    cp "$source/sink.py" "$place/sink.py"
    ((EUID != 0)) || chown -R "$user:$(id -g "$user")" "$place"
}

# For itself alone: tests trust it by its file.
make_certificate() {
    local place=$1
    [[ -e $place/certificate.pem ]] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
        -days 3650 -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
        -addext basicConstraints=critical,CA:FALSE \
        -keyout "$place/key.pem" -out "$place/certificate.pem" 2>/dev/null
    cp "$place/certificate.pem" "$folder/certificate.pem"
    ((EUID != 0)) || chown "$user:$(id -g "$user")" "$place/key.pem" "$place/certificate.pem"
}

answers() {
    curl --fail --silent --max-time 5 --output /dev/null \
        "http://127.0.0.1:$(($(cat "$folder/port") + 1))/nobody"
}

url() { echo "smtp://cinelog:$(cat "$folder/password")@127.0.0.1:$(cat "$folder/port")"; }

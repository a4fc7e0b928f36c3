# nginx: the tests of deploy/nginx.conf run one each of their own, on the nodes that they start. Here it is
# only installed. What a file here defines stands in postgres.sh.
# shellcheck shell=bash disable=SC2034,SC2154

service_packages=(nginx libnginx-mod-http-js)
service_is_program=yes

is_installed() {
    PATH=$PATH:/usr/sbin command -v nginx >/dev/null && [[ -e /usr/lib/nginx/modules/ngx_http_js_module.so ]]
}

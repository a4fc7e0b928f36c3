# Varnish: the tests of deploy/varnish.vcl run one each of their own, on the nodes that they start. Here it is
# only installed, with a C compiler, which it needs to run. What a file here defines stands in postgres.sh.
# shellcheck shell=bash disable=SC2034,SC2154

service_packages=(varnish varnish-modules gcc)
service_is_program=yes

is_installed() {
    PATH=$PATH:/usr/sbin command -v varnishd >/dev/null && command -v gcc >/dev/null &&
        compgen -G '/usr/lib/*/varnish/vmods/libvmod_xkey.so' >/dev/null
}

#!/bin/sh
# Makes the certificates of the TLS-terminating proxies in tests/doctor.rs anew, all of them together: the authority's key
# is not kept. They are good for a century, so that no test fails one day by itself; the key protects nothing.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat > "$work/conf" <<CONF
[ca]
default_ca = authority
[authority]
database = $work/index
serial = $work/serial
new_certs_dir = $work
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
x509_extensions = leaf
[any]
commonName = supplied
[leaf]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
[root]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[req]
distinguished_name = name
prompt = no
[name]
CN = name
CONF
: > "$work/index"
echo 01 > "$work/serial"
key() { openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out "$1"; }
sign() { openssl ca -batch -notext -config "$work/conf" -keyfile "$work/authority.key" "$@" 2>/dev/null; }
leaf() { # file, name, first day, last day
    openssl req -new -key key.pem -subj "/CN=$2" -addext "subjectAltName=DNS:$2" -config "$work/conf" -out "$work/request"
    sign -cert authority.pem -in "$work/request" -startdate "$3" -enddate "$4" -out "$1"
}
key "$work/authority.key"
key key.pem
chmod 644 key.pem
openssl req -new -key "$work/authority.key" -subj '/CN=doorward test authority' -config "$work/conf" -out "$work/request"
sign -selfsign -in "$work/request" -extensions root -startdate 20200101000000Z -enddate 21200101000000Z -out authority.pem
leaf good.pem mcp.example.com 20200101000000Z 21190101000000Z
leaf other.pem other.example.com 20200101000000Z 21190101000000Z
leaf expired.pem mcp.example.com 20200101000000Z 20210101000000Z
openssl req -x509 -key key.pem -subj '/CN=TRAEFIK DEFAULT CERT' -addext 'subjectAltName=DNS:mcp.example.com' -days 36500 \
    -config "$work/conf" -out traefik.pem

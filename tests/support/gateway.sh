#!/bin/sh
# The command line of the product in examples/families/gateway.toml: what its maker would ship. Its state is a folder with an nginx.
cd "$GATEWAY" || exit 1
echo "$*" >> commands.log
web() { nginx -p "$GATEWAY" -e "$GATEWAY/error.log" -c "$GATEWAY/nginx.conf" "$@" 2>> error.log; }
case "$1 $2" in
    "show ")
        echo "Software: 2.4.1"
        echo "Serial: GW-$(cat serial)"
        echo "Certificate: $(openssl x509 -in certificate.pem -outform DER | sha256sum | cut -d ' ' -f 1)"
        if [ -s http.conf ]; then echo "HTTP: on"; else echo "HTTP: off"; fi
        echo "Name: $(cat name)"
        echo "Restart needed: no"
        ;;
    "http on") cp http.conf.on http.conf && web -s reload && echo OK ;;
    "http off") : > http.conf && web -s reload && echo OK ;;
    "name "*) printf '%s' "$2" > name && echo OK ;;
    "certificate install")
        openssl x509 -in "$3" -noout && openssl pkey -in "$3" -noout || exit 1
        cp "$3" certificate.new && cp "$3" key.new && rm -f "$3" && mv certificate.new certificate.pem && mv key.new key.pem || exit 1
        web -t && web -s reload && echo OK
        ;;
    "restart ") web -s reload ;;
    *)
        echo "unknown command" >&2
        exit 2
        ;;
esac

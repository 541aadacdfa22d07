#!/bin/bash
# Time proven with the host's key by Heimdal's KDC and by Active Directory's
# (Samba), at any offset, by UDP and by TCP, and through a man in the middle.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$here/kinds.sh"
begin_kinds
. "$here/auth.sh"

# look OFFSET TRANSPORT: by any transport but UDP alone, which AD refuses.
look() {
    echo "$KDC_KIND at $1 s by $2:"
    ask 127.0.0.1 "$port" "$2" 4 "$keytab"
    if [ "$KDC_KIND,$2" = samba,udp ]; then
        only 'too-big .*' "$KDC_KIND by udp alone"
        return
    fi
    good_answers 4 "$KDC_KIND at $1 by $2"
    true_answers "$1" "$KDC_KIND at $1 by $2"
}

# forged WANTED ACTION...: of three answers so many have a time, a true one.
forged() {
    local wanted=$1
    shift
    forge_start "$port" "$@"
    echo "$KDC_KIND, forged: $*"
    ask 127.0.0.1 "$FORGED" auto 3 "$keytab"
    good_answers "$wanted" "$KDC_KIND, $*"
    true_answers 0 "$KDC_KIND, $*"
    server_stop forge
}

for KDC_KIND in heimdal samba; do
    port=$(free_port)
    kdc_start "$KDC_KIND" 127.0.0.1 "$port" +0
    keytab=$SERVERS_DIR/$KDC_KIND/host.keytab
    CLIENT=$(host_principal)
    for offset in +123.456 -400 +3600 +0; do
        server_offset "$KDC_KIND" $offset
        for transport in udp tcp auto; do
            look $offset $transport
        done
    done
    for seconds in 100 1000; do
        forged 3 shift all 0 $seconds
        for code in 25 24 90 6 68 52 37; do
            forged 3 error fast $code $seconds
            forged 0 error all $code $seconds
        done
    done
    forged 3 replay fast
done

# shellcheck shell=bash
# KDCs of two more kinds, Heimdal's kdc and a Samba AD DC, and sshd, for the
# tests.  Source it after servers.sh.
#
#   kinds_prepare           download and unpack once, into the cache
#   kinds_enter             make their small Debian in /mnt: see below
#   KDC_KIND=heimdal kdc_start NAME ADDRESS PORT OFFSET     or samba, or mit
#   "${INSIDE[@]}" COMMAND...   run a program of that Debian, and
#   "${INSIDE_CLOCK[@]}" FAKETIME_TIMESTAMP_FILE=FILE COMMAND...
#                           run it with a clock of its own
#
# Samba finds its modules in fixed places only, and brings a Python; so these
# servers are unpacked with every library they need and run in a change root,
# which takes the same room and trouble on every host.  Its folders are mounts,
# so the caller must have mounts of its own (unshare -m); of the host it sees
# /dev, /proc and SERVERS_DIR.  Principals and keytabs are those of the MIT
# realm in servers.sh, but for the host's name in AD (host_principal).

KIND_PROGRAMS=(samba-ad-dc samba-ad-provision heimdal-kdc openssh-server
    openssh-client libfaketime dash coreutils)
# What they depend on, and a KDC and an sshd never call.
KIND_NEEDLESS='gnupg|gpg|dirmngr|pinentry|perl|libperl|bind9|winbind'
KIND_NEEDLESS+='|dpkg|debconf|adduser|tar=|usrmerge|krb5-config|openbsd-inetd'

# program_versions NAME...: what apt would get.
program_versions() {
    apt-cache show --no-all-versions "$@" 2>/dev/null |
        awk '/^(Package|Version):/ { print $2 }'
}

# program_packages NAME...: "name=version" of all that apt would put onto an
# empty system for them.
program_packages() {
    apt-get -s install --no-install-recommends -o Dir::State::status=/dev/null \
        "$@" 2>/dev/null | sed -nE 's/^Inst ([^ ]+) \(([^ ]+) .*/\1=\2/p' |
        grep -Ev "^($KIND_NEEDLESS)"
}

kind_versions() { program_versions "${KIND_PROGRAMS[@]}"; }
kind_packages() { program_packages "${KIND_PROGRAMS[@]}"; }

kinds_use() {
    local program
    for program in bin/samba-tool sbin/samba sbin/sshd bin/ssh \
        bin/kadmin.heimdal lib/heimdal-servers/kdc; do
        [ -x "$1/usr/$program" ] || return 1
    done
    KINDS_ROOT=$1
}

# Sets KINDS_ROOT, or fails.
kinds_prepare() {
    servers_obtain "kinds-$(dpkg --print-architecture)" kind_versions \
        kind_packages kinds_use 'heimdal-kdc, samba-ad-dc, openssh-server'
}

# root_mount ROOT: its programs, to be read only, in an empty /mnt.
root_mount() {
    local folder
    mount -t tmpfs -o mode=755 none /mnt
    for folder in usr bin sbin lib lib64; do
        if [ -d "$1/$folder" ]; then
            mkdir "/mnt/$folder"
            mount --bind -o ro "$1/$folder" "/mnt/$folder"
        else
            ln -s "usr/$folder" "/mnt/$folder"
        fi
    done
}

kinds_enter() {
    local folder faketime
    root_mount "$KINDS_ROOT"
    for folder in dev proc "${SERVERS_DIR#/}"; do
        mkdir -p "/mnt/$folder"
        mount --rbind "/$folder" "/mnt/$folder"
    done
    mkdir -p /mnt/etc /mnt/tmp /mnt/run/sshd /mnt/var/{lib,cache,log}/samba
    chmod 1777 /mnt/tmp
    cat >/mnt/etc/passwd <<'END'
root:*:0:0::/root:/bin/sh
alice:*:0:0::/root:/bin/sh
sshd:*:74:74::/run/sshd:/bin/false
nobody:*:65534:65534::/:/bin/false
END
    printf '%s:x:%d:\n' root 0 sshd 74 users 100 nogroup 65534 >/mnt/etc/group
    faketime=$(echo /mnt/usr/lib/*/faketime)
    INSIDE=(chroot /mnt /usr/bin/env PATH=/usr/sbin:/usr/bin:/sbin:/bin)
    INSIDE_CLOCK=("${INSIDE[@]}" LD_LIBRARY_PATH="${faketime#/mnt}"
        "${FAKE_CLOCK[@]}")
}

# host_principal: as whom the host under test gets tickets with its keytab.
host_principal() {
    case ${KDC_KIND:-mit} in
    samba) echo 'CLIENT$' ;; # Active Directory has no tickets for a service
    *) echo host/client.test ;;
    esac
}

heimdal_configure() {
    local dir=$1
    cat >"$dir/krb5.conf" <<END
[libdefaults]
    default_realm = $SERVERS_REALM
    dns_lookup_kdc = false
[kdc]
    database = {
        dbname = $dir/principal
        realm = $SERVERS_REALM
        mkey_file = $dir/m-key
        acl_file = $dir/kadmind.acl
        log_file = $dir/hdb.log
    }
    enable-http = no
    require-preauth = no
[logging]
    default = 0-/FILE:$dir/kdc.log
END
}

heimdal_create_realm() {
    local dir=$1
    "${INSIDE[@]}" KRB5_CONFIG="$dir/krb5.conf" kadmin.heimdal -l \
        -r "$SERVERS_REALM" >"$dir/create.log" 2>&1 <<END
init --realm-max-ticket-life=10h --realm-max-renewable-life=7d $SERVERS_REALM
add --use-defaults --random-key --attributes=requires-pre-auth host/client.test
add --use-defaults --random-key --attributes=requires-pre-auth HTTP/service.test
add --use-defaults --password=alicepw --attributes=requires-pre-auth alice
add --use-defaults --password=noprepw nopre
ext_keytab -k FILE:$dir/host.keytab host/client.test
ext_keytab -k FILE:$dir/service.keytab HTTP/service.test
END
}

kdc_start_heimdal() {
    local name=$1 address=$2 port=$3 offset=$4 dir=$SERVERS_DIR/$1
    mkdir -p "$dir"
    heimdal_configure "$dir"
    if [ ! -e "$dir/host.keytab" ]; then
        heimdal_create_realm "$dir"
        realm_is_made "$dir"
    fi
    server_spawn "$name" "$offset" "${INSIDE_CLOCK[@]}" \
        FAKETIME_TIMESTAMP_FILE="$dir/offset" /usr/lib/heimdal-servers/kdc \
        --config-file="$dir/krb5.conf" --addresses="$address" \
        --ports="$port/udp $port/tcp"
}

# Only the KDC of a domain controller, with nothing outside its folder.
samba_configure() {
    local dir=$1 address=$2 port=$3
    cat >"$dir/kdc.conf" <<END
    server services = kdc
    krb5 port = $port
    kpasswd port = $(free_port)
    interfaces = $address/8
    bind interfaces only = yes
    pid directory = $dir
    ncalrpc dir = $dir/ncalrpc
    winbindd socket directory = $dir/winbindd
    ntp signd socket directory = $dir/ntp_signd
    log level = 1 kerberos:3
END
    sed -e '/^[[:blank:]]*server services/d' -e "/^\[global/r $dir/kdc.conf" \
        "$dir/etc/smb.conf" >"$dir/smb.conf"
}

kdc_start_samba() {
    local name=$1 address=$2 port=$3 offset=$4 dir=$SERVERS_DIR/$1
    mkdir -p "$dir"
    if [ ! -e "$dir/host.keytab" ]; then
        "${INSIDE[@]}" TMPDIR="$dir" python3 - "$dir" "$SERVERS_REALM" "$address" \
            <"$ROOT/scripts/samba_realm.py" >"$dir/create.log" 2>&1
        realm_is_made "$dir"
    fi
    samba_configure "$dir" "$address" "$port"
    server_spawn "$name" "$offset" "${INSIDE_CLOCK[@]}" \
        FAKETIME_TIMESTAMP_FILE="$dir/offset" samba --foreground \
        --no-process-group --debug-stdout --model=single -s "$dir/smb.conf"
}

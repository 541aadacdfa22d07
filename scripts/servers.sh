# shellcheck shell=bash
# Real KDCs (MIT) and NTP servers (chrony) on loopback with clocks of their
# own choosing, for the demonstration and for the tests.  Source it after
# lib.sh.
#
#   servers_prepare                 download and unpack once, into the cache
#   servers_begin FOLDER REALM      everything they write goes there
#   kdc_start NAME ADDRESS PORT OFFSET      and the same for ntp_start
#   server_offset NAME OFFSET       change its clock: a KDC's at once, an NTP
#                                   server's within about a second
#   server_signal NAME SIGNAL
#   servers_stop                    all of them, and wait for it
#
# They are unpacked and never installed: chrony's package would remove the
# host's own time daemon and step its clock.  libfaketime shifts what a server
# reads from the clock; an OFFSET is "+123.456" or "-400", in seconds.
# KDCs of other kinds are in kinds.sh.

SERVER_PROGRAMS=(krb5-kdc krb5-admin-server krb5-kpropd krb5-user chrony
    libfaketime)
# libkrb5 comes along because libkdb5 fits only its own build of it.
SERVER_LIBRARIES=(libkrb5-3 libk5crypto3 libkrb5support0 libgssapi-krb5-2
    libkeyutils1 libgssrpc4 libkdb5-10 libkadm5srv-mit12 libkadm5clnt-mit12
    libverto1 libverto-libev1 libev4 libss2 libedit2 libbsd0 libcap2
    libcom-err2 libssl3)

declare -A SERVER_PID=()

# The packages and versions that apt would get, "name=version" each; Debian 13
# renamed some to ...t64.  Nothing if apt knows none of them.
server_packages() {
    local names=("${SERVER_PROGRAMS[@]}" "${SERVER_LIBRARIES[@]}")
    apt-cache show --no-all-versions "${names[@]}" "${names[@]/%/t64}" \
        2>/dev/null | awk '/^Package:/ { name = $2 }
            /^Version:/ { print name "=" $2 }' | sort -u
}

# servers_use ROOT: true if ROOT holds servers that can start on this host.
servers_use() {
    local program libs=("$1"/usr/lib/*-linux-gnu*) lost
    [ -d "${libs[0]}" ] || return 1
    SERVERS_ROOT=$1
    SERVERS_LIB=${libs[0]}
    SERVERS_PATH=$SERVERS_LIB:$1${SERVERS_LIB#"$1/usr"}:$SERVERS_LIB/faketime
    for program in krb5kdc kdb5_util kadmin.local chronyd; do
        lost=$(LD_LIBRARY_PATH=$SERVERS_PATH ldd "$1/usr/sbin/$program" |
            grep 'not found') || continue
        echo "$program: $lost" >&2
        return 1
    done
}

servers_unpack() {
    local deb
    mkdir "$1/root" && cd "$1" || return
    shift
    apt-get download -o APT::Sandbox::User=root "$@" || return
    for deb in *.deb; do
        dpkg -x "$deb" root || return
    done
}

# servers_download FOLDER USE WHAT PACKAGE...: unpack them into FOLDER, which
# is there completely or not at all.
servers_download() {
    local folder=$1 use=$2 what=$3 new
    shift 3
    new=$(mktemp -d "${folder%/*}/.new.XXXXXX") || return
    say "downloading test servers ($what) into ${folder%/*}"
    if (servers_unpack "$new" "$@") >"$new/log" 2>&1; then
        # Another run may have been quicker.
        "$use" "$folder" || { rm -rf "$folder" && mv "$new/root" "$folder"; }
    else
        tail -n 3 "$new/log" >&2
    fi
    rm -rf "$new"
}

# servers_look NAME VERSIONS LIST USE WHAT: call USE with a folder NAME-... of
# the cache that it accepts, made for the packages that LIST prints where
# VERSIONS prints what it prints now.
servers_look() {
    local cache versions key packages root
    cache=$(cache_directory servers)
    versions=$("$2")
    key=$(sha256sum <<<"${versions//$'\n'/ }")
    key=$cache/$1-${key:0:12}
    if "$4" "$key"; then return; fi

    mapfile -t packages < <("$3")
    servers_download "$key" "$4" "$5" "${packages[@]}" || true
    # Offline, or without package lists: what was unpacked earlier will do.
    for root in "$key" "$cache/$1"-*; do
        if "$4" "$root"; then return; fi
    done
    return 1
}

# servers_obtain: the same, once more with new package lists if need be.
servers_obtain() {
    if servers_look "$@"; then return; fi
    if [ "$(id -u)" = 0 ] && apt-get update >/dev/null 2>&1; then
        if servers_look "$@"; then return; fi
    fi
    echo "cannot download $5 (network? package lists?), and" \
        "$(cache_directory servers) has none" >&2
    return 1
}

# Sets SERVERS_ROOT.
servers_prepare() {
    servers_obtain "$(dpkg --print-architecture)" server_packages \
        server_packages servers_use 'krb5-kdc, chrony, libfaketime' ||
        die 'no test servers'
}

servers_begin() {
    SERVERS_DIR=$1
    SERVERS_REALM=$2
    mkdir -p "$SERVERS_DIR"
}

# Only the wall clock is shifted, or the servers' timers would misfire.  The
# preloaded library has no path, in which a space would end its name.
FAKE_CLOCK=(LD_PRELOAD=libfaketime.so.1 FAKETIME_CACHE_DURATION=1
    FAKETIME_DONT_RESET=1 FAKETIME_DISABLE_SHM=1 NO_FAKE_STAT=1
    DONT_FAKE_MONOTONIC=1)

# server_spawn NAME OFFSET COMMAND...: in the background.
server_spawn() {
    local name=$1
    server_offset "$name" "$2"
    shift 2
    "$@" </dev/null >"$SERVERS_DIR/$name/log" 2>&1 &
    SERVER_PID[$name]=$!
}

# server_run NAME OFFSET COMMAND...: the same, with its own clock.
server_run() {
    local name=$1 offset=$2 dir=$SERVERS_DIR/$1
    shift 2
    server_spawn "$name" "$offset" env -C "$dir" \
        LD_LIBRARY_PATH="$SERVERS_PATH" "${FAKE_CLOCK[@]}" \
        FAKETIME_TIMESTAMP_FILE="$dir/offset" KRB5_CONFIG="$dir/krb5.conf" \
        KRB5_KDC_PROFILE="$dir/kdc.conf" "$@"
}

server_offset() {
    mkdir -p "$SERVERS_DIR/$1"
    echo "$2" >"$SERVERS_DIR/$1/offset.new"
    mv "$SERVERS_DIR/$1/offset.new" "$SERVERS_DIR/$1/offset"
}

server_signal() {
    kill -s "$2" "${SERVER_PID[$1]}"
}

# server_wait NAME PROBE ARG...: until PROBE succeeds; true if it did.
server_wait() {
    local name=$1 tries
    shift
    for ((tries = 0; tries < 100; tries++)); do
        if "$@" 2>/dev/null; then return; fi
        kill -0 "${SERVER_PID[$name]}" 2>/dev/null || break
        sleep 0.1
    done
    tail -n 20 "$SERVERS_DIR/$name/log" >&2
    die "the server $name does not answer; its folder is $SERVERS_DIR/$name"
}

# The two files of MIT Kerberos for a KDC that lives in folder $1.
kdc_configure() {
    local dir=$1 listen=$2
    cat >"$dir/krb5.conf" <<END
[libdefaults]
    default_realm = $SERVERS_REALM
    dns_lookup_kdc = false
[realms]
    $SERVERS_REALM = {
        database_module = db2
    }
[dbmodules]
    db_module_dir = $SERVERS_LIB/krb5/plugins/kdb
    db2 = {
        db_library = db2
    }
[logging]
    default = FILE:$dir/krb5.log
END
    cat >"$dir/kdc.conf" <<END
[realms]
    $SERVERS_REALM = {
        database_name = $dir/principal
        key_stash_file = $dir/stash
        acl_file = $dir/kadm5.acl
        kdc_listen = $listen
        kdc_tcp_listen = $listen
    }
END
}

# kdc_admin DIR PROGRAM ARG...: an administrator's program of Kerberos.
kdc_admin() {
    local dir=$1 program=$2
    shift 2
    LD_LIBRARY_PATH=$SERVERS_PATH KRB5_CONFIG=$dir/krb5.conf \
        KRB5_KDC_PROFILE=$dir/kdc.conf \
        "$SERVERS_ROOT/usr/sbin/$program" -r "$SERVERS_REALM" "$@"
}

realm_is_made() {
    [ -s "$1/host.keytab" ] || {
        tail -n 20 "$1/create.log" >&2
        die "cannot make the realm $SERVERS_REALM"
    }
}

# Make the realm in folder $1; its other KDCs get a copy, as kprop would do.
# alice needs pre-authentication and nopre none; client.test is the host under
# test, service.test another one that its users go to.
kdc_create_realm() {
    kdc_admin "$1" kdb5_util create -s -P master >"$1/create.log" 2>&1 &&
        kdc_admin "$1" kadmin.local >>"$1/create.log" 2>&1 <<END
addprinc -randkey +requires_preauth host/client.test
addprinc -randkey +requires_preauth HTTP/service.test
addprinc -pw alicepw +requires_preauth alice
addprinc -pw noprepw -requires_preauth nopre
ktadd -k "$1/host.keytab" host/client.test
ktadd -k "$1/service.keytab" HTTP/service.test
END
    realm_is_made "$1"
}

# With FAKETIME_NO_CACHE a KDC looks at its offset whenever at its clock.
kdc_start() {
    FAKETIME_NO_CACHE=1 "kdc_start_${KDC_KIND:-mit}" "$@"
    server_wait "$1" tcp_answers "$2" "$3"
}

kdc_start_mit() {
    local name=$1 address=$2 port=$3 offset=$4 dir=$SERVERS_DIR/$1
    mkdir -p "$dir"
    kdc_configure "$dir" "$(host_port "$address" "$port")"
    if [ -z "${KDC_FIRST:-}" ]; then
        kdc_create_realm "$dir"
        KDC_FIRST=$dir
    elif [ ! -e "$dir/principal" ]; then
        cp "$KDC_FIRST"/principal* "$KDC_FIRST/stash" "$dir/"
    fi
    server_run "$name" "$offset" "$SERVERS_ROOT/usr/sbin/krb5kdc" -n \
        -r "$SERVERS_REALM" -P "$dir/pid"
}

ntp_start() {
    local name=$1 address=$2 port=$3 offset=$4 dir=$SERVERS_DIR/$1
    mkdir -p "$dir"
    cat >"$dir/chrony.conf" <<END
port $port
bindaddress $address
allow
local stratum 10
cmdport 0
bindcmdaddress /
pidfile pid
END
    server_run "$name" "$offset" "$SERVERS_ROOT/usr/sbin/chronyd" -x -d -U \
        -u "$(id -un)" -f "$dir/chrony.conf"
    server_wait "$name" ntp_time "$address" "$port" >/dev/null
}

server_stop() {
    stop_process "${SERVER_PID[$1]}"
    unset "SERVER_PID[$1]"
}

servers_stop() {
    local name
    for name in "${!SERVER_PID[@]}"; do
        server_stop "$name"
    done
}

host_port() {
    case $1 in *:*) echo "[$1]:$2" ;; *) echo "$1:$2" ;; esac
}

tcp_answers() {
    (exec 3<>"/dev/tcp/$1/$2")
}

# ntp_time ADDRESS PORT: the server's clock, seconds since 1970, from one
# request of 48 bytes whose first says version 4, client.
ntp_time() {
    local zeros words
    printf -v zeros '\\0%.0s' {1..47}
    words=$( (
        exec 3<>"/dev/udp/$1/$2"
        # shellcheck disable=SC2059
        printf "\\043$zeros" >&3
        timeout 1 dd bs=64 count=1 <&3 | od -An -tu4 --endian=big -j40
    ) 2>/dev/null)
    [ -n "$words" ] || return 1
    awk '{ printf "%.6f\n", $1 - 2208988800 + $2 / 4294967296 }' <<<"$words"
}

# free_port: one that nobody on this host uses, below the range from which
# the kernel gives ports to clients.
free_port() {
    local port
    while port=$((20000 + RANDOM % 12000)); do
        grep -qi ":$(printf %04X "$port") " /proc/net/{tcp,udp}{,6} \
            2>/dev/null || break
    done
    echo "$port"
}

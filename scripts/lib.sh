# shellcheck shell=bash
# What scripts/run, tests/run and the tests share.  Source it; it starts
# nothing.  Every script calls drop_sys_time before it does anything else.

ROOT=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")

# Numbers have points here, and programs' messages are the known ones.
export LC_ALL=C.UTF-8

# shellcheck disable=SC2034 # for those who source this
PACKAGES_BUILD=(cmake ninja-build gcc libc6-dev pkgconf libkrb5-dev
    libevent-dev libconfuse-dev libc-ares-dev libjansson-dev
    libcurl4-openssl-dev libssl-dev libpam0g-dev libcmocka-dev)
# shellcheck disable=SC2034
PACKAGES_TEST=(clang libclang-rt-dev clang-format clang-tidy cppcheck
    shellcheck iproute2 bash-completion
    build-essential debhelper dh-apparmor lintian blhc mmdebstrap
    apparmor strace
    mandoc valgrind pamtester libpam-wrapper openssl python3 python3-aiosmtpd)

say() { printf '%s\n' "${0#"$ROOT/"}: $*"; }
die() { printf '%s\n' "${0#"$ROOT/"}: $*" >&2; exit 1; }

# can_set_clock FIELD: whether CAP_SYS_TIME (bit 25) is in this process's
# capability set FIELD of /proc/self/status, such as CapEff or CapBnd.
can_set_clock() {
    local name value
    while read -r name value; do
        if [ "$name" = "$1:" ]; then return $(((0x$value >> 25 & 1) == 0)); fi
    done </proc/self/status
    die "/proc/self/status has no $1: is /proc mounted?"
}

# drop_sys_time SCRIPT ARG...: give up CAP_SYS_TIME for good by starting the
# script again without it.  libfaketime and namespaces do not keep a program
# from the kernel's clock; only this does.
drop_sys_time() {
    if [ "$(id -u)" = 0 ] && can_set_clock CapBnd; then
        exec setpriv --bounding-set=-sys_time --inh-caps=-sys_time "$@"
    fi
    ! can_set_clock CapEff || die "cannot give up CAP_SYS_TIME, so I stop"
}

# Wall clock less uptime in ms: constant, unless somebody steps the clock.
clock_against_uptime_ms() {
    local uptime now
    now=$(date +%s%N)
    read -r uptime _ </proc/uptime
    echo $((now / 1000000 - 10#${uptime/./} * 10))
}

# cache_directory NAME: print the path of a folder in the user's cache.
cache_directory() {
    local home=${HOME:-~} dir
    dir=${XDG_CACHE_HOME:-$home/.cache}/skewguard/$1
    # Who has no home to write to keeps it beside what is built.
    mkdir -p "$dir" 2>/dev/null || dir=$ROOT/build/cache/$1
    mkdir -p "$dir"
    echo "$dir"
}

# logged FILE COMMAND...: run quietly; on failure show the end of the log.
logged() {
    local log=$1
    shift
    "$@" >>"$log" 2>&1 </dev/null && return
    tail -n 40 "$log" >&2
    return 1
}

is_installed() {
    [[ $(dpkg-query -W -f '${Status} ' "$1" 2>/dev/null) == *' installed '* ]]
}

# install_missing PURPOSE PACKAGE...: install what dpkg does not have.
install_missing() {
    local purpose=$1 missing=() name log root=()
    shift
    for name; do
        is_installed "$name" || missing+=("$name")
    done
    [ ${#missing[@]} -gt 0 ] || return 0

    local install=(apt-get install -y --no-install-recommends "${missing[@]}")
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || die "packages are missing and you are" \
            "not root; an administrator must run:" \
            " apt-get update && ${install[*]}"
        root=(sudo setpriv --bounding-set=-sys_time --inh-caps=-sys_time)
    fi
    root+=(env DEBIAN_FRONTEND=noninteractive)
    say "installing for the $purpose: ${missing[*]}"
    log=$(mktemp)
    install+=(-o DPkg::Lock::Timeout=300)
    if ! "${root[@]}" "${install[@]}" >"$log" 2>&1 </dev/null; then
        # A bare system has no package lists yet, an old one has stale ones.
        "${root[@]}" apt-get update >>"$log" 2>&1 </dev/null || true
        if ! "${root[@]}" "${install[@]}" >>"$log" 2>&1 </dev/null; then
            tail -n 4 "$log" >&2
            die "installing failed (network? package sources?);" \
                "the whole story is in $log"
        fi
    fi
    rm -f "$log"
}

# build FOLDER TARGETS OPTION...: configure and build in $ROOT/FOLDER, quietly.
# TARGETS is a list in one word, "all" for everything.
build() {
    local folder=$ROOT/$1
    if ! mkdir -p "$folder" || [ ! -w "$folder" ]; then
        die "cannot write to $folder: build in a copy of your own"
    fi
    # One at a time: somebody else may have started the other command.
    (flock 9 && build_locked "$@" 9>&-) 9>"$folder/build.lock" || exit 1
}

build_locked() {
    local folder=$ROOT/$1 targets=$2 log=$ROOT/$1/build.log begin=$SECONDS
    shift 2
    : >"$log"
    say "building in $folder (log: build.log there)"
    logged "$log" cmake -S "$ROOT" -B "$folder" -G Ninja "$@" ||
        die "configuring failed; the whole log is $log"
    # shellcheck disable=SC2086 # a list
    logged "$log" ninja -C "$folder" -j "$(nproc)" $targets ||
        die "building failed; the whole log is $log"
    say "built in $((SECONDS - begin)) s"
}

# stop_process PID: ask it to end, wait up to 5 s, then end it.
stop_process() {
    local tries
    kill "$1" 2>/dev/null || return 0
    kill -s CONT "$1" 2>/dev/null || true
    for ((tries = 0; tries < 100; tries++)); do
        kill -0 "$1" 2>/dev/null || break
        sleep 0.05
    done
    kill -s KILL "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}

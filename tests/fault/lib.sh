# shellcheck shell=bash
# What every fault test begins with.  Source it first.  A life is a program's
# run from a folder of its own in which one call fails; many lives are led at a
# time, for they mostly wait.
#
# A test defines
#   life        lead one, in the folder $LIFE; ${FAULTY[@]} before a command
#               makes it fail
# and calls each_call.

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
. "$here/../interop/lib.sh"
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")

LANES=${FAULTS_LANES:-24}
# One in so many is tried, but no more than that, and no fewer where there are
# as many.  tests/fault/run: all of them.
STRIDE=7
MOST_LIVES=60
FEWEST_LIVES=10
# What sanitizers would say valgrind says: FAULTS_VALGRIND=1, by hand.  It has
# to find the allocations below ours.
VALGRIND=() PATIENCE=1
if [ -n "${FAULTS_VALGRIND:-}" ]; then
    VALGRIND=(valgrind -q --soname-synonyms=somalloc=nouserintercepts)
    PATIENCE=6
fi

# What crashes by itself when it gets no memory, all in Debian 12: libconfuse 3.3
# writes to the NULL that calloc() gave it (cfg_setopt), or ends the program
# (its scanner); libkrb5 1.20 reads the list that it could not make.
# shellcheck disable=SC2034 # for those who source this
SPARED=FAULTS_NOT=libconfuse.so.2:profile_get_values

# faulty PROGRAM [NAME=VALUE...]: what the lives of a test have in common.
faulty() {
    IN=$1
    COMMON=("${@:2}")
}

# errors ERROR...: those that are tried: EIO, a full disk, a death; or all.
errors() {
    if [ -n "${FAULTS_STRIDE:-}" ]; then echo "$@"; else echo 5 28 kill; fi
}

# bad WORD...: what must not be.  The life goes on, its folder stays.
bad() { echo "$*" >>"$LIFE/bad"; }

# conf: the configuration of $DIR, for this life's folders.
conf() {
    mkdir -p "$LIFE/run" "$LIFE/state"
    sed "s|$DIR/run|$LIFE/run|; s|$DIR/state|$LIFE/state|" \
        "$DIR/skewguard.conf" >"$LIFE/conf"
}

# came_to WORD...: how this life ended, to be counted.
came_to() { echo "$*" >"$LIFE/how"; }

# lead N: the life in which the N-th call fails, and what became of it.
lead() {
    LIFE=$DIR/lives/$1
    mkdir -p "$LIFE"
    FAULTY=(env LD_PRELOAD="$BUILD/tests/fault/faults.so" FAULTS_IN="$IN"
        FAULTS_AT="$1" FAULTS_LOG="$LIFE/faults" "${COMMON[@]}"
        "${VALGRIND[@]}")
    life >"$LIFE/out" 2>&1 || bad "the test itself failed ($?)"
    [ -e "$LIFE/faults" ] || bad "nothing was preloaded"
    ! grep -q '^==[0-9]*== [A-Z]' "$LIFE/out" || bad "valgrind complains"
    if [ -e "$LIFE/bad" ]; then return; fi
    if grep -q ^struck "$LIFE/faults"; then
        cat "$LIFE/how" >>"$DIR/how" 2>/dev/null || true
    else
        echo 'not reached' >>"$DIR/how"
    fi
    [ -n "${KEEP:-}" ] || rm -rf "$LIFE"
}

# run_faulty SECONDS COMMAND...: its exit status is $CODE; no signal, no hang.
run_faulty() {
    CODE=0
    timeout -k $PATIENCE $(($1 * PATIENCE)) "${FAULTY[@]}" "${@:2}" || CODE=$?
    [ "$CODE" -lt 124 ] || bad "exit status $CODE of ${*:2}"
}

is_alerted() { compgen -G "$LIFE/state/spool/*.alert" >/dev/null; }

# daemon_life COMMAND...: until it has told somebody, or does not any more.
daemon_life() {
    local pid tries
    CODE=0
    timeout -k $((2 * PATIENCE)) $((30 * PATIENCE)) "$@" -c "$LIFE/conf" -g &
    pid=$!
    for ((tries = 0; tries < 40 * PATIENCE; tries++)); do
        if is_alerted || ! kill -0 $pid 2>/dev/null; then break; fi
        sleep 0.2
    done
    # it goes with the daemon
    cp "$LIFE/run/motd" "$LIFE/motd" 2>/dev/null || true
    kill $pid 2>/dev/null || true
    wait $pid || CODE=$?
}

# config_skewed ADDRESS: of a host that is told of to be 400 s behind.
config_skewed() {
    local port
    port=$(free_port)
    kdc_start kdc "$1" "$port" +400
    config_kdc kdc "$1" "$port"
    port=$(free_port)
    ntp_start ntp "$1" "$port" +400
    config_ntp ntp "$1" "$port"
    config_line 'alert { calm = 6s  spread = 0s }'
}

show_bad() {
    local life found=0
    for life in "$DIR"/lives/*; do
        [ -e "$life/bad" ] || continue
        found=$((found + 1))
        [ $found -le 5 ] || continue
        echo "--- call ${life##*/}: $(cat "$life/bad")"
        head -n 16 "$life/faults" || true
        tail -n 12 "$life/out"
    done >&2
    [ $found = 0 ] || fail "$found lives went wrong"
}

# stride_of TOTAL
stride_of() {
    local ret=$STRIDE
    [ $(($1 / ret)) -le "$MOST_LIVES" ] || ret=$(($1 / MOST_LIVES))
    [ $(($1 / ret)) -ge "$FEWEST_LIVES" ] || ret=$(($1 / FEWEST_LIVES))
    [ "$ret" -ge 1 ] || ret=1
    echo "${FAULTS_STRIDE:-$ret}"
}

# each_call WHAT: lead one life whole, to count its calls, then one for each.
each_call() {
    local n total stride pids=()
    RUN=$((${RUN:-0} + 1))
    rm -rf "$DIR/lives"
    : >"$DIR/how"
    KEEP=1 lead 4000000000
    show_bad
    total=$(sed -n 's/^calls //p' "$LIFE/faults" | sort -n | tail -n 1)
    [ "${total:-0}" -gt 0 ] || fail "$1: no calls at all"
    : >"$DIR/how"
    stride=$(stride_of "$total")
    # a little longer, since no two lives are the same
    for ((n = (stride + 1) / 2; n <= total + stride; n += stride)); do
        while [ "$(jobs -rp | wc -l)" -ge "$LANES" ]; do wait -n || true; done
        lead $n &
        pids+=($!)
    done
    wait "${pids[@]}" || true
    show_bad
    echo "$1: $total calls, ${#pids[@]} of them failed in turn:" \
        "$(sort "$DIR/how" | uniq -c | sort -rn |
            sed 's/^ *\([0-9]*\) \(.*\)/\1 \2,/' | tr '\n' ' ')"
}

# shellcheck shell=bash
# What really happens to each Kerberos step on a host whose clock is off: done
# with the real programs, for kdc_timesync = 1 and 0.  Source it after lib.sh.
#
#   observe_begin KIND      a KDC, and two hosts: ours, and service.test which
#                           always has the KDC's time
#   observe_at OFFSET       set the KDC's clock to it; later back to ours
#   $OBSERVED               its lines, separated by tabs: kdc_timesync, step,
#                           works or refused (or mixed), and the program's words
#
# The offset is the KDC's clock less ours.  Ours is the real clock; the KDC and
# everything on service.test have a shifted one.  A step that can be done in
# several ways is done in all of them, and they have to agree.  "Older" is from
# before the clock went wrong, and that in two ways: from when the KDC had our
# time, as if the KDC's clock had gone wrong; and from when we had the KDC's, as
# if it had been ours.

. "${BASH_SOURCE[0]%/*}/kinds.sh"

STEPS=(password-login no-preauth-login fast-fresh fast-older tgs-fresh
    tgs-older gssapi-out-fresh gssapi-out-older gssapi-in ssh-in
    tgs-after-correction)
KDC_ADDRESS=127.0.0.43
SSHD_ADDRESS=127.0.0.44

# krb5_conf TIMESYNC: the host's, with the KDC.
krb5_conf() {
    cat <<END
[libdefaults]
    default_realm = $REALM
    dns_lookup_kdc = false
    dns_canonicalize_hostname = false
    rdns = false
    kdc_timesync = $1
[realms]
    $REALM = {
        kdc = $KDC_ADDRESS:$KDC_PORT
    }
[domain_realm]
    .test = $REALM
END
}

# sshd_start TIMESYNC: on our host, with its clock.
sshd_start() {
    local dir=$SERVERS_DIR/sshd-$1 port
    port=$(free_port)
    mkdir "$dir"
    cat >"$dir/sshd_config" <<END
ListenAddress $SSHD_ADDRESS:$port
HostKey $dir/key
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PubkeyAuthentication no
GSSAPIAuthentication yes
GSSAPIStrictAcceptorCheck no
PermitRootLogin yes
LogLevel DEBUG1
END
    "${INSIDE[@]}" ssh-keygen -q -t ed25519 -N '' -f "$dir/key"
    server_spawn "sshd-$1" +0 "${INSIDE[@]}" KRB5RCACHENAME=none: \
        KRB5_CONFIG="$OBSERVE/$1/krb5.conf" KRB5_KTNAME="$HOST_KEYTAB" \
        /usr/sbin/sshd -D -e -f "$dir/sshd_config"
    server_wait "sshd-$1" tcp_answers "$SSHD_ADDRESS" "$port"
    SSHD_PORT[$1]=$port
}

observe_begin() {
    local timesync
    declare -gA SSHD_PORT=()
    export KDC_KIND=$1
    KDC_PORT=$(free_port)
    # Under SERVERS_DIR, which is seen from inside, too.
    OBSERVE=$SERVERS_DIR/observe OBSERVED=$SERVERS_DIR/observe/observed
    HOST_KEYTAB=$SERVERS_DIR/kdc/host.keytab
    SERVICE_KEYTAB=$SERVERS_DIR/kdc/service.keytab
    kdc_start kdc "$KDC_ADDRESS" "$KDC_PORT" +0
    HERE=(env LD_LIBRARY_PATH="$SERVERS_PATH" KRB5RCACHENAME=none:)
    # The sanitizers' library wants to be loaded before libfaketime.
    THERE=("${HERE[@]}" "${FAKE_CLOCK[@]}" ASAN_OPTIONS=verify_asan_link_order=0
        FAKETIME_TIMESTAMP_FILE="$SERVERS_DIR/kdc/offset")
    KINIT=$SERVERS_ROOT/usr/bin/kinit KVNO=$SERVERS_ROOT/usr/bin/kvno
    for timesync in 1 0; do
        mkdir -p "$OBSERVE/$timesync/before"
        krb5_conf $timesync >"$OBSERVE/$timesync/krb5.conf"
        sshd_start $timesync
    done
    both take_before
}

# Each kdc_timesync has a folder, and works there.
enter_folder() {
    cd "$OBSERVE/$1" || exit
    export KRB5_CONFIG=$PWD/krb5.conf
}

take_before() {
    enter_folder "$1"
    take_tickets before "${HERE[@]}"
}

# take_tickets FOLDER ENVIRONMENT...: the host's TGT, and alice's, alone and with
# a ticket for service.test.
take_tickets() {
    local folder=$1
    shift
    {
        "$@" "$KINIT" -c "$folder/host" -kt "$HOST_KEYTAB" "$(host_principal)" &&
            "$@" "$KINIT" -c "$folder/alice" alice <<<alicepw &&
            cp "$folder/alice" "$folder/service" &&
            "$@" "$KVNO" -c "$folder/service" HTTP/service.test
    } >tickets.log 2>&1 ||
        fail "no tickets where the clocks agree: $(tail -n 1 tickets.log)"
}

# note STEP RESULT WORDS: of one attempt.
note() {
    printf '%s\t%s\t%s\n' "$@" >>attempts
}

# attempt STEP COMMAND...: here, and note what comes of it.
attempt() {
    local step=$1
    shift
    if "${HERE[@]}" "$@" >out 2>err; then
        note "$step" works ''
    else
        note "$step" refused "$(tail -n 1 err)"
        return 1
    fi
}

# with_copy CACHE: tickets that nobody changes: a cache keeps the offset, too.
with_copy() {
    cp "$1" copy
    export KRB5CCNAME=$PWD/copy
}

# gss STEP CACHE SERVICE: a context from who has the clock of the environment
# INITIATOR to who has that of ACCEPTOR.
gss() {
    local gss=$BUILD/tests/interop/gss acceptor failed=0
    with_copy "$2"
    "${ACCEPTOR[@]}" "$gss" accept <to >from 2>acceptor &
    acceptor=$!
    "${INITIATOR[@]}" "$gss" init "$3" >to <from 2>initiator || failed=1
    wait $acceptor || failed=1
    if [ $failed = 0 ]; then
        note "$1" works ''
    elif grep -qv 'gave up' acceptor; then
        note "$1" refused "$(tail -n 1 acceptor)"
    else
        note "$1" refused "$(tail -n 1 initiator)"
    fi
}

# What users of this host do, with tickets taken now.
observe_fresh() {
    local step
    attempt password-login "$KINIT" -c host -kt "$HOST_KEYTAB" \
        "$(host_principal)" || true
    attempt password-login "$BUILD/tests/interop/verify" alice alicepw \
        "$HOST_KEYTAB" || true
    attempt no-preauth-login "$KINIT" -c nopre nopre <<<noprepw || true
    if ! attempt password-login "$KINIT" -c alice alice <<<alicepw; then
        # Nothing to go on with.
        for step in fast-fresh tgs-fresh gssapi-out-fresh; do
            note $step refused "$(tail -n 1 err)"
        done
        return
    fi
    attempt fast-fresh "$KINIT" -c new -T host alice <<<alicepw || true
    with_copy alice
    attempt tgs-fresh "$KVNO" host/client.test || true
    gss gssapi-out-fresh alice HTTP@service.test
}

# The same with tickets from FOLDER.
observe_older() {
    attempt fast-older "$KINIT" -c new -T "$1/host" alice <<<alicepw || true
    with_copy "$1/alice"
    attempt tgs-older "$KVNO" host/client.test || true
    gss gssapi-out-older "$1/service" HTTP@service.test
}

# Somebody with good tickets comes from service.test to us.
observe_ssh() {
    local log=$SERVERS_DIR/sshd-$1/log seen
    seen=$(wc -l <"$log")
    with_copy right/alice
    if "${INSIDE_CLOCK[@]}" KRB5_CONFIG="$KRB5_CONFIG" KRB5CCNAME="$KRB5CCNAME" \
        FAKETIME_TIMESTAMP_FILE="$SERVERS_DIR/kdc/offset" ssh -F none \
        -o GSSAPIAuthentication=yes -o GSSAPIServerIdentity=client.test \
        -o PreferredAuthentications=gssapi-with-mic -o BatchMode=yes \
        -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
        -p "${SSHD_PORT[$1]}" "alice@$SSHD_ADDRESS" true \
        </dev/null >out 2>err; then
        note ssh-in works ''
    else
        # ssh does not say why; sshd says it where only debuggers look.
        note ssh-in refused "$(tail -n 1 err | tr -d '\r') (sshd: $(
            tail -n +$((seen + 1)) "$log" | grep -A 1 'GSS failure' |
                tail -n 1 | tr -d '\r'))"
    fi
}

# observe_skewed TIMESYNC: everything but what the correction breaks.
observe_skewed() {
    enter_folder "$1"
    rm -rf attempts right host alice nopre new
    mkdir right
    [ -p to ] || mkfifo to from

    INITIATOR=("${HERE[@]}")
    ACCEPTOR=("${THERE[@]}" KRB5_KTNAME="$SERVICE_KEYTAB")
    observe_fresh
    take_tickets right "${THERE[@]}"
    observe_older right
    observe_older before
    INITIATOR=("${THERE[@]}")
    ACCEPTOR=("${HERE[@]}" KRB5_KTNAME="$HOST_KEYTAB")
    gss gssapi-in right/alice host@client.test
    observe_ssh "$1"
}

# observe_corrected HOW TIMESYNC: what was taken under the skew, after one of
# the clocks was put right.  HERE: the KDC's was, and has our time now; THERE:
# ours, and we have the KDC's.
observe_corrected() {
    local -n clock=$1
    enter_folder "$2"
    if [ -e alice ]; then
        with_copy alice
    elif [ "$1" = THERE ]; then
        # Who has tickets all the same got them with kdc_timesync = 1.
        with_copy ../1/alice
    else
        return 0
    fi
    attempt tgs-after-correction "${clock[@]}" "$KVNO" host/client.test || true
}

# One line a step of many attempts.
agreement() {
    awk -F '\t' -v OFS='\t' -v steps="${STEPS[*]}" -v timesync="$1" '
        !($1 in result) { result[$1] = $2; words[$1] = $3 }
        result[$1] != $2 { result[$1] = "mixed"; words[$1] = words[$1] $3 }
        END { n = split(steps, step, " ")
            for (i = 1; i <= n; i++)
                print timesync, step[i], result[step[i]], words[step[i]]
        }' "$OBSERVE/$1/attempts"
}

clock_is_seen() {
    local lower upper
    read -r lower upper < <("$BUILD/tests/interop/probe" "$REALM" \
        "$KDC_ADDRESS" "$KDC_PORT" udp) || return 1
    holds "$lower <= $1 && $1 <= $upper"
}

# set_kdc OFFSET: and wait until it shows.
set_kdc() {
    server_offset kdc "$1"
    within 5 clock_is_seen "$1" || fail "the KDC does not go to $1 s"
}

# both COMMAND...: for either kdc_timesync, at the same time.
both() {
    local timesync jobs=() job
    for timesync in 1 0; do
        "$@" $timesync &
        jobs+=($!)
    done
    for job in "${jobs[@]}"; do
        wait "$job" || fail "$* failed, see above"
    done
}

observe_at() {
    set_kdc "$1"
    both observe_skewed
    both observe_corrected THERE
    set_kdc +0
    both observe_corrected HERE
    { agreement 1 && agreement 0; } >"$OBSERVED"
}

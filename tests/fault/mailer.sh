# shellcheck shell=bash
# Mailers that have two alerts to deliver, by mail and by a hook.  Source it
# after lib.sh.

. "$here/../interop/mail.sh"
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
mailer=$BUILD/bin/skewguard-mailer
# Each has processes of its own that deliver, with all of OpenSSL to start.
# shellcheck disable=SC2034 # for lib.sh
LANES=${FAULTS_LANES:-2} MOST_LIVES=30
MOST=1 # so often an alert may arrive

# mailer_world: a relay that takes everything, and a port where none is.
mailer_world() {
    port=$(free_port)
    closed=$(free_port)
    mkdir "$DIR/mails"
    relay keepd /usr/bin/python3 "$here/../interop/keepd.py" 127.0.0.1 "$port" \
        "$DIR/mails"
}

mailer_conf() {
    printf '%s\n' "state_directory = \"$LIFE/state\"" \
        "smtp { host = \"127.0.0.1\" port = $1 }" \
        "alert { mailto = { \"root\" }  hook = { \"$LIFE/hook\" } }" >"$LIFE/conf"
}

# What waits: an alert that the hook has already, for the relay was down, and
# the one after it.  The life's number makes them known.
prepare() {
    ID=$(printf %08x%08x "$RUN" "${LIFE##*/}")
    mkdir -p "$LIFE/state"
    # shellcheck disable=SC2016 # for the hook
    printf '%s\n' '#!/bin/sh' \
        'echo "$SKEWGUARD_ID-$SKEWGUARD_NUMBER" >>"${0}ed"' >"$LIFE/hook"
    chmod +x "$LIFE/hook"
    : >"$LIFE/hooked"
    "$BUILD/tests/interop/put_alert" "$LIFE/state/spool" "$ID" 1 raised
    mailer_conf "$closed"
    "$mailer" -c "$LIFE/conf" --once || true
    "$BUILD/tests/interop/put_alert" "$LIFE/state/spool" "$ID" 2 worse
    mailer_conf "$port"
}

n_spooled() { find "$LIFE/state/spool" -name '*.alert' | wc -l; }
n_mails() { grep -l "body of $ID-$1" "$DIR"/mails/* 2>/dev/null | wc -l; }
n_hooked() { grep -c "$ID-$1" "$LIFE/hooked" || true; }

# The one of this life: its exit status is $CODE.
run_mailer() {
    CODE=0
    timeout -k 1 60 "${FAULTY[@]}" "$mailer" -c "$LIFE/conf" --once || CODE=$?
    came_to "exit status $CODE"
}

# And those after it.
finish_mails() {
    for _ in 1 2 3 4 5; do
        [ "$(n_spooled)" != 0 ] || break
        timeout 60 "$mailer" -c "$LIFE/conf" --once || sleep 1
    done
    [ "$(n_spooled)" = 0 ] || bad "$(n_spooled) are left"
}

# expect_each: arrived, and not more than $MOST times.
expect_each() {
    local number n
    for number in 1 2; do
        for n in $(n_mails $number) $(n_hooked $number); do
            if [ "$n" -lt 1 ] || [ "$n" -gt "$MOST" ]; then
                bad "alert $number: $(n_mails $number) mails, $(n_hooked $number) hooks"
                break
            fi
        done
        [ "$n" -le 1 ] || came_to "$(cat "$LIFE/how"), something twice"
    done
}

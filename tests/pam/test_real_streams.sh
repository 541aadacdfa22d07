#!/bin/bash
# What a program's output is data for somebody, no text gets into it: scp, sftp,
# a remote command, and su in a script, byte by byte, while there is much to be
# said.
. "$(dirname "$(readlink -f "$0")")/../interop/lib.sh"
. "$(dirname "$(readlink -f "$0")")/logins.sh"
. "$(dirname "$(readlink -f "$0")")/real.sh"

# copied HOW: OUTPUT is DATA to the byte, ERRORS are empty.
copied() {
    cmp "$DATA" "$OUTPUT" || fail "$1: the data is not what was sent"
    [ ! -s "$DIR/errors" ] || fail "$1: $(cat "$DIR/errors")"
    rm "$OUTPUT"
    echo "$1: $(stat -c %s "$DATA") bytes, the same"
}

# quietly COMMAND...: as from cron, with no terminal anywhere.
quietly() {
    setsid "$@" </dev/null >"$OUTPUT" 2>"$DIR/errors" ||
        fail "$*: $(cat "$DIR/errors")"
}

# everything: each way in which a program's output is wanted.
everything() {
    local copy from=alice@$SSHD_ADDRESS:$DATA save su
    ssh_as publickey alice
    quietly "${COMMAND[@]}" "cat $DATA"
    copied 'ssh, command'

    # Both ways at once, as rsync speaks.
    setsid "${COMMAND[@]}" cat <"$DATA" >"$OUTPUT" 2>"$DIR/errors" ||
        fail "ssh, cat: $(cat "$DIR/errors")"
    copied 'ssh, there and back'

    for copy in 'scp' 'scp -O' 'sftp -q'; do
        # shellcheck disable=SC2086 # with its option
        setsid "${INSIDE[@]}" $copy -F "$DIR/sshd/ssh_config" "$from" "$OUTPUT" \
            </dev/null >"$DIR/errors" 2>&1 || fail "$copy: $(cat "$DIR/errors")"
        sed -i '/^Fetching /d' "$DIR/errors"
        copied "$copy"
    done

    for su in 'su' 'su -'; do
        # shellcheck disable=SC2086
        quietly "${INSIDE[@]}" $su alice -c "cat $DATA"
        copied "$su, in a script"
    done

    # At a terminal, but for the output: the text is for the terminal.
    save=$(printf '%q ' "${INSIDE[@]}" su alice -c "cat $DATA")
    "$PERSON" -- sh -c "$save >$OUTPUT" >"$DIR/terminal" </dev/null ||
        fail "su, into a file: $(cat "$DIR/terminal")"
    grep -q "$TEXT" "$DIR/terminal" || fail "nothing is said at the terminal"
    : >"$DIR/errors"
    copied 'su, into a file'
}

real_begin +200
daemon_start -g
expect_state critical 20
stack profile
DATA=$DIR/data OUTPUT=$DIR/output
head -c 300000 /dev/urandom >"$DATA"
chmod 644 "$DATA"
# A warning and an error go different ways.
everything
set_kdc +400 exceeded
everything
logs 'pam_skewguard.*not said' || fail "nothing was to be said"

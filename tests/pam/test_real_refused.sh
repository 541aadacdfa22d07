#!/bin/bash
# Who is kept out by the clock has read why, where the program lets anybody
# read before it says no: kdc_timesync = 0, and users whom only the realm knows.
. "$(dirname "$(readlink -f "$0")")/../interop/lib.sh"
. "$(dirname "$(readlink -f "$0")")/logins.sh"
. "$(dirname "$(readlink -f "$0")")/real.sh"

# way NAME: carol's, with the right password, of which she is asked once.
way() {
    DIALOGUE=('assword: ' carolpw) OPTIONS=()
    COMMAND=("${INSIDE[@]}")
    case $1 in
    login)
        DIALOGUE=('login: ' carol 'Password: ' carolpw)
        COMMAND+=(login)
        ;;
    su*) COMMAND+=("${AS_ALICE[@]}" su carol) ;;
    ssh,*) ssh_as "${1#ssh, }" carol -o NumberOfPasswordPrompts=1 ;;
    esac
}

# refused WAY DENIED EARLY: where the text is with either profile; and the
# realm's refusal is the reason.
refused() {
    local world want
    : >"$DIR/syslog"
    denied plain "$1"
    logs 'pam_krb5.*authentication failure.*|Clock skew too great' ||
        fail "$1: not by the realm: $(cat "$DIR/syslog")"
    for world in profile early; do
        [ $world = profile ] && want=$2 || want=$3
        stack $world
        denied $world "$1"
        diff "$SEEN/plain/$1" <(without $world "$1") ||
            fail "$1: not what is seen without the module"
        [ "$(position $world "$1")" = "$want" ] ||
            fail "$1: $world: the text is not '$want':" \
                "$(cat "$SEEN/$world/$1")"
    done
    stack plain
    printf '%s\t%s\t%s\n' "$@" >>"$DIR/rows"
}

real_begin +400
krb5_conf 0
export KRB5_CONFIG=/mnt/etc/krb5.conf
daemon_start -g
expect_state exceeded 20
stack plain
refused login after before
grep -q 'Refused now: logins with a password' "$SEEN/early/login" ||
    fail "not told what is refused: $(cat "$SEEN/early/login")"
refused 'su, by a user' after before
refused 'ssh, keyboard-interactive' - before
# sshd keeps all texts of the password method until somebody is logged in.
refused 'ssh, password' - -
awk -F ' Ta ' '/^\.Sh / { inside = /WHERE IT IS SHOWN/ }
    inside && /^\.It / && NF == 3 && !/Sy/ { sub(/^\.It /, "", $1)
        print $1 "\t" $2 "\t" $3 }' "$BUILD/man/pam_skewguard.8" |
    diff - "$DIR/rows" || fail "pam_skewguard(8) has another table (<)"
cat "$DIR/rows"

# With the default, kdc_timesync = 1, she gets in, and is told.
krb5_conf 1
stack profile
ssh_as keyboard-interactive carol
"$PERSON" 'Password: ' carolpw '$ ' 'echo here; exit' -- "${COMMAND[@]}" \
    >"$DIR/carol" </dev/null || fail "carol is kept out: $(cat "$DIR/carol")"
grep -q "$TEXT" "$DIR/carol" || fail "carol is told nothing: $(cat "$DIR/carol")"

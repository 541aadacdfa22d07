#!/bin/bash
# What people see with Debian's profile: where there never was a daemon, while
# it runs, and after it was killed; with a clock that is fine and with one that
# is wrong.
. "$(dirname "$(readlink -f "$0")")/../interop/lib.sh"
. "$(dirname "$(readlink -f "$0")")/logins.sh"
. "$(dirname "$(readlink -f "$0")")/real.sh"

# silent WORLD: the module leaves no trace, in no way.
silent() {
    local way
    for way in "${WAYS[@]}"; do
        diff "$SEEN/plain/$way" "$SEEN/$1/$way" ||
            fail "$1: $way: not what is seen without the module"
    done
    ! logs pam_skewguard || fail "$1: it logs: $(grep -a skew "$DIR/syslog")"
}

# says WORLD WAY REGEX, says_not WORLD WAY REGEX
says() {
    grep -Eq -- "$3" "$SEEN/$1/$2" ||
        fail "$1: $2: not told '$3': $(cat "$SEEN/$1/$2")"
}
says_not() {
    ! grep -E -- "$3" "$SEEN/$1/$2" || fail "$1: $2: told '$3'"
}

# as_root WORLD: root logs in by ssh, and sees what the environment holds.
as_root() {
    ssh_as keyboard-interactive root
    "$PERSON" 'Password: ' rootpw '# ' 'env; exit' -- "${COMMAND[@]}" \
        >"$SEEN/$1/root" </dev/null ||
        fail "$1: root cannot log in: $(cat "$SEEN/$1/root")"
}

# same_places WORLD OTHER
same_places() {
    local way
    for way in "${WAYS[@]}"; do
        [ "$(position "$1" "$way")" = "$(position "$2" "$way")" ] ||
            fail "$way: not told at the same place in $1 and in $2"
    done
}

real_begin +0
tickets
stack plain
go_everywhere plain
stack profile
go_everywhere never-installed
silent never-installed

daemon_start -g
expect_state ok 20
go_everywhere fine
silent fine

stack plain
set_kdc +400 exceeded
go_everywhere plain
stack profile
go_everywhere exceeded
expect_same exceeded plain
expect_column exceeded 6
says exceeded login \
    "This host's clock is (399|400)[^(]* s behind kdc \(limit 300 s\)"
logs 'login\[.*pam_skewguard\(login:account\): This host.s clock is .*"alice"' ||
    fail "the system log does not get it: $(grep -a skew "$DIR/syslog")"
as_root exceeded
says exceeded root 'clock is .*"skewguard '
says_not exceeded login '"skewguard '
says_not exceeded root 'SKEWGUARD'

kill -s KILL "$DAEMON"
wait "$DAEMON" 2>/dev/null || true
DAEMON=''
go_everywhere killed
expect_same killed plain
same_places exceeded killed
says killed login 'clock is (399|400)[^(]* s behind'
says killed login 'skewguardd is not running'

# What was left behind cannot be used: nothing is said, nobody kept out.
: >"$DIR/syslog"
echo nonsense >"$DIR/run/status"
go_everywhere broken
same_places plain broken
expect_same broken plain

#!/bin/bash
# Who is told what: users, root by any of its names, nobody yet; and what the
# states of clock and daemon make the module say to either.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
begin

# both USER-LINE ROOT-LINE: what is shown; empty for nothing.
both() {
    login alice auth
    matches '^(error|info) ' $((${#1} > 0))
    [ -z "$1" ] || grep -qxF -- "$1" <<<"$SAID" || fail "users: $1"
    login root auth
    matches '^(error|info) ' $((${#2} > 0))
    [ -z "$2" ] || grep -qxF -- "$2" <<<"$SAID" || fail "root: $2"
}

# ---- who ----

publish offset=400 state=exceeded
both "error $REFUSED" "error $REFUSED_ROOT"
login root user= auth
matches '^error .*run kinit again\.$'
matches '\[said: user ""\]$'
matches '^ask ' 1 # by pam_permit(8), not by us
stack_of account
login root user= account
matches '^ask ' 0
stack
for name in daemon roo root2 'root:x' $'root\n' '' ':x'; do
    login alice "user=$name" auth
    matches "^error .*run kinit again\\.$"
done

# A name that nobody may choose for him who reads the log.
login $'eve\nlog err pam_skewguard(test:auth): all is well\033[2J\177\xc3\xa4' auth
matches '^log ' 1
matches '\[said: user "eve\?log err pam_skewguard\(test:auth\): all is well\?\[2J\?\?\?"\]$'
login "$(printf 'x%.0s' {1..5000})" auth
matches '\[said: user "x{255}"\]$'
# The same in a realm's name and in a reason.
publish offset=400 state=exceeded blame=our-clock $'realm=R\n\033[2J' \
    $'reason=because\nlog emerg'
login root auth
matches '^log ' 1
matches '^error .* behind R\?\?\[2J \(limit 300 s\); this host.s clock is wrong \(because\?log emerg\)\. '

# ---- what ----

publish offset=74 state=warn
both "info $WARNING" "info $WARNING_ROOT"
# Somebody has just set the clock, and the daemon does not know it yet.
publish offset=-400 state=ok
both "error ${REFUSED/behind/ahead of}" "error ${REFUSED_ROOT/behind/ahead of}"
publish offset=0.2 state=ok
both '' ''
publish step=-3600
both "info This host's clock was set by -60 min 100 s ago. Tickets from before \
may be refused: run kinit again." "info This host's clock was set by -60 min \
100 s ago. Tickets from before may be refused: run kinit again."
publish offset=400 state=exceeded timesync=0
login alice auth
matches '^error .*Refused now: logins with a password and kinit \(kdc_timesync = 0\), '
publish offset=100 state=exceeded clockskew=60
login alice auth
matches '^error .* 100 s behind EXAMPLE.ORG \(limit 60 s\)'
publish state=unknown
both '' 'info No good measurement of EXAMPLE.ORG for 0 s. See "skewguard sources -v".'
publish suspended=60
both '' "info Not measured since resume. skewguardd asks again: look again in a \
few seconds; \"skewguard status\" tells more."
publish offset=400 suspended=60
login alice auth
said 'auth: 0'

# ---- the daemon ----

publish ago=3600
both '' "info Nothing published for 60 min. skewguardd runs and does not \
publish: restart it; \"skewguard status\" tells more."
publish offset=400 ago=3600
login alice auth
matches '^error .* skewguardd is overdue; what is known is 60 min old\. Once'
daemon_dies
publish offset=400 ago=3600
login alice auth
matches '^error .* skewguardd is not running; what is known is 60 min old\. Once'
publish ago=3600
both '' "info skewguardd is not running; what is known is 60 min old. This \
host's clock is within 10 ms of EXAMPLE.ORG (limit 300 s). Run \"systemctl \
start skewguard\", or measure now with \"skewguard check\"."
# A status that lies elsewhere than the lock says nothing of who lives.
rm "$DIR/run/skewguardd.lock"
publish ago=60
both '' ''

#!/bin/bash
# The options in pam.d: what each does, and that a mistake is told with its
# value and what is allowed, and stops nobody.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
begin

# mistake OPTION ALLOWED: that is logged, and the default holds.
mistake() {
    stack_of auth "$1"
    login alice auth
    matches "^log err pam_skewguard\\(test:auth\\): option " 1
    grep -qxF -- "log err pam_skewguard(test:auth): option \"$1\": $2" \
        <<<"$SAID" || fail "expected: option \"$1\": $2"
    matches '^info ' 1
    matches '^auth: 0$'
}

# ---- warn ----

shown() { # PERCENT N
    stack "warn=$1"
    login alice auth account open
    matches '^info ' "$2"
    matches '^log ' "$2"
}

publish offset=74 state=warn
shown 1% 1
shown 24% 1
shown 25% 0
shown 100% 0
shown off 0
publish offset=30
shown 10% 1
shown 20% 0
publish offset=400
for share in 1% 100% off; do
    stack warn=$share
    login alice auth account open
    matches '^error ' 1
done
publish offset=74 state=warn
for value in '' % 0% 101% 1000% 99999999999999999999% -1% 20 0.2 20.5% 20%% \
    1,5% 20x nan Off; do
    mistake "warn=$value" "warn takes a whole share of the budget from 1% to \
100%, or off; the daemon's threshold is used"
done

# ---- phases ----

spoken_in() { # PHASES TYPE
    stack "phases=$1"
    login alice auth account open
    matches '^info ' 1
    matches "^log warning pam_skewguard\\(test:$2\\): " 1
}
spoken_in auth auth
spoken_in account account
spoken_in session session
spoken_in session,account account
spoken_in auth,account,session auth
spoken_in account,account account
for value in '' ',' 'auth,' ',auth' 'auth,,session' Auth sess authaccount password \
    auth,setcred 'auth;account'; do
    mistake "phases=$value" "phases takes auth, account and session, with \
commas; all of them are used"
done

# ---- quiet, debug ----

stack quiet
login alice auth account open
said "log warning pam_skewguard(test:auth): $WARNING [not said, quiet: user \
\"alice\"]" 'auth: 0' 'account: 0' 'open: 0'
stack debug phases=account
login alice auth account open
said 'log debug pam_skewguard(test:auth): not one of the phases' 'auth: 0' \
    "info $WARNING" \
    "log warning pam_skewguard(test:account): $WARNING [said: user \"alice\"]" \
    'account: 0' \
    'log debug pam_skewguard(test:session): not one of the phases' 'open: 0'
publish
stack debug
login alice auth account
said 'log debug pam_skewguard(test:auth): nothing to say' 'auth: 0' \
    'log debug pam_skewguard(test:account): all was well a moment ago' \
    'account: 0'
# By other options it may not have been.
publish offset=30
sed -i '/^account.*skewguard/s/$/ warn=10%/' "$DIR/pam.d/test"
login alice auth account
matches '^info ' 1
matches 'said: user "alice"' 1
matches '^log debug .*: nothing to say$' 1
publish offset=74 state=warn
sed -i '/^auth.*skewguard/s/$/ warn=off/' "$DIR/pam.d/test"
login alice auth account
matches '^info ' 1
mkdir "$DIR/well"
(publish && cp "$DIR/run/status" "$DIR/well")
publish offset=400
stack debug
sed -i "/^auth.*skewguard/s|status=[^ ]*|status=$DIR/well/status|" \
    "$DIR/pam.d/test"
login alice auth account
matches '^error ' 1
# Nor in another service, whose words may lie where the first one's lay.
stack debug
sed "s|$DIR/run/|$DIR/bad/|" "$DIR/pam.d/test" >"$DIR/pam.d/next"
mkdir "$DIR/bad"
mv "$DIR/run/status" "$DIR/bad/status"
publish
login alice auth service=next account
matches '^error ' 1
login alice auth service=test account
matches '^log debug .*: all was well a moment ago$' 1

# ---- status ----

publish offset=74 state=warn
mkdir "$DIR/other"
mv "$DIR/run/status" "$DIR/other/else"
stack "status=$DIR/other/else"
login alice auth
matches '^info ' 1
mv "$DIR/other/else" "$DIR/run/status"
for value in '' run/status ./status status; do
    stack_of auth "status=$value"
    login alice auth
    matches "^log err pam_skewguard\\(test:auth\\): option \"status=$value\": \
status takes a path from the root, of less than 1024 bytes; \
/run/skewguard/status is used$"
    matches '^auth: 0$'
done

# ---- others ----

for word in verbose no_warn QUIET quiet=1 warn phases status =x use_first_pass; do
    mistake "$word" 'not known; warn=, phases=, status=, quiet and debug are'
done
# The last of two holds, and each mistake is told.
stack_of auth warn=100% warn=1% warn=bad
login alice auth
matches '^info ' 1
matches '^log err ' 1
stack_of auth $'[fo\033o [bar]'
login alice auth
matches '^auth: 0$'

#!/bin/bash
# What may lie in the status file's place: nothing of it is said to users, what
# is broken is told to the log once, and nobody waits.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
begin
STATUS=$DIR/run/status

# broken REASON: that is logged once, and nothing is said.
broken() {
    login alice auth account open
    said "log warning pam_skewguard(test:auth): $STATUS: $1" \
        'auth: 0' 'account: 0' 'open: 0'
}
# broken_like REGEX
broken_like() {
    login root auth account open
    matches '^log ' 1
    matches "^log warning pam_skewguard\\(test:auth\\): $STATUS: $1"
    matches '^(error|info)' 0
}

publish offset=400 state=exceeded
cp "$STATUS" "$DIR/good"
good() { rm -rf "$STATUS"; cp "$DIR/good" "$STATUS"; }

# ---- never installed ----

rm "$STATUS"
login root auth account open
said 'auth: 0' 'account: 0' 'open: 0'
stack debug
login alice auth
said "log debug pam_skewguard(test:auth): $STATUS: No such file or directory" \
    'log debug pam_skewguard(test:auth): nothing to say' 'auth: 0'
stack
mv "$DIR/run" "$DIR/away"
login root auth account open
said 'auth: 0' 'account: 0' 'open: 0'
mv "$DIR/away" "$DIR/run"

# ---- no file that one reads ----

mkdir "$STATUS"
broken 'is not a regular file'
rmdir "$STATUS"
mkfifo "$STATUS"
broken 'is not a regular file'
rm "$STATUS"
ln -s "$DIR/good" "$STATUS"
broken 'is a symbolic link, not followed'
rm "$STATUS"
ln -s nowhere "$STATUS"
broken 'is a symbolic link, not followed'
rm "$STATUS"
: >"$DIR/plain"
stack "status=$DIR/plain/status"
login alice auth
said "log warning pam_skewguard(test:auth): $DIR/plain/status: Not a directory" \
    'auth: 0'
stack

# ---- no status ----

: >"$STATUS"
broken_like 'not a status of skewguardd: '
truncate -s 10G "$STATUS"
broken 'larger than a status can be, at most 524288 bytes'
size=$(stat -c %s "$DIR/good")
for part in 1 20 $((size / 2)); do
    head -c "$part" "$DIR/good" >"$STATUS"
    login alice auth account open
    matches '^(error|info)' 0
    matches '^log ' 1
done
sed 's/^version=.*/version=2/' "$DIR/good" >"$STATUS"
broken_like 'not a status of skewguardd: .*version'
head -c 100000 /dev/urandom >"$STATUS"
broken_like 'not a status of skewguardd: '
tr '\n' '\0' <"$DIR/good" >"$STATUS"
broken_like 'not a status of skewguardd: '
{ cat "$DIR/good"; printf 'realm.99.state=ok\n'; } >"$STATUS"
login alice auth
matches '^auth: 0$'

# ---- who can have written it ----

good
chmod 666 "$STATUS"
broken 'others than its owner can write to it (mode 666), not believed'
chmod 644 "$STATUS"
chmod 777 "$DIR/run"
broken 'others than its owner can write to its folder (mode 777), not believed'
chmod 755 "$DIR/run"
if [ "$(id -u)" = 0 ]; then
    chown daemon "$STATUS"
    broken "belongs to user $(id -u daemon), who is neither root nor the owner \
of its folder, not believed"
    chown daemon "$DIR/run"
    login alice auth
    matches '^error ' 1
    chown root "$STATUS"
    login alice auth
    matches '^error ' 1
    chown root "$DIR/run"
else
    chmod 0 "$STATUS"
    broken 'Permission denied'
fi

# ---- another time ----

publish offset=400 boot=alien
login alice auth account open
said "log warning pam_skewguard(test:auth): $STATUS: was written before this \
boot, or in the future" 'auth: 0' 'account: 0' 'open: 0'
publish offset=400 ago=-3600
login alice auth
said "log warning pam_skewguard(test:auth): $STATUS: was written before this \
boot, or in the future" 'auth: 0'
login root auth
matches '^info The status was written before this boot\. '

# ---- the lock ----

good
rm "$DIR/run/skewguardd.lock"
mkfifo "$DIR/run/skewguardd.lock"
login alice auth
matches '^error ' 1
matches 'not running' 0
rm "$DIR/run/skewguardd.lock"
ln -s "$DIR/good" "$DIR/run/skewguardd.lock"
login alice auth
matches '^error ' 1
matches 'not running' 0

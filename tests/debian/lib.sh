# shellcheck shell=bash
# What the tests that install packages have in common.  Source it after
# interop/lib.sh and scripts/debian.sh; what apt-get says is to be in $DIR/apt,
# and wrong WORD... is to say what is wrong, and exit.

# shellcheck disable=SC2034 # for those who source this
OURS=(skewguard skewguard-clock libpam-skewguard)
OLD=0.0.9-1
NEW=$(dpkg-parsechangelog -l "$ROOT/debian/changelog" -S Version)

# packages_begin: what all of it needs, or a skip; before own_mounts, since it
# may take a network.
packages_begin() {
    local version
    command -v dpkg-scanpackages >/dev/null || skip "no dpkg-scanpackages"
    debian_prepare || skip "no Debian can be had"
    for version in $OLD "$NEW"; do
        [ -d "$BUILD/tests/debian/$version" ] ||
            skip "there are no packages: tests/debian/test_build.sh"
    done
}

# expect_calm: apt-get complains of nothing.  Of chrony's package we know.
expect_calm() {
    ! grep -v ' /var/log/chrony does not exist' "$DIR/apt" |
        grep -Ei '^[EW]: |warning|error|fail|cannot|no such|not found' ||
        wrong 'apt-get complains'
}

# expect_removed NAME...: that was taken away, and nothing else.
expect_removed() {
    local removed
    removed=$(sed -n '/will be REMOVED:$/,/^[^ ]/s/^ //p' "$DIR/apt" |
        tr -d '*' | xargs)
    [ "$removed" = "$*" ] || wrong "removed are '$removed', not '$*'"
}

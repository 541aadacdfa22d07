#!/bin/bash
# The packages: lintian and blhc have nothing to say against them, and built
# from their source package in another place they are the same byte for byte.
# They stay in the build folder, for the tests that install them, beside some
# of an older version.
. "$(dirname "$(readlink -f "$0")")/../interop/lib.sh"
for tool in dh dpkg-buildpackage lintian blhc; do
    command -v "$tool" >/dev/null || skip "no $tool"
done
OLD=0.0.9-1 # as in lib.sh
version=$(dpkg-parsechangelog -l "$ROOT/debian/changelog" -S Version)
upstream=${version%-*}
to=$BUILD/tests/debian
rm -rf "$to"
mkdir -p "$to"
DIR=$(mktemp -d "${TMPDIR:-/tmp}/skewguard-test.XXXXXX")
trap 'rm -rf "$DIR"' EXIT
one=$DIR/one two=$DIR/another/of/a/longer/name
mkdir -p "$one/skewguard" "$two"
# Nobody is to decide but the packages.
unset CC CFLAGS CPPFLAGS LDFLAGS SOURCE_DATE_EPOCH DEB_BUILD_PROFILES
DEB_BUILD_OPTIONS="nocheck parallel=$(nproc)"
export DEB_BUILD_OPTIONS

# built FOLDER OPTION...: the packages of the tree there.
built() {
    local folder=$1
    shift
    (cd "$folder" && logged "${folder%/*}/log" dpkg-buildpackage -us -uc "$@") ||
        fail "dpkg-buildpackage $*"
}

# PACKAGES_BUILD is all that we need, and the compiler is everybody's.
needs_what_we_need() {
    {
        printf '%s\n' "${PACKAGES_BUILD[@]}" |
            grep -Evx 'gcc|libc6-dev|ninja-build'
        printf '%s\n' debhelper-compat dh-apparmor \
            dh-sequence-installsysusers
    } | sort >"$DIR/needed"
    sed -n '/^Build-Depends:/,/^[^ ].*: /{s/^Build-Depends://;/^ /p}' \
        "$one/skewguard/debian/control" | tr -s ', ' '\n' |
        grep -E '^[a-z]' | sort >"$DIR/declared"
    diff "$DIR/needed" "$DIR/declared" ||
        fail "PACKAGES_BUILD (<) and Build-Depends (>) differ"
}

builds_from_a_tree() {
    tar -C "$ROOT" --exclude='./build*' --exclude=./.git -c . |
        tar -C "$one/skewguard" -x
    tar -C "$one/skewguard" --exclude=./debian --transform \
        "s,^\\.,skewguard-$upstream," -cf - . |
        gzip -1 >"$one/skewguard_$upstream.orig.tar.gz"
    built "$one/skewguard"
}

pleases_others() {
    lintian --allow-root --pedantic --fail-on error,warning \
        "$one"/skewguard_*.changes || fail lintian
    blhc "$one/log" || fail blhc
}

is_reproducible() {
    local deb n=0
    logged "$two/log" dpkg-source -x "$one"/skewguard_*.dsc "$two/source" ||
        fail dpkg-source
    (umask 027; TZ=Asia/Kathmandu built "$two/source" -b)
    for deb in "$one"/*.deb; do
        cmp "$deb" "$two/${deb##*/}" || fail "${deb##*/} is not reproducible"
        n=$((n + 1))
    done
    [ $n = 6 ] || fail "$n packages with those of debug symbols, not 6"
    (cd "$one" && sha256sum ./*.deb)
}

# keep VERSION
keep() {
    mkdir "$to/$1"
    mv "$one"/*_"$1"_*.deb "$to/$1"
    rm -f "$to/$1"/*-dbgsym_*
}

# The same programs, another number, and a configuration that has changed since.
makes_an_older_one() {
    local debian=$one/skewguard/debian
    keep "$version"
    sed -i "1s/(.*)/($OLD)/" "$debian/changelog"
    echo "# of $OLD" >>"$one/skewguard/etc/skewguard.conf"
    rm -rf "$debian"/{tmp,skewguard,skewguard-clock,libpam-skewguard}
    built "$one/skewguard" -b -nc
    keep "$OLD"
}

for part in builds_from_a_tree needs_what_we_need pleases_others \
    is_reproducible makes_an_older_one; do
    begin=$SECONDS
    "$part"
    echo "$part: $((SECONDS - begin)) s"
done

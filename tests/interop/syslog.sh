# shellcheck shell=bash
# For tests of the system's log.  Source it after lib.sh, call own_mounts.

# own_devices: a /dev where nobody listens to log yet.  After begin.
own_devices() {
    local name
    mkdir "$DIR/dev"
    for name in null zero random urandom; do
        touch "$DIR/dev/$name"
        mount --bind "/dev/$name" "$DIR/dev/$name"
    done
    ln -s /proc/self/fd "$DIR/dev/fd"
    mount --rbind "$DIR/dev" /dev
}

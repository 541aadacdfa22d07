# shellcheck shell=bash
# For tests with KDCs of several kinds, or with sshd.  Source it after lib.sh.

. "${BASH_SOURCE[0]%/*}/../../scripts/kinds.sh"

# begin_kinds: begin, with servers of all kinds ready to start.
begin_kinds() {
    own_mounts
    begin
    kinds_prepare || skip "Heimdal, Samba and sshd cannot be had"
    kinds_enter
}

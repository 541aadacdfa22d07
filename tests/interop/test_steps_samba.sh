#!/bin/bash
# What skewguard says of each Kerberos step is what happens, with a Samba AD DC.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$here/steps.sh"
prove samba

#!/bin/bash
# What skewguard says of each Kerberos step is what happens, with an MIT KDC.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$here/steps.sh"
prove mit

#!/bin/bash
# What skewguard says of each Kerberos step is what happens, with Heimdal's KDC.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$here/steps.sh"
prove heimdal

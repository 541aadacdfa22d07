/*
 * An armor for FAST that no KDC has made, for tests.
 */
#ifndef SG_TESTS_ARMOR_H
#define SG_TESTS_ARMOR_H

#include <krb5.h>
#include <stdbool.h>
#include <string.h>

#include "base/hostclock.h"
#include "probe/krb5_host.h"
#include "probe/krb5_profile.h"

/* krbtgt/SKEW.TEST@SKEW.TEST, RFC 4120 5.3; nobody will decrypt "junk". */
static const char armor_ticket[] = "\x61\x45\x30\x43"
                                   "\xa0\x03\x02\x01\x05"
                                   "\xa1\x0b\x1b\x09SKEW.TEST"
                                   "\xa2\x1e\x30\x1c\xa0\x03\x02\x01\x02"
                                   "\xa1\x15\x30\x13\x1b\x06krbtgt"
                                   "\x1b\x09SKEW.TEST"
                                   "\xa3\x0f\x30\x0d\xa0\x03\x02\x01\x11"
                                   "\xa2\x06\x04\x04junk";

/* Give it to a host of SKEW.TEST whose keytab was loaded. */
static inline bool
armor_make(struct sg_krb5_host *host)
{
    struct sg_reading now = sg_host_reading();
    krb5_context context;
    krb5_ccache ccache = NULL;
    krb5_creds creds = {0};
    bool ret;

    if (sg_krb5_context_new(SG_KRB5_PROFILE_LOGIN, &context) != 0)
        return false;
    creds.times.authtime = (krb5_timestamp)(now.wall.ns / 1000000000);
    creds.times.endtime = creds.times.authtime + 36000;
    creds.ticket.data = (char *)armor_ticket;
    creds.ticket.length = sizeof armor_ticket - 1;
    ret = krb5_parse_name(context, sg_krb5_host_client(host), &creds.client) ==
              0 &&
          krb5_parse_name(context, "krbtgt/SKEW.TEST@SKEW.TEST",
                          &creds.server) == 0 &&
          krb5_c_make_random_key(context, ENCTYPE_AES128_CTS_HMAC_SHA1_96,
                                 &creds.keyblock) == 0 &&
          krb5_cc_resolve(context, sg_krb5_host_ccache(host), &ccache) == 0 &&
          krb5_cc_initialize(context, ccache, creds.client) == 0 &&
          krb5_cc_store_cred(context, ccache, &creds) == 0;
    creds.ticket = (krb5_data){0};
    krb5_free_cred_contents(context, &creds);
    if (ccache)
        krb5_cc_close(context, ccache);
    krb5_free_context(context);
    sg_krb5_host_armed(host, sg_krb5_host_reads(host), &now, 36000);
    return ret && sg_krb5_host_has_armor(host, &now);
}

#endif

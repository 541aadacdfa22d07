#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "setup/realm.h"

#define ALLOWED ", allowed are host, host:port, [IPv6]:port"

static void
test_kdc_values(void **state)
{
    static const struct {
        const char *text, *host;
        int port;
        enum sg_transport transport;
    } good[] = {
        {"das-m", "das-m", 88, SG_TRANSPORT_AUTO},
        {"das-m:1", "das-m", 1, SG_TRANSPORT_AUTO},
        {"das-m:65535", "das-m", 65535, SG_TRANSPORT_AUTO},
        {"192.0.2.1:88", "192.0.2.1", 88, SG_TRANSPORT_AUTO},
        {"[::1]", "::1", 88, SG_TRANSPORT_AUTO},
        {"[fe80::1%eth0]:750", "fe80::1%eth0", 750, SG_TRANSPORT_AUTO},
        {"tcp/das-m:88", "das-m", 88, SG_TRANSPORT_TCP},
        {"udp/[::1]:88", "::1", 88, SG_TRANSPORT_UDP},
    };
    static const char *const bad[][2] = {
        {"", "is no host"},
        {":88", "is no host"},
        {"das-m:", "has no port from 1 to 65535 behind its host"},
        {"das-m:0", "has no port from 1 to 65535 behind its host"},
        {"das-m:65536", "has no port from 1 to 65535 behind its host"},
        {"das-m:99999999999999999999",
         "has no port from 1 to 65535 behind its host"},
        {"das-m:88x", "has no port from 1 to 65535 behind its host"},
        {"das-m: 88", "has no port from 1 to 65535 behind its host"},
        {"das-m das-s", "is no host"},
        {"88", "is no host"},
        {"::1", "is an IPv6 address without brackets"},
        {"2001:db8::1", "is an IPv6 address without brackets"},
        {"[::1", "has no closing bracket"},
        {"[das-m]", "is no host"},
        {"[::1]88", "has no port from 1 to 65535 behind its host"},
        {"https://kdc.example.com/KdcProxy", "is a KDC proxy"},
        {"http/kdc", "is a KDC behind HTTP"},
        {"/run/kdc.sock", "is a path"},
    };
    struct sg_target target;
    struct sg_err err;
    char message[256];

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        memset(&target, 0x55, sizeof target);
        assert_int_equal(sg_realm_parse_kdc(good[i].text, &target, &err), 0);
        assert_string_equal(target.host, good[i].host);
        assert_int_equal(target.port, good[i].port);
        assert_int_equal(target.transport, good[i].transport);
        assert_int_equal(target.kind, SG_KIND_KDC);
        assert_string_equal(target.realm, "");
        assert_true(target.timeout_s == 0);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(sg_realm_parse_kdc(bad[i][0], &target, &err), -EINVAL);
        snprintf(message, sizeof message, "value \"%s\" %s" ALLOWED, bad[i][0],
                 bad[i][1]);
        assert_string_equal(err.text, message);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kdc_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

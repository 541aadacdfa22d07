/* The published status, as anybody may have written it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/status.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sg_status status, again;

static void
check_ends(const char *text, size_t size)
{
    if (strnlen(text, size) == size)
        abort();
}

static void
check_indices(void)
{
    if (status.n_realms > SG_MAX_REALMS || status.n_sources > SG_MAX_SOURCES)
        abort();
    for (int i = 0; i < status.n_realms; i++) {
        check_ends(status.realms[i].name, sizeof status.realms[i].name);
        if (status.realms[i].worst >= status.n_sources)
            abort();
    }
    for (int i = 0; i < status.n_sources; i++) {
        check_ends(status.sources[i].reason, sizeof status.sources[i].reason);
        if (status.sources[i].realm >= status.n_realms)
            abort();
    }
}

/* What was read can be used, and written so that it is read again. */
static void
use(void)
{
    struct sg_reading host = {{INT64_C(1) << 62}, {-1}, 0};
    struct sg_buf text = SG_BUF_INIT;
    struct sg_skew skew;

    check_indices();
    sg_status_wall(&status, &host);
    sg_model_skew(&status.clock.model, host.raw, host.wall, &skew);
    for (int i = 0; i < status.n_sources; i++)
        sg_model_skew(&status.sources[i].model, host.raw, host.wall, &skew);
    sg_status_encode(&status, &text);
    if (sg_status_decode(text.text, text.len, &again, NULL) != 0)
        abort();
    sg_buf_free(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sg_err err = {""};

    if (sg_status_decode((const char *)data, size, &status, &err) == 0)
        use();
    else if (strncmp(err.text, "status: ", 8) != 0)
        abort();
    return 0;
}

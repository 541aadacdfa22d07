/* The causes of alerts as they are kept, and what is made of them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/alert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct sg_alerts_config config = {SG_REMIND_DAILY, 300, 600,
                                               false};
static struct sg_status status;

static void
look(struct sg_alerts *alerts, struct sg_raw now)
{
    struct sg_alerts_told told;

    sg_alerts_look(alerts, &status, now, 0.5, 1, &told);
    if (told.n < 0 || told.n > 4 * SG_ALERTS_MAX || !(told.look_s > 0))
        abort();
    for (int i = 0; i < told.n; i++)
        if (sg_alert_severity(&told.alerts[i]) < 2 ||
            sg_alert_severity(&told.alerts[i]) > 5)
            abort();
}

/* What was read can be looked at, and written so that it is read again; also
 * when the clock was stepped, and it has been told. */
static void
use(struct sg_alerts *alerts, const struct sg_reading *now)
{
    static const struct sg_event step = {SG_EVENT_FOREIGN, 0, "stepped"};
    struct sg_buf text = SG_BUF_INIT;

    sg_alerts_note(alerts, &step, now->raw);
    for (int i = 0; i < 3; i++)
        look(alerts, sg_raw_add(now->raw, 10 * i));
    sg_alerts_encode(alerts, now, &text);
    if (sg_alerts_decode(alerts, text.text, text.len, now, NULL) != 0)
        abort();
    sg_buf_free(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sg_reading now = {{INT64_C(1) << 40}, {INT64_C(1) << 60}, 0};
    struct sg_alerts *alerts = sg_alerts_new(&config, now.raw);
    struct sg_err err = {""};

    if (!alerts)
        abort();
    status.n_realms = 1;
    strcpy(status.realms[0].name, "EXAMPLE.ORG");
    status.realms[0].state = (enum sg_state)(size % SG_STATE_COUNT);
    status.realms[0].clockskew_s = 300;
    status.clock.last_foreign_s = 400;
    if (sg_alerts_decode(alerts, (const char *)data, size, &now, &err) == 0)
        use(alerts, &now);
    else if (strncmp(err.text, "alerts: ", 8) != 0)
        abort();
    sg_alerts_free(alerts);
    return 0;
}

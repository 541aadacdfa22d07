/* The text after --simulate, and a look at the clock it describes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "clock/simulated.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sg_raw
raw(void *arg)
{
    int64_t *ns = arg;

    *ns += INT64_C(100000000000);
    return (struct sg_raw){*ns};
}

static void
use(const struct sg_simulated_spec *spec)
{
    int64_t ns = 0;
    struct sg_simulated_world world = {
        raw, &ns, {INT64_C(1790000000000000000)}, 1};
    struct sg_clock *clock = sg_clock_simulated_make(spec, &world, NULL);
    struct sg_reading now;

    if (!clock)
        return;
    for (int i = 0; i < 3; i++)
        clock->ops->read(clock, &now);
    sg_clock_free(clock);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sg_simulated_spec spec;
    struct sg_err err = {""};
    char *text = malloc(size + 1);

    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    if (sg_simulated_spec_parse(text, &spec, &err) == 0)
        use(&spec);
    else if (strncmp(err.text, "simulate: ", 10) != 0)
        abort();
    free(text);
    return 0;
}

/*
 * sg_config_parse: whatever is accepted prints as a configuration that is
 * accepted, too, and prints the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "setup/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Relative includes find nothing here. */
static const char name[] = "/nonexistent/fuzz.conf";

static void
check_print(const struct sg_config *config)
{
    struct sg_buf first = SG_BUF_INIT, second = SG_BUF_INIT;
    struct sg_config *again = NULL;

    sg_config_print(config, &first);
    if (sg_config_parse(first.text, name, &again, NULL) != 0)
        abort();
    sg_config_print(again, &second);
    if (strcmp(first.text, second.text) != 0)
        abort();
    sg_config_free(again);
    sg_buf_free(&first);
    sg_buf_free(&second);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sg_config *config = NULL;
    struct sg_err err = {""};
    char *text = malloc(size + 1);

    if (!text)
        return 0;
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    /* The files of the host that runs this are none of its business. */
    if (!strstr(text, "include") || !strchr(text, '/')) {
        if (sg_config_parse(text, name, &config, &err) == 0)
            check_print(config);
        else if (strncmp(err.text, name, strlen(name)) != 0 || config)
            abort();
    }
    sg_config_free(config);
    free(text);
    return 0;
}

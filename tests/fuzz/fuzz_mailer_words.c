/*
 * What a hook, sendmail(8) or a relay says when it ends: whatever it is, the
 * log gets one short line of ASCII.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* a program is no library */
#include "../../src/mailer/program.c"
#include "../../src/mailer/result.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct sg_result *result)
{
    size_t len = strnlen(result->words, sizeof result->words);

    if (len == sizeof result->words || len == 0 ||
        (unsigned)result->kind >= SG_RESULT_KIND_COUNT)
        abort();
    for (size_t i = 0; i < len; i++)
        if (result->words[i] < ' ' || result->words[i] > '~')
            abort();
}

/* The first two bytes are the status of waitpid(2), the rest what was said. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sg_job_end end = {.status = 0};
    struct sg_result result;

    if (size < 3)
        return 0;
    end.is_timeout = data[0] & 0x80;
    end.status = (data[0] & 0x7f) | data[1] << 8;
    size = size - 2 < sizeof end.output - 1 ? size - 2 : sizeof end.output - 1;
    memcpy(end.output, data + 2, size);
    sg_program_judge_hook(&end, &result);
    check(&result);
    sg_program_judge_sendmail("/usr/sbin/sendmail", &end, &result);
    check(&result);
    sg_result_set(&result, SG_RESULT_LATER, "not taken by %s", end.output);
    check(&result);
    return 0;
}

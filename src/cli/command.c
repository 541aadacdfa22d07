#include "cli/command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

int
sg_command_print(struct sg_buf *text, int code)
{
    if (text->failed) {
        sg_log(LOG_ERR, "output: out of memory");
        code = SG_EXIT_OUTPUT;
    } else if (text->len > 0 &&
               (fwrite(text->text, 1, text->len, stdout) != text->len ||
                fflush(stdout) != 0)) {
        sg_log(LOG_ERR, "output: %s", strerror(errno));
        code = SG_EXIT_OUTPUT;
    }
    sg_buf_free(text);
    return code;
}

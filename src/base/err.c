#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

#undef sg_err_set
int
sg_err_set(struct sg_err *err, int code, const char *format, ...)
{
    va_list args;

    if (err) {
        va_start(args, format);
        vsnprintf(err->text, sizeof err->text, format, args);
        va_end(args);
    }
    return code;
}

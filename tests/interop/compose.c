/*
 * compose FROM TO FILE...: the mail of the alerts in these files, as they lie
 * in the spool.
 */
#include <stdio.h>
#include <stdlib.h>

#include "alert/mail.h"
#include "base/file.h"

static int
read_record(const char *path, struct sg_record *ret)
{
    struct sg_buf text = SG_BUF_INIT;
    struct sg_err err = {""};
    int code = sg_file_read(path, SG_RECORD_MAX, &text, &err);

    if (code == 0)
        code = sg_record_decode(text.text, text.len, ret, &err);
    if (code < 0)
        fprintf(stderr, "%s: %s\n", path, err.text);
    sg_buf_free(&text);
    return code;
}

int
main(int argc, char **argv)
{
    struct sg_mail mail = {argv[1], argv[2], argc - 3, NULL};
    struct sg_record *records;
    struct sg_buf text = SG_BUF_INIT;
    int code = 0;

    if (argc < 4 || !(records = calloc((size_t)mail.n, sizeof *records)))
        return 2;
    for (int i = 0; code == 0 && i < mail.n; i++)
        code = read_record(argv[3 + i], &records[i]);
    mail.records = records;
    if (code == 0) {
        sg_mail_compose(&mail, &text);
        fwrite(text.text, 1, text.len, stdout);
    }
    sg_buf_free(&text);
    free(records);
    return code == 0 ? 0 : 1;
}

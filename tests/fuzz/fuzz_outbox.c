/*
 * The file that remembers what was told: damaged, it counts for nothing; whole,
 * what was read can be written and read again.
 */
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* a program is no library */
#include "../../src/daemon/outbox.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sg_outbox *outbox = sg_outbox_new("/nowhere");
    struct sg_buf text = SG_BUF_INIT;
    struct sg_err err = {""};
    int fd = memfd_create("alerts", MFD_CLOEXEC);
    int code;

    if (!outbox || fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    sg_log_init("fuzz", SG_LOG_STDERR, LOG_EMERG);
    snprintf(outbox->path, sizeof outbox->path, "/proc/self/fd/%d", fd);
    code = sg_outbox_load(outbox, &text, &err);
    if (code < 0 ? !err.text[0] : text.len == 0 || text.failed)
        abort();
    for (const struct item *item = outbox->first; item; item = item->next) {
        struct sg_buf again = SG_BUF_INIT;
        struct sg_record record;

        sg_record_encode(&item->record, &again);
        if (sg_record_decode(again.text, again.len, &record, &err) < 0)
            abort();
        sg_buf_free(&again);
    }
    sg_buf_free(&text);
    sg_outbox_free(outbox);
    close(fd);
    return 0;
}

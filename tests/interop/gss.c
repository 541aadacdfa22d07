/*
 * gss init SERVICE@HOST | gss accept: one side of a GSSAPI context with mutual
 * authentication.  Tokens go through standard output and input, a length of
 * four bytes before each; why it failed goes to standard error.  Exit status 0
 * if the context was made.
 */
#include <gssapi/gssapi.h>
#include <gssapi/gssapi_krb5.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A ticket with an AD account's groups has a few kilobytes. */
#define TOKEN_MAX 65536

struct side {
    const char *name;
    gss_name_t peer; /* whom the initiator calls */
    gss_ctx_id_t context;
    unsigned char token[TOKEN_MAX];
};

static void
complain_of(const char *who, OM_uint32 status, int kind)
{
    OM_uint32 minor, more = 0;
    gss_buffer_desc text;

    do {
        if (gss_display_status(&minor, status, kind, GSS_C_NO_OID, &more,
                               &text) != GSS_S_COMPLETE)
            return;
        fprintf(stderr, "%s: %.*s\n", who, (int)text.length,
                (const char *)text.value);
        gss_release_buffer(&minor, &text);
    } while (more != 0);
}

static bool
complain(const struct side *side, OM_uint32 major, OM_uint32 minor)
{
    complain_of(side->name, major, GSS_C_GSS_CODE);
    complain_of(side->name, minor, GSS_C_MECH_CODE);
    return false;
}

static bool
send_token(const gss_buffer_desc *token)
{
    uint32_t length = (uint32_t)token->length;

    return fwrite(&length, sizeof length, 1, stdout) == 1 &&
           fwrite(token->value, token->length, 1, stdout) == 1 &&
           fflush(stdout) == 0;
}

static bool
receive_token(struct side *side, gss_buffer_desc *ret)
{
    uint32_t length;

    if (fread(&length, sizeof length, 1, stdin) != 1 || length > TOKEN_MAX ||
        fread(side->token, 1, length, stdin) != length) {
        fprintf(stderr, "%s: the other side gave up\n", side->name);
        return false;
    }
    ret->length = length;
    ret->value = side->token;
    return true;
}

static OM_uint32
initiate(struct side *side, gss_buffer_t in, gss_buffer_t out, OM_uint32 *minor)
{
    return gss_init_sec_context(minor, GSS_C_NO_CREDENTIAL, &side->context,
                                side->peer, gss_mech_krb5, GSS_C_MUTUAL_FLAG, 0,
                                GSS_C_NO_CHANNEL_BINDINGS, in, NULL, out, NULL,
                                NULL);
}

static OM_uint32
accept_from(struct side *side, gss_buffer_t in, gss_buffer_t out,
            OM_uint32 *minor)
{
    return gss_accept_sec_context(minor, &side->context, GSS_C_NO_CREDENTIAL,
                                  in, GSS_C_NO_CHANNEL_BINDINGS, NULL, NULL,
                                  out, NULL, NULL, NULL);
}

/* Also a refusal is sent, as a token: the other side then knows why. */
static bool
talk(struct side *side)
{
    gss_buffer_desc in = GSS_C_EMPTY_BUFFER, out = GSS_C_EMPTY_BUFFER;
    OM_uint32 major = GSS_S_CONTINUE_NEEDED, minor = 0, ignored;
    bool turn = side->peer != GSS_C_NO_NAME, sent = true;

    while (major == GSS_S_CONTINUE_NEEDED && sent) {
        if (!turn && !receive_token(side, &in))
            return false;
        major = side->peer ? initiate(side, &in, &out, &minor)
                           : accept_from(side, &in, &out, &minor);
        if (out.length > 0)
            sent = send_token(&out);
        gss_release_buffer(&ignored, &out);
        turn = false;
    }
    if (major != GSS_S_COMPLETE)
        return complain(side, major, minor);
    return sent;
}

int
main(int argc, char **argv)
{
    static struct side side;
    gss_buffer_desc name = GSS_C_EMPTY_BUFFER;
    OM_uint32 major = GSS_S_COMPLETE, minor = 0;
    bool done;

    if (argc == 3 && strcmp(argv[1], "init") == 0) {
        side.name = "initiator";
        name.value = argv[2];
        name.length = strlen(argv[2]);
        major = gss_import_name(&minor, &name, GSS_C_NT_HOSTBASED_SERVICE,
                                &side.peer);
    } else if (argc == 2 && strcmp(argv[1], "accept") == 0) {
        side.name = "acceptor";
    } else {
        fprintf(stderr, "usage: gss init SERVICE@HOST | gss accept\n");
        return 2;
    }
    done =
        major == GSS_S_COMPLETE ? talk(&side) : complain(&side, major, minor);
    gss_delete_sec_context(&minor, &side.context, GSS_C_NO_BUFFER);
    gss_release_name(&minor, &side.peer);
    return done ? 0 : 1;
}

#include "setup/config_tree.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "probe/hostname.h"
#include "setup/config.h"
#include "setup/config_keys.h"
#include "setup/config_text.h"
#include "setup/config_units.h"
#include "setup/realm.h"

#define DEPTH_MAX 8   /* of includes, the first file not counted */
#define FILES_MAX 256 /* in all: includes that include patterns multiply */
#define SECTION_KEYS_MAX 16

struct section {
    const char *name;
    int flags;
    int max; /* how many there may be */
};

#define TITLED (CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES)

static const struct section sections[] = {
    {"realm", TITLED, SG_MAX_REALMS}, {"ntp", TITLED, SG_MAX_SOURCES},
    {"kdc", TITLED, SG_MAX_SOURCES},  {"alert", CFGF_NONE, 1},
    {"smtp", CFGF_NONE, 1},
};

#define N_SECTIONS (sizeof sections / sizeof *sections)

struct tree {
    cfg_t *root;
    const char *file; /* being read */
    int n_files;
    int depth;
    const struct sg_config_file *open[DEPTH_MAX + 1];
    struct sg_config_touched *touched;
    int code; /* of the first complaint, which is the one reported */
    struct sg_err *err;
};

/* libconfuse hands no context to its callbacks, and its lexer is global. */
static struct tree *tree;

/* The line is libconfuse's.  The file is ours: its sections do not always
 * have one, and remember it wrongly behind an include. */
static int complain(const cfg_t *at, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int
complain(const cfg_t *at, int code, const char *format, ...)
{
    char text[SG_ERR_TEXT_MAX];
    va_list args;

    if (tree->code == 0) {
        va_start(args, format);
        vsnprintf(text, sizeof text, format, args);
        va_end(args);
        tree->code = sg_err_set(tree->err, code, "%s:%d: %s", tree->file,
                                at->line, text);
    }
    return -1;
}

static void
complain_unknown(const cfg_t *at, const char *key)
{
    char allowed[SG_ERR_TEXT_MAX / 2] = "";
    struct sg_config_quoted quoted;

    for (int i = 0; at->opts[i].name; i++) {
        size_t len = strlen(allowed);

        snprintf(allowed + len, sizeof allowed - len, "%s%s", i ? ", " : "",
                 at->opts[i].name);
    }
    complain(at, -EINVAL, "%s: unknown key, allowed here are %s",
             sg_config_quote(key, &quoted), allowed);
}

static void on_library_error(cfg_t *at, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

static void
on_library_error(cfg_t *at, const char *format, va_list args)
{
    char text[SG_ERR_TEXT_MAX / 2];
    struct sg_config_quoted quoted;

    if (strcmp(format, "no such option '%s'") == 0) {
        complain_unknown(at, va_arg(args, const char *));
    } else if (strcmp(format, "found duplicate title '%s'") == 0) {
        complain(at, -EINVAL, "title \"%s\" is given twice, allowed is once",
                 sg_config_quote(va_arg(args, const char *), &quoted));
    } else {
        vsnprintf(text, sizeof text, format, args);
        complain(at, -EINVAL, "%s", text);
    }
}

/* Each value is checked as it is read: only now its line is known. */
static int
on_value(cfg_t *at, cfg_opt_t *option, const char *value, void *result)
{
    const char *section = at == tree->root ? "" : at->name;
    const struct sg_config_key *key = sg_config_key_find(section, option->name);
    union {
        struct sg_config main;
        struct sg_config_realm realm;
        struct sg_config_server server;
    } scratch;
    struct sg_err err;

    /* libconfuse takes "alert|warn" for the key of a section. */
    if (!key) {
        complain_unknown(at, option->name);
        return -1;
    }
    if (key->type->set_count)
        key->type->set_count(&scratch, (int)cfg_opt_size(option) - 1);
    if (sg_config_key_read(key, value, &scratch, &err) < 0)
        return complain(at, -EINVAL, "%s: %s", key->name, err.text);
    sg_config_touch(tree->touched, key, tree->file, at->line);
    *(const char **)result = value;
    return 0;
}

static int
check_title(const cfg_t *at, const char *section, cfg_t *entry)
{
    const char *title = cfg_title(entry);
    bool is_realm = strcmp(section, "realm") == 0;
    struct sg_config_quoted quoted;

    sg_config_quote(title, &quoted);
    if (is_realm && !sg_realm_name_is_valid(title))
        return complain(at, -EINVAL,
                        "realm: title \"%s\" is no realm, allowed are up to "
                        "255 visible ASCII characters",
                        quoted.text);
    if (is_realm)
        return 0;
    if (cfg_size(entry, "address") > 0 && sg_realm_name_is_valid(title))
        return 0;
    if (cfg_size(entry, "address") > 0)
        return complain(at, -EINVAL,
                        "%s: title \"%s\" is no name, allowed are up to 255 "
                        "visible ASCII characters",
                        section, quoted.text);
    if (!sg_host_is_valid(title))
        return complain(at, -EINVAL,
                        "%s: title \"%s\" is no host, allowed is one, or any "
                        "name together with \"address\"",
                        section, quoted.text);
    return 0;
}

/* Called for each section that was read to its end. */
static int
on_section(cfg_t *at, cfg_opt_t *option)
{
    const struct section *section = sections;
    unsigned n = cfg_opt_size(option);
    cfg_t *entry = cfg_opt_getnsec(option, n - 1);

    while (strcmp(section->name, option->name) != 0)
        section++;
    if ((int)n > section->max)
        return complain(at, -E2BIG, "%s: one section too many, allowed are %d",
                        section->name, section->max);
    if (!(section->flags & CFGF_TITLE))
        return 0;
    if (check_title(at, section->name, entry) < 0)
        return -1;
    if (strcmp(section->name, "realm") == 0)
        return 0;
    for (unsigned i = 0; i + 1 < n; i++)
        if (sg_host_is_same(cfg_title(cfg_opt_getnsec(option, i)),
                            cfg_title(entry)))
            return complain(at, -EINVAL,
                            "%s: title \"%s\" is given twice, allowed is once",
                            section->name, cfg_title(entry));
    return 0;
}

static int
parse_text(struct sg_config_file *file, const char *name)
{
    const char *outer_file = tree->file;
    int outer_line = tree->root->line;
    FILE *stream = NULL;
    int code;

    tree->file = name;
    code = sg_config_text_clean(file->text, file->len, name, tree->err);
    if (code < 0) {
        tree->code = code;
        return -1;
    }
    if (file->len > 0) {
        stream = fmemopen(file->text, file->len, "r");
        code = stream ? cfg_parse_fp(tree->root, stream) : -1;
    }
    if (stream)
        fclose(stream);
    if (code != 0)
        return complain(tree->root, -ENOMEM, "cannot be parsed");
    tree->file = outer_file;
    tree->root->line = outer_line;
    return 0;
}

static bool
is_open(const struct sg_config_file *file)
{
    for (int i = 0; i < tree->depth; i++)
        if (tree->open[i]->dev == file->dev && tree->open[i]->ino == file->ino)
            return true;
    return false;
}

static int
include_file(const cfg_t *at, const char *path)
{
    struct sg_config_file file;
    struct sg_err err;
    int code = sg_config_file_read(path, &file, &err);

    if (code < 0)
        return complain(at, code, "include: %s: %s", path, err.text);
    if (is_open(&file))
        code = complain(at, -ELOOP, "include: %s: includes itself", path);
    else if (++tree->n_files > FILES_MAX)
        code = complain(at, -E2BIG,
                        "include: %s: one file too many, allowed are %d", path,
                        FILES_MAX);
    if (code == 0) {
        tree->open[tree->depth++] = &file;
        code = parse_text(&file, path);
        tree->depth--;
    }
    sg_config_file_free(&file);
    return code;
}

static int
include_pattern(const cfg_t *at, const char *pattern)
{
    struct sg_config_paths found;
    struct sg_err err;
    int code;

    if (tree->depth > DEPTH_MAX)
        return complain(at, -ELOOP,
                        "include: nested too deeply, allowed are %d levels",
                        DEPTH_MAX);
    if (pattern[0] == '\0')
        return complain(at, -EINVAL,
                        "include: value \"\" is empty, allowed is a file or a "
                        "pattern");
    code = sg_config_file_find(pattern, tree->file, &found, &err);
    if (code < 0)
        return complain(at, code, "include: %s: %s", pattern, err.text);
    for (size_t i = 0; i < found.n && code == 0; i++)
        code = include_file(at, found.paths[i]);
    sg_config_paths_free(&found);
    return code;
}

static int
on_include(cfg_t *at, cfg_opt_t *option, int argc, const char **argv)
{
    int code = 0;

    (void)option;
    for (int i = 0; i < argc && code == 0; i++)
        code = include_pattern(at, argv[i]);
    return code;
}

/* The option table in libconfuse's form.  Defaults stay ours. */
static int
add_keys(const char *section, cfg_opt_t *ret)
{
    int n = 0;

    for (size_t i = 0; i < sg_config_n_keys; i++) {
        const struct sg_config_key *key = &sg_config_keys[i];

        if (strcmp(key->section, section) != 0)
            continue;
        assert(n < SECTION_KEYS_MAX);
        if (key->type->set_count)
            ret[n++] = (cfg_opt_t)CFG_STR_LIST_CB(key->name, NULL,
                                                  CFGF_NODEFAULT, on_value);
        else
            ret[n++] = (cfg_opt_t)CFG_STR_CB(key->name, NULL, CFGF_NODEFAULT,
                                             on_value);
    }
    ret[n] = (cfg_opt_t)CFG_END();
    return n;
}

static cfg_t *
new_root(void)
{
    cfg_opt_t inner[N_SECTIONS][SECTION_KEYS_MAX + 1];
    cfg_opt_t outer[SECTION_KEYS_MAX + N_SECTIONS + 2];
    int n = add_keys("", outer);
    cfg_t *root;

    for (size_t i = 0; i < N_SECTIONS; i++) {
        add_keys(sections[i].name, inner[i]);
        outer[n++] =
            (cfg_opt_t)CFG_SEC(sections[i].name, inner[i], sections[i].flags);
    }
    outer[n++] = (cfg_opt_t)CFG_FUNC("include", on_include);
    outer[n] = (cfg_opt_t)CFG_END();
    root = cfg_init(outer, CFGF_NONE); /* copies the tables */
    if (!root)
        return NULL;
    cfg_set_error_function(root, on_library_error);
    for (size_t i = 0; i < N_SECTIONS; i++)
        cfg_set_validate_func(root, sections[i].name, on_section);
    return root;
}

int
sg_config_tree_read(struct sg_config_file *file, const char *name, cfg_t **ret,
                    struct sg_config_touched *touched, struct sg_err *err)
{
    struct tree reading = {.file = name, .depth = 1, .open = {file}};

    reading.touched = touched;
    reading.err = err;
    reading.root = new_root();
    if (!reading.root)
        return sg_err_set(err, -ENOMEM, "%s: out of memory", name);
    tree = &reading;
    if (parse_text(file, name) == 0)
        *ret = reading.root;
    else
        cfg_free(reading.root);
    tree = NULL;
    return reading.code;
}

/*
 * jget PATH <FILE: print one value of a JSON text, for the shell tests.  PATH
 * is "realms.0.kdcs.1.offset_s".  Strings are printed bare, an array or an
 * object as its number of members.  Exit status 1 if there is no such value.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const json_t *
member(const json_t *value, const char *name)
{
    char *end;
    unsigned long index;

    if (json_is_object(value))
        return json_object_get(value, name);
    errno = 0;
    index = strtoul(name, &end, 10);
    if (errno != 0 || end == name || *end != '\0')
        return NULL;
    return json_array_get(value, index);
}

static void
print_value(const json_t *value)
{
    if (json_is_string(value))
        printf("%s\n", json_string_value(value));
    else if (json_is_array(value))
        printf("%zu\n", json_array_size(value));
    else if (json_is_object(value))
        printf("%zu\n", json_object_size(value));
    else if (json_is_real(value))
        printf("%.9f\n", json_real_value(value));
    else if (json_is_integer(value))
        printf("%" JSON_INTEGER_FORMAT "\n", json_integer_value(value));
    else
        puts(json_is_null(value)   ? "null"
             : json_is_true(value) ? "true"
                                   : "false");
}

int
main(int argc, char **argv)
{
    json_error_t error;
    json_t *root;
    const json_t *value;
    char *name;

    if (argc != 2) {
        fprintf(stderr, "usage: jget PATH <FILE\n");
        return 2;
    }
    value = root = json_loadf(stdin, 0, &error);
    if (!root) {
        fprintf(stderr, "jget: line %d: %s\n", error.line, error.text);
        return 2;
    }
    for (name = strtok(argv[1], "."); name && value; name = strtok(NULL, "."))
        value = member(value, name);
    if (value)
        print_value(value);
    json_decref(root);
    return value ? 0 : 1;
}

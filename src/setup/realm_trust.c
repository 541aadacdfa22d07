/* [capaths]: who is trusted, and on which way. */
#include <string.h>

#include "setup/profile.h"
#include "setup/realm.h"

struct trusts {
    const char *home;
    int n, max;
    char (*names)[SG_NAME_MAX];
};

/* "." stands for the direct way. */
static void
add(struct trusts *trusts, const char *name)
{
    int n_kept = trusts->n < trusts->max ? trusts->n : trusts->max;

    if (strcmp(name, ".") == 0 || strcmp(name, trusts->home) == 0 ||
        !sg_realm_name_is_valid(name))
        return;
    for (int i = 0; i < n_kept; i++)
        if (strcmp(trusts->names[i], name) == 0)
            return;
    if (trusts->n < trusts->max)
        strcpy(trusts->names[trusts->n], name);
    trusts->n++;
}

/* What stands between client and server. */
static void
add_way(profile_t profile, const char *client, const char *server,
        struct trusts *trusts)
{
    const char *names[] = {"capaths", client, server, NULL};
    char **values;

    if (profile_get_values(profile, names, &values) != 0)
        return;
    for (int i = 0; values[i]; i++)
        add(trusts, values[i]);
    profile_free_list(values);
}

static void
add_ways_from_home(profile_t profile, struct trusts *trusts)
{
    const char *names[] = {"capaths", trusts->home, NULL};
    char **servers;

    if (profile_get_relation_names(profile, names, &servers) != 0)
        return;
    for (int i = 0; servers[i]; i++) {
        add(trusts, servers[i]);
        add_way(profile, trusts->home, servers[i], trusts);
    }
    profile_free_list(servers);
}

static void
add_ways_to_home(profile_t profile, struct trusts *trusts)
{
    const char *names[] = {"capaths", NULL, trusts->home, NULL};
    char **clients, **values;

    if (profile_get_subsection_names(profile, names, &clients) != 0)
        return;
    for (int i = 0; clients[i]; i++) {
        names[1] = clients[i];
        if (profile_get_values(profile, names, &values) != 0)
            continue;
        profile_free_list(values);
        add(trusts, clients[i]);
        add_way(profile, clients[i], trusts->home, trusts);
    }
    profile_free_list(clients);
}

int
sg_realm_trusts(const char *name, int max, char (*ret)[SG_NAME_MAX])
{
    struct trusts trusts = {.home = name, .max = max, .names = ret};
    profile_t profile;

    if (sg_profile_open(&profile, NULL) < 0)
        return 0;
    add_ways_from_home(profile, &trusts);
    add_ways_to_home(profile, &trusts);
    profile_release(profile);
    return trusts.n;
}

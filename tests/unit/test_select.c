/*
 * Selection, by known cases and against a reference that tries every place:
 * slow, obvious, and written from the header alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "core/select.h"
#include "core/status.h"

#include "chance.h"

#define ONE_PLACE_S 0.1

static void
assert_selection(const struct sg_vote *votes, int n,
                 enum sg_selection_result result, double lo_s, double hi_s,
                 int hosts, int total)
{
    struct sg_selection s;

    sg_select(votes, n, &s);
    assert_int_equal(s.result, result);
    assert_int_equal(s.hosts, hosts);
    assert_int_equal(s.hosts_total, total);
    if (result != SG_SELECT_MAJORITY && result != SG_SELECT_LONE)
        return;
    assert_true(s.lo_s == lo_s);
    assert_true(s.hi_s == hi_s);
}

static void
nobody(void **state)
{
    struct sg_selection s;

    (void)state;
    sg_select(NULL, 0, &s);
    assert_int_equal(s.result, SG_SELECT_NOBODY);
    assert_int_equal(s.hosts, 0);
}

static void
one_host_alone_is_lone(void **state)
{
    const struct sg_vote one[] = {{3, -1, 1}};
    const struct sg_vote both[] = {{3, -1, 1}, {3, 0.5, 2}};

    (void)state;
    assert_selection(one, 1, SG_SELECT_LONE, -1, 1, 1, 1);
    assert_selection(both, 2, SG_SELECT_LONE, 0.5, 1, 1, 1);
}

/* NTP and KDC of one host are one clock and one path. */
static void
sources_of_one_host_count_once(void **state)
{
    const struct sg_vote votes[] = {
        {0, 400, 401}, {0, 400, 402}, {0, 399, 401}, {1, -1, 1}, {2, 0, 1}};

    (void)state;
    assert_selection(votes, 5, SG_SELECT_MAJORITY, 0, 1, 2, 3);
}

static void
two_that_contradict_are_split(void **state)
{
    const struct sg_vote votes[] = {{0, 0, 1}, {1, 400, 401}};

    (void)state;
    assert_selection(votes, 2, SG_SELECT_SPLIT, 0, 0, 1, 2);
}

static void
two_of_four_are_no_majority(void **state)
{
    const struct sg_vote votes[] = {
        {0, 0, 1}, {1, 0, 1}, {2, 9, 10}, {3, 9, 10}};

    (void)state;
    assert_selection(votes, 4, SG_SELECT_SPLIT, 0, 0, 2, 4);
}

static void
touching_intervals_overlap(void **state)
{
    const struct sg_vote votes[] = {{0, 0, 1}, {1, 1, 2}};

    (void)state;
    assert_selection(votes, 2, SG_SELECT_MAJORITY, 1, 1, 2, 2);
}

/* One that knows little agrees with two that contradict each other. */
static void
two_places_far_apart_are_ambiguous(void **state)
{
    const struct sg_vote votes[] = {{0, -10, 10}, {1, 0, 1}, {2, 5, 6}};

    (void)state;
    assert_selection(votes, 3, SG_SELECT_AMBIGUOUS, 0, 0, 2, 3);
}

static void
two_places_nearby_are_one(void **state)
{
    const struct sg_vote votes[] = {
        {0, -10, 10}, {1, 0, 0.01}, {2, 0.02, 0.03}};

    (void)state;
    assert_selection(votes, 3, SG_SELECT_MAJORITY, 0, 0.03, 2, 3);
}

static void
a_majority_against_one_liar(void **state)
{
    const struct sg_vote votes[] = {{0, -1, 1}, {1, 399, 401}, {2, 0, 2}};
    struct sg_selection s;

    (void)state;
    assert_selection(votes, 3, SG_SELECT_MAJORITY, 0, 1, 2, 3);
    sg_select(votes, 3, &s);
    assert_true(sg_select_agrees(&s, &votes[0]));
    assert_false(sg_select_agrees(&s, &votes[1]));
    assert_true(sg_select_agrees(&s, &votes[2]));
}

/* The wide interval of a KDC lends a liar no support that its host's NTP
 * denies. */
static void
a_host_is_where_all_its_words_are(void **state)
{
    const struct sg_vote votes[] = {
        {1, -0.001, 0.001}, {1, -0.5, 0.5},  {2, -0.002, 0.002},
        {2, -0.4, 0.6},     {3, 0.24, 0.26}, {3, 0.2, 1.2},
    };
    const struct sg_vote torn[] = {{1, 0, 1}, {1, 5, 6}, {2, 5, 7}, {3, 5, 8}};

    (void)state;
    assert_selection(votes, 6, SG_SELECT_MAJORITY, -0.001, 0.001, 2, 3);
    assert_selection(torn, 4, SG_SELECT_MAJORITY, 5, 6, 3, 3);
}

static void
agreeing_means_touching(void **state)
{
    const struct sg_selection s = {SG_SELECT_MAJORITY, -1, 2, 2, 2};
    static const struct {
        double lo_s, hi_s;
        bool agrees;
    } cases[] = {{-3, -1.001, false}, {-3, -1, true},    {0, 0, true},
                 {2, 5, true},        {2.001, 5, false}, {-9, 9, true}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sg_vote vote = {0, cases[i].lo_s, cases[i].hi_s};

        assert_int_equal(sg_select_agrees(&s, &vote), cases[i].agrees);
    }
}

/* ---- the reference ---- */

struct place {
    int hosts, votes;
};

static bool
is_at(const struct sg_vote *vote, double at_s)
{
    return vote->lo_s <= at_s && at_s <= vote->hi_s;
}

/* All that is said of a host, if it overlaps, and else each word of it. */
static bool
counts_at(const struct sg_vote *votes, int n, int index, double at_s)
{
    int host = votes[index].host;
    bool is_one = true;

    if (!is_at(&votes[index], at_s))
        return false;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            if (votes[i].host == host && votes[j].host == host)
                is_one &= votes[i].lo_s <= votes[j].hi_s;
    for (int i = 0; is_one && i < n; i++)
        if (votes[i].host == host && !is_at(&votes[i], at_s))
            return false;
    return true;
}

static struct place
count_at(const struct sg_vote *votes, int n, double at_s)
{
    bool seen[SG_MAX_SOURCES] = {false};
    struct place place = {0, 0};

    for (int i = 0; i < n; i++) {
        if (!counts_at(votes, n, i, at_s))
            continue;
        place.votes++;
        place.hosts += !seen[votes[i].host];
        seen[votes[i].host] = true;
    }
    return place;
}

/* Integer ends: looking at every half shows every place. */
static void
reference(const struct sg_vote *votes, int n, int lo, int hi,
          struct sg_selection *ret)
{
    struct place best = {0, 0};
    bool seen[SG_MAX_SOURCES] = {false}, inside = false, found = false;
    double first_s = 0, last_s = 0;
    int places = 0;

    *ret = (struct sg_selection){.result = SG_SELECT_SPLIT};
    for (int i = 0; i < n; i++) {
        ret->hosts_total += !seen[votes[i].host];
        seen[votes[i].host] = true;
    }
    for (double x = lo; x <= hi; x += 0.5) {
        struct place p = count_at(votes, n, x);

        if (p.hosts > best.hosts ||
            (p.hosts == best.hosts && p.votes > best.votes))
            best = p;
    }
    for (double x = lo; x <= hi; x += 0.5) {
        struct place p = count_at(votes, n, x);

        if (p.hosts != best.hosts) {
            inside = false;
            continue;
        }
        if (!inside && places++ == 0)
            first_s = x;
        inside = true;
        last_s = x;
        if (p.votes != best.votes)
            continue;
        if (!found)
            ret->lo_s = x;
        ret->hi_s = x;
        found = true;
    }
    ret->hosts = best.hosts;
    if (2 * best.hosts <= ret->hosts_total)
        return;
    ret->result = places > 1 && last_s - first_s > ONE_PLACE_S
                      ? SG_SELECT_AMBIGUOUS
                  : ret->hosts_total == 1 ? SG_SELECT_LONE
                                          : SG_SELECT_MAJORITY;
}

static void
random_votes_as_the_reference(void **state)
{
    int counts[SG_SELECT_AMBIGUOUS + 1] = {0};

    (void)state;
    chance_begin();
    for (int run = 0; run < 20000; run++) {
        struct sg_vote votes[12];
        struct sg_selection is, ought;
        int n = 1 + chance_below(12), hosts = 1 + chance_below(6);
        int span = 4 + chance_below(40);

        for (int i = 0; i < n; i++) {
            int lo = chance_below(span);

            votes[i].host = 7 * chance_below(hosts);
            votes[i].lo_s = lo;
            votes[i].hi_s = lo + chance_below(span / 2);
        }
        sg_select(votes, n, &is);
        reference(votes, n, 0, 2 * span, &ought);
        counts[is.result]++;
        assert_int_equal(is.result, ought.result);
        assert_int_equal(is.hosts, ought.hosts);
        assert_int_equal(is.hosts_total, ought.hosts_total);
        if (is.result != SG_SELECT_MAJORITY && is.result != SG_SELECT_LONE)
            continue;
        assert_true(is.lo_s == ought.lo_s);
        assert_true(is.hi_s == ought.hi_s);
    }
    for (int i = 0; i <= SG_SELECT_AMBIGUOUS; i++)
        assert_true(i == SG_SELECT_NOBODY || counts[i] > 100);
}

/* Whoever is named first, the answer is the same. */
static void
order_does_not_matter(void **state)
{
    (void)state;
    chance_begin();
    for (int run = 0; run < 2000; run++) {
        struct sg_vote votes[SG_MAX_SOURCES];
        struct sg_selection a, b;
        int n = 1 + chance_below(SG_MAX_SOURCES);

        for (int i = 0; i < n; i++) {
            votes[i].host = chance_below(SG_MAX_SOURCES);
            votes[i].lo_s = chance_between(-1, 1);
            votes[i].hi_s = votes[i].lo_s + chance_between(0, 2);
        }
        sg_select(votes, n, &a);
        for (int i = n - 1; i > 0; i--) {
            int j = chance_below(i + 1);
            struct sg_vote swap = votes[i];

            votes[i] = votes[j];
            votes[j] = swap;
        }
        sg_select(votes, n, &b);
        assert_memory_equal(&a, &b, sizeof a);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody),
        cmocka_unit_test(one_host_alone_is_lone),
        cmocka_unit_test(sources_of_one_host_count_once),
        cmocka_unit_test(two_that_contradict_are_split),
        cmocka_unit_test(two_of_four_are_no_majority),
        cmocka_unit_test(touching_intervals_overlap),
        cmocka_unit_test(two_places_far_apart_are_ambiguous),
        cmocka_unit_test(two_places_nearby_are_one),
        cmocka_unit_test(a_majority_against_one_liar),
        cmocka_unit_test(a_host_is_where_all_its_words_are),
        cmocka_unit_test(agreeing_means_touching),
        cmocka_unit_test(random_votes_as_the_reference),
        cmocka_unit_test(order_does_not_matter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "scenario.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_WORDS 32

struct line {
    const char *path;
    int number;
    int n, at;
    char *words[MAX_WORDS];
};

static _Noreturn void fail(const struct line *line, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
fail(const struct line *line, const char *format, ...)
{
    va_list args;

    fprintf(stderr, "%s:%d: ", line->path, line->number);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(2);
}

static const char *
word(struct line *line)
{
    if (line->at == line->n)
        fail(line, "the line ends too early");
    return line->words[line->at++];
}

static bool
next_is(struct line *line, const char *text)
{
    if (line->at == line->n || strcmp(line->words[line->at], text) != 0)
        return false;
    line->at++;
    return true;
}

static void
must(struct line *line, const char *text)
{
    if (!next_is(line, text))
        fail(line, "\"%s\" expected", text);
}

static double
number(struct line *line)
{
    static const struct {
        const char *unit;
        double factor;
    } units[] = {{"", 1},    {"s", 1},    {"ms", 1e-3}, {"us", 1e-6},
                 {"m", 60},  {"min", 60}, {"h", 3600},  {"d", 86400},
                 {"ppm", 1}, {"%", 0.01}};
    const char *text = word(line);
    char *end;
    double value = strtod(text, &end);

    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (end != text && strcmp(end, units[i].unit) == 0)
            return value * units[i].factor;
    fail(line, "\"%s\" is no number with a unit", text);
}

static int
one_of(struct line *line, const char *const *names, int n)
{
    const char *text = word(line);

    for (int i = 0; i < n; i++)
        if (strcmp(text, names[i]) == 0)
            return i;
    fail(line, "\"%s\" is unknown here", text);
}

/* Is the next word one of them?  -1: no, and it is still to be read. */
static int
next_of(struct line *line, const char *const *names, int n)
{
    for (int i = 0; i < n; i++)
        if (next_is(line, names[i]))
            return i;
    return -1;
}

static int
find_source(struct line *line, const struct sim_setup *setup)
{
    const char *name = word(line);

    for (int i = 0; i < setup->n_sources; i++)
        if (strcmp(setup->sources[i].about.name, name) == 0)
            return i;
    fail(line, "no source \"%s\" so far", name);
}

static void
read_clock(struct line *line, struct sim_setup *setup)
{
    while (line->at < line->n) {
        if (next_is(line, "offset"))
            setup->clock_offset_s = number(line);
        else if (next_is(line, "drift"))
            setup->drift_ppm = number(line);
        else if (next_is(line, "wander"))
            setup->wander = number(line);
        else if (next_is(line, "sine")) {
            setup->sine_ppm = number(line);
            setup->sine_s = number(line);
        } else if (next_is(line, "unnoticed"))
            setup->notice = false;
        else if (next_is(line, "saved")) {
            setup->engine.frequency_ppm = number(line);
            setup->engine.frequency_sd_ppm = 1;
        } else
            fail(line, "\"%s\" is unknown here", word(line));
    }
}

/* What waits there are on a source's path; false: not about that. */
static bool
read_queues(struct line *line, struct sim_queues *queues)
{
    if (next_is(line, "jitter"))
        queues->jitter_s = number(line);
    else if (next_is(line, "jitter-back"))
        queues->jitter_back_s = number(line);
    else if (next_is(line, "shape"))
        queues->shape = (int)number(line);
    else if (next_is(line, "busy")) {
        queues->busy_s = number(line);
        queues->busy_jitter_s = number(line);
    } else if (next_is(line, "late"))
        queues->late_s = number(line);
    else
        return false;
    return true;
}

/* What it does about a leap second; false: not about that. */
static bool
read_leaper(struct line *line, struct sim_source *ret)
{
    static const char *const names[SIM_LEAPERS] = {"leaps", "noleap", "smear",
                                                   "wrongleap", "randomleap"};

    for (int i = 0; i < SIM_LEAPERS; i++)
        if (next_is(line, names[i])) {
            ret->leaper = (enum sim_leaper)i;
            return true;
        }
    return false;
}

static void
read_property(struct line *line, struct sim_source *s)
{
    static const char *const fickle[] = {"stratum", "leap", "root", "stamps"};

    if (next_is(line, "host"))
        snprintf(s->host, sizeof s->host, "%s", word(line));
    else if (next_is(line, "utc"))
        s->about.realm = SG_GROUP_UTC;
    else if (next_is(line, "try"))
        s->about.is_try = true;
    else if (next_is(line, "stale"))
        s->stale = true;
    else if (next_is(line, "silent"))
        s->silent = true;
    else if (next_is(line, "delay"))
        s->delay_s = number(line);
    else if (next_is(line, "offset"))
        s->offset_s = number(line);
    else if (next_is(line, "rate"))
        s->rate_ppm = number(line);
    else if (next_is(line, "root"))
        s->root_s = number(line);
    else if (next_is(line, "load"))
        s->load = number(line);
    else if (next_is(line, "loss"))
        s->loss_frac = number(line);
    else if (next_is(line, "skew"))
        s->skew_frac = number(line);
    else if (next_is(line, "fickle"))
        s->fickle |= 1u << one_of(line, fickle, SIM_FICKLE_COUNT);
    else
        fail(line, "\"%s\" is unknown here", word(line));
}

static void
read_source(struct line *line, struct sim_setup *setup)
{
    struct sim_source *s = &setup->sources[setup->n_sources];
    const char *name;

    if (setup->n_sources == SIM_MAX_SOURCES)
        fail(line, "more than %d sources", SIM_MAX_SOURCES);
    name = word(line);
    snprintf(s->about.name, sizeof s->about.name, "%s", name);
    s->about.kind = (enum sg_kind)one_of(line, sg_kind_names, SG_KIND_COUNT);
    s->about.realm = setup->realm[0] ? 0 : SG_GROUP_UTC;
    s->skew_frac = 0.5;
    snprintf(s->host, sizeof s->host, "%s", name);
    while (line->at < line->n)
        if (!read_queues(line, &s->queues) && !read_leaper(line, s))
            read_property(line, s);
    setup->n_sources++;
}

static void
read_at(struct line *line, struct sim_setup *setup)
{
    static const char *const clock_verbs[] = {"step",    "suspend", "rate",
                                              "refuses", "restart", "rival"};
    static const char *const source_verbs[] = {"offset", "jitter", "rate",
                                               "late",   "wobble", "silent",
                                               "back",   "freeze"};
    static const char *const refusals[] = {"nothing", "frequency", "all"};
    struct sim_happening *h = &setup->happenings[setup->n_happenings];
    int i;

    if (setup->n_happenings++ == SIM_MAX_HAPPENINGS)
        fail(line, "more than %d happenings", SIM_MAX_HAPPENINGS);
    h->at_s = number(line);
    if (setup->n_happenings > 1 && h->at_s < h[-1].at_s)
        fail(line, "happenings must be in the order of their time");
    if (next_is(line, "clock")) {
        i = one_of(line, clock_verbs, 6);
        h->source = -1;
        h->verb = (enum sim_verb)(SIM_STEP + i);
        if (h->verb != SIM_RIVAL)
            h->value = h->verb == SIM_REFUSE ? one_of(line, refusals, 3)
                                             : number(line);
        return;
    }
    h->source = find_source(line, setup);
    i = one_of(line, source_verbs, 8);
    h->verb = (enum sim_verb)(SIM_OFFSET + i);
    if (h->verb < SIM_SILENT)
        h->value = number(line);
    if (h->verb == SIM_WOBBLE)
        h->more = number(line);
}

static void
read_alerts(struct line *line, struct sim_setup *setup)
{
    static const char *const reminds[] = {"once", "daily", "diminishing"};

    setup->has_alerts = true;
    while (line->at < line->n) {
        if (next_is(line, "calm"))
            setup->alerts.calm_s = number(line);
        else if (next_is(line, "spread"))
            setup->alerts.spread_s = number(line);
        else if (next_is(line, "remind"))
            setup->alerts.remind = (enum sg_remind)one_of(line, reminds, 3);
        else
            fail(line, "\"%s\" is unknown here", word(line));
    }
}

static void
read_span(struct line *line, struct sim_expect *e)
{
    if (next_is(line, "from"))
        e->from_s = number(line);
    if (next_is(line, "to"))
        e->to_s = number(line);
}

static void
read_below(struct line *line, struct sim_expect *e, enum sim_quantity quantity)
{
    e->quantity = quantity;
    must(line, "below");
    e->limit = number(line);
    read_span(line, e);
}

static void
read_state(struct line *line, struct sim_expect *e)
{
    e->quantity = SIM_Q_STATE;
    e->word = one_of(line, sg_state_names, SG_STATE_COUNT);
    if (next_is(line, "within")) {
        e->quantity = SIM_Q_STATE_WITHIN;
        e->limit = number(line);
        must(line, "of");
        e->from_s = number(line);
    } else
        read_span(line, e);
}

static void
read_settled(struct line *line, struct sim_expect *e)
{
    e->quantity = SIM_Q_SETTLED;
    must(line, "below");
    e->limit = number(line);
    must(line, "within");
    e->limit2 = number(line);
    if (next_is(line, "of"))
        e->from_s = number(line);
}

static void
read_error(struct line *line, struct sim_expect *e)
{
    e->scope = SIM_OVERALL;
    e->quantity = next_is(line, "tight") ? SIM_Q_TIGHT : SIM_Q_ERROR;
    if (e->quantity == SIM_Q_ERROR)
        must(line, "honest");
    e->limit = number(line);
    read_span(line, e);
}

static void
read_at_most(struct line *line, struct sim_expect *e,
             enum sim_quantity quantity)
{
    e->quantity = quantity;
    must(line, "at");
    must(line, "most");
    e->limit = number(line);
}

/* Of whatever kind the words say, in any order. */
static void
read_told(struct line *line, struct sim_told *ret)
{
    int last;

    ret->topic = ret->level = ret->phase = ret->blame = -1;
    do {
        last = line->at;
        if (next_is(line, "blaming"))
            ret->blame = one_of(line, sg_blame_names, SG_BLAME_COUNT);
        if (ret->topic < 0)
            ret->topic =
                next_of(line, sg_alert_topic_names, SG_ALERT_TOPIC_COUNT);
        if (ret->level < 0)
            ret->level =
                next_of(line, sg_alert_level_names, SG_ALERT_LEVEL_COUNT);
        if (ret->phase < 0)
            ret->phase =
                next_of(line, sg_alert_phase_names, SG_ALERT_PHASE_COUNT);
    } while (line->at > last);
}

/* "mails ..." or "mail ..."; false: not about what is told. */
static bool
read_alert(struct line *line, struct sim_expect *e)
{
    static const char *const words[] = {"mails", "logs", "mail", "log"};
    int i = next_of(line, words, 4);

    if (i < 0)
        return false;
    e->told.by_mail = i % 2 == 0;
    read_told(line, &e->told);
    if (i >= 2) {
        e->quantity = SIM_Q_ALERT_WITHIN;
        must(line, "within");
        e->limit = number(line);
        must(line, "of");
        e->from_s = number(line);
        return true;
    }
    must(line, "at");
    e->quantity = next_is(line, "least") ? SIM_Q_ALERTS_MIN : SIM_Q_ALERTS_MAX;
    if (e->quantity == SIM_Q_ALERTS_MAX)
        must(line, "most");
    e->limit = number(line);
    read_span(line, e);
    return true;
}

static void
read_rest(struct line *line, struct sim_setup *setup, struct sim_expect *e)
{
    if (next_is(line, "steps")) {
        must(line, "at");
        e->quantity = next_is(line, "most") ? SIM_Q_STEPS_MAX : SIM_Q_STEPS_MIN;
        if (e->quantity == SIM_Q_STEPS_MIN)
            must(line, "least");
        e->limit = number(line);
    } else if (next_is(line, "packets")) {
        read_at_most(line, e, SIM_Q_PACKETS);
        must(line, "per");
        must(line, "hour");
        read_span(line, e);
    } else if (next_is(line, "forecast")) {
        e->quantity = SIM_Q_FORECAST;
        must(line, "between");
        e->limit = number(line);
        must(line, "and");
        e->limit2 = number(line);
        must(line, "at");
        e->from_s = e->to_s = number(line);
    } else if (next_is(line, "source")) {
        e->quantity = SIM_Q_SOURCE;
        e->source = find_source(line, setup);
        e->word = next_is(line, "unbelieved")
                      ? SG_TALLY_COUNT
                      : one_of(line, sg_tally_names, SG_TALLY_COUNT);
        read_span(line, e);
    } else if (next_is(line, "decision")) {
        e->quantity = SIM_Q_DECISION;
        snprintf(e->name, sizeof e->name, "%s", word(line));
        read_span(line, e);
    } else if (next_is(line, "synced") || next_is(line, "unsynced")) {
        e->quantity = SIM_Q_SYNCED;
        e->word = line->words[line->at - 1][0] == 's';
        read_span(line, e);
    } else if (next_is(line, "events")) {
        read_at_most(line, e, SIM_Q_EVENTS);
        read_span(line, e);
    } else if (next_is(line, "foreign"))
        read_at_most(line, e, SIM_Q_FOREIGN);
    else if (next_is(line, "said")) {
        e->quantity = SIM_Q_SAID;
        line->at = line->n; /* what follows is in e->text */
    } else
        fail(line, "\"%s\" is unknown here", word(line));
}

static void
read_expect(struct line *line, struct sim_scenario *ret)
{
    struct sim_expect *e = &ret->expects[ret->n_expects];
    size_t len = 0;

    if (ret->n_expects++ == SIM_MAX_EXPECTS)
        fail(line, "more than %d expectations", SIM_MAX_EXPECTS);
    e->to_s = INFINITY;
    for (int i = 1; i < line->n; i++)
        len += (size_t)snprintf(e->text + len, sizeof e->text - len, "%s%s",
                                i > 1 ? " " : "", line->words[i]);
    if (next_is(line, "median"))
        e->scope = SIM_MEDIAN;
    else if (next_is(line, "overall"))
        e->scope = SIM_OVERALL;
    if (read_alert(line, e))
        return;
    if (next_is(line, "offset"))
        read_below(line, e, SIM_Q_OFFSET);
    else if (next_is(line, "rms"))
        read_below(line, e, SIM_Q_RMS);
    else if (next_is(line, "frequency"))
        read_below(line, e, SIM_Q_FREQUENCY);
    else if (next_is(line, "settled"))
        read_settled(line, e);
    else if (next_is(line, "error"))
        read_error(line, e);
    else if (next_is(line, "state"))
        read_state(line, e);
    else if (next_is(line, "blame")) {
        e->quantity = SIM_Q_BLAME;
        e->word = one_of(line, sg_blame_names, SG_BLAME_COUNT);
        read_span(line, e);
    } else if (next_is(line, "leap")) {
        e->quantity = SIM_Q_LEAP;
        e->word = one_of(line, sg_leap_names, SG_LEAP_COUNT);
        read_span(line, e);
    } else if (next_is(line, "bound")) {
        e->quantity = SIM_Q_BOUND;
        must(line, "honest");
        read_span(line, e);
    } else
        read_rest(line, &ret->setup, e);
}

static void
read_seeds(struct line *line, struct sim_scenario *ret)
{
    ret->seeds = (int)number(line);
    if (ret->seeds < 1 || ret->seeds > SIM_MAX_SEEDS)
        fail(line, "%d seeds, allowed 1 to %d", ret->seeds, SIM_MAX_SEEDS);
}

static void
read_line(struct line *line, struct sim_scenario *ret)
{
    struct sim_setup *setup = &ret->setup;

    if (next_is(line, "run"))
        setup->run_s = number(line);
    else if (next_is(line, "seeds"))
        read_seeds(line, ret);
    else if (next_is(line, "poll"))
        setup->engine.poll.max_poll_s = number(line);
    else if (next_is(line, "mode")) {
        setup->guard = next_is(line, "guard");
        if (!setup->guard)
            must(line, "discipline");
    } else if (next_is(line, "clock"))
        read_clock(line, setup);
    else if (next_is(line, "realm")) {
        snprintf(setup->realm, sizeof setup->realm, "%s", word(line));
        setup->clockskew_s = number(line);
    } else if (next_is(line, "source"))
        read_source(line, setup);
    else if (next_is(line, "alerts"))
        read_alerts(line, setup);
    else if (next_is(line, "at"))
        read_at(line, setup);
    else if (next_is(line, "leap")) {
        setup->leap_s = (int)number(line);
        must(line, "at");
        setup->leap_at_s = number(line);
    } else if (next_is(line, "expect"))
        read_expect(line, ret);
    if (line->at < line->n)
        fail(line, "\"%s\" is unknown here", word(line));
}

static void
set_defaults(struct sim_scenario *ret)
{
    *ret = (struct sim_scenario){.seeds = 1};
    sim_setup_init(&ret->setup);
}

void
sim_scenario_load(const char *path, struct sim_scenario *ret)
{
    struct line line = {.path = path};
    FILE *file = fopen(path, "r");
    char text[512], *save;

    if (!file) {
        perror(path);
        exit(2);
    }
    set_defaults(ret);
    while (fgets(text, sizeof text, file)) {
        line.number++;
        line.n = line.at = 0;
        text[strcspn(text, "#")] = '\0';
        for (char *w = strtok_r(text, " \t\n", &save); w;
             w = strtok_r(NULL, " \t\n", &save)) {
            if (line.n == MAX_WORDS)
                fail(&line, "more than %d words", MAX_WORDS);
            line.words[line.n++] = w;
        }
        if (line.n > 0)
            read_line(&line, ret);
    }
    fclose(file);
    ret->setup.engine.mode =
        ret->setup.guard ? SG_MODE_GUARD : SG_MODE_DISCIPLINE;
}

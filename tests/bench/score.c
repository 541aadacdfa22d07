/*
 * score: how well a clock was kept in a finished run of clknetsim.
 *
 *   score -n NODES [-b BEGIN] [-e EVENT] [-t ERROR] [-h HOLD]
 *         [-s STATUS] [-w WANDER -d DELAY] FOLDER
 *
 * FOLDER holds the simulator's logs: off, freq, raw (a line a second, a column
 * a node) and pkt.  The last node is the client, the others are its servers.
 * Prints one figure a line, a name and a number in seconds:
 *
 *   rms, max     error of the clock from BEGIN to EVENT, or to the end
 *   freq_rms     error of its frequency in the same time
 *   packets_h    what it sent an hour to each server, from BEGIN to the end
 *   event_max    greatest error from EVENT on; 0 is the start
 *   below        from EVENT until the error is below ERROR for HOLD seconds;
 *                inf: never
 *   end          error at the end, with its sign
 *   rest, error_s, bound_s   with -s: how wrong the last published status is
 *                about the true time, and what it says of itself
 *   bound        with -w: RMS error of a particle filter which sees the same
 *                exchanges with one server, and knows what nobody knows: the
 *                WANDER of the clock (1/s per sqrt(s)) and the least DELAY one
 *                way.  Its clock does at once what it is told.
 */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/status.h"

#define START_DATE 1790000000 /* CLKNETSIM_START_DATE */
#define SILENT_S 4096         /* longer than any client waits between packets */
#define PARTICLES 800
#define FILTERS 3 /* with other random numbers each; the middle one counts */
#define PARTICLES_AFTER 30 /* exchanges; a Kalman filter does until then */

/* One value a second. */
struct series {
    double *values;
    size_t n;
};

/* A packet that was sent; lost if delay_s is negative. */
struct packet {
    double t_s, delay_s;
    int from, to;
};

struct packets {
    struct packet *list;
    size_t n;
};

/* A question and its answer, complete at t_s. */
struct exchange {
    double t_s, up_s, down_s;
};

struct options {
    const char *folder, *status;
    int nodes;
    size_t begin, event, hold;
    bool has_event;
    double below_s, wander, delay_s;
};

static void
die(const char *folder, const char *what)
{
    fprintf(stderr, "score: %s: %s\n", folder, what);
    exit(1);
}

static FILE *
open_log(const char *folder, const char *name)
{
    char path[4096];
    FILE *ret;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    ret = fopen(path, "r");
    if (!ret)
        die(path, "cannot be read");
    return ret;
}

/* Room for one more than n, doubled now and then. */
static void *
grow(void *list, size_t n, size_t size)
{
    if (n & (n - 1))
        return list;
    list = realloc(list, (n ? 2 * n : 1) * size);
    if (!list)
        die("score", "no memory");
    return list;
}

/* The last column of a log. */
static struct series
read_series(const char *folder, const char *name)
{
    struct series ret = {0};
    FILE *file = open_log(folder, name);
    char line[1024];

    while (fgets(line, sizeof line, file)) {
        const char *tab = strrchr(line, '\t');

        ret.values = grow(ret.values, ret.n, sizeof *ret.values);
        ret.values[ret.n++] = strtod(tab ? tab + 1 : line, NULL);
    }
    fclose(file);
    if (ret.n == 0)
        die(folder, "a log of the simulator is empty");
    return ret;
}

static struct packets
read_packets(const char *folder)
{
    struct packets ret = {0};
    FILE *file = open_log(folder, "pkt");
    char line[1024];

    while (fgets(line, sizeof line, file)) {
        struct packet *packet;
        char *next;

        ret.list = grow(ret.list, ret.n, sizeof *ret.list);
        packet = &ret.list[ret.n++];
        packet->t_s = strtod(line, &next);
        packet->from = (int)strtol(next, &next, 10);
        packet->to = (int)strtol(next, &next, 10);
        packet->delay_s = strtod(next, NULL);
    }
    fclose(file);
    return ret;
}

/* ---- the clock ---- */

static void
print_rms(const char *name, const struct series *series, size_t begin,
          size_t end)
{
    double squares = 0;

    for (size_t i = begin; i < end; i++)
        squares += series->values[i] * series->values[i];
    printf("%s %.6e\n", name, sqrt(squares / (double)(end - begin)));
}

static void
print_max(const char *name, const struct series *series, size_t begin,
          size_t end)
{
    double max = 0;

    for (size_t i = begin; i < end; i++)
        max = fmax(max, fabs(series->values[i]));
    printf("%s %.6e\n", name, max);
}

static void
print_below(const struct options *options, const struct series *offsets)
{
    size_t since = options->event;

    for (size_t i = options->event; i < offsets->n; i++) {
        if (!(fabs(offsets->values[i]) < options->below_s)) {
            since = i + 1;
        } else if (i - since >= options->hold) {
            printf("below %zu\n", since - options->event);
            return;
        }
    }
    printf("below inf\n");
}

static void
print_clock(const struct options *options, const struct series *offsets)
{
    size_t end = options->event > 0 ? options->event : offsets->n;

    if (options->begin < end) {
        struct series frequencies = read_series(options->folder, "freq");

        print_rms("rms", offsets, options->begin, end);
        print_max("max", offsets, options->begin, end);
        print_rms("freq_rms", &frequencies, options->begin, end);
        free(frequencies.values);
    }
    if (options->has_event) {
        print_max("event_max", offsets, options->event, offsets->n);
        print_below(options, offsets);
    }
    printf("end %.6e\n", offsets->values[offsets->n - 1]);
}

static void
print_packets(const struct options *options, const struct packets *packets,
              size_t end)
{
    double last_s = -SILENT_S, hours;
    size_t n = 0;

    for (size_t i = 0; i < packets->n; i++) {
        const struct packet *packet = &packets->list[i];

        if (packet->from != options->nodes)
            continue;
        last_s = packet->t_s;
        n += packet->t_s >= (double)options->begin;
    }
    if (last_s < (double)end - SILENT_S)
        die(options->folder, "the client fell silent");
    hours = ((double)end - (double)options->begin) / 3600;
    if (hours > 0)
        printf("packets_h %.3f\n", (double)n / hours / (options->nodes - 1));
}

/* ---- what it said of itself ---- */

/* The raw clock starts with the simulation; when did it read this? */
static double
true_time_s(const struct series *raw, double raw_s)
{
    double t_s = 0, sum_s = 0;

    for (size_t i = 0; i < raw->n && sum_s + 1 + raw->values[i] <= raw_s; i++) {
        sum_s += 1 + raw->values[i];
        t_s += 1;
    }
    return t_s + (raw_s - sum_s);
}

static void
print_status(const struct options *options)
{
    static char text[1 << 20];
    static struct sg_status status;
    struct series raw = read_series(options->folder, "raw");
    FILE *file = open_log(options->folder, options->status);
    size_t len = fread(text, 1, sizeof text, file);
    const struct sg_raw zero = {0};
    const struct sg_wall start = {START_DATE * INT64_C(1000000000)};
    struct sg_model model;
    struct sg_err err;
    double t_s;

    fclose(file);
    if (sg_status_decode(text, len, &status, &err) < 0)
        die(options->folder, err.text);
    if (!status.clock.model.valid)
        die(options->folder, "the status knows no time");
    model = sg_model_at(&status.clock.model, status.published);
    t_s = true_time_s(&raw, sg_raw_diff(status.published, zero));
    printf("rest %.6e\n", sg_wall_diff(model.ref, start) - t_s);
    printf("error_s %.6e\n", model.error_s);
    printf("bound_s %.6e\n", fmax(model.upper_s, -model.lower_s));
    printf("decision %s\n", status.decision);
    free(raw.values);
}

/* ---- the particle filter ---- */

/* Offset and frequency of a clock that nobody corrects. */
struct particle {
    double offset_s, frequency;
};

struct kalman {
    struct particle mean;
    double var_offset, covariance, var_frequency;
};

struct bound {
    const struct options *options;
    struct series free_s, raw; /* the clock as if nobody had corrected it */
    struct kalman kalman;
    struct particle particles[PARTICLES];
    bool has_particles;
    double t_s; /* of the last exchange */
    double squares;
    size_t n;
};

static uint64_t random_state = 88172645463325252;

/* xorshift64*: in [0, 1). */
static double
random_uniform(void)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (double)(random_state * 0x2545f4914f6cdd1d >> 11) * 0x1p-53;
}

/* Marsaglia's polar method. */
static double
random_normal(void)
{
    static double spare;
    static bool has_spare;
    double u, v, s;

    has_spare = !has_spare;
    if (!has_spare)
        return spare;
    do {
        u = 2 * random_uniform() - 1;
        v = 2 * random_uniform() - 1;
        s = u * u + v * v;
    } while (s >= 1 || s == 0);
    s = sqrt(-2 * log(s) / s);
    spare = v * s;
    return u * s;
}

static void
kalman_move(struct kalman *k, double dt_s, double q)
{
    k->mean.offset_s += k->mean.frequency * dt_s;
    k->var_offset += 2 * k->covariance * dt_s + k->var_frequency * dt_s * dt_s +
                     q * pow(dt_s, 3) / 3;
    k->covariance += k->var_frequency * dt_s + q * dt_s * dt_s / 2;
    k->var_frequency += q * dt_s;
}

static void
kalman_see(struct kalman *k, double offset_s, double variance)
{
    double gain = k->var_offset / (k->var_offset + variance);
    double gain_frequency = k->covariance / (k->var_offset + variance);
    double innovation_s = offset_s - k->mean.offset_s;

    k->mean.offset_s += gain * innovation_s;
    k->mean.frequency += gain_frequency * innovation_s;
    k->var_frequency -= gain_frequency * k->covariance;
    k->var_offset *= 1 - gain;
    k->covariance *= 1 - gain;
}

static struct particle
kalman_draw(const struct kalman *k)
{
    double a = sqrt(k->var_offset), b = k->covariance / a;
    double c = sqrt(fmax(k->var_frequency - b * b, 0));
    double g = random_normal();

    return (struct particle){
        .offset_s = k->mean.offset_s + a * g,
        .frequency = k->mean.frequency + b * g + c * random_normal(),
    };
}

static double
free_offset_s(const struct bound *bound, double t_s)
{
    size_t i = (size_t)t_s;

    if (i >= bound->free_s.n)
        i = bound->free_s.n - 1;
    /* both are as long
     * NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult) */
    return bound->free_s.values[i] + bound->raw.values[i] * (t_s - (double)i);
}

/* Adds up how wrong the estimate was in the seconds since the last exchange. */
static void
tally(struct bound *bound, double until_s)
{
    struct particle mean = bound->kalman.mean;

    if (bound->t_s < (double)bound->options->begin)
        return;
    if (bound->has_particles) {
        mean = (struct particle){0};
        for (int i = 0; i < PARTICLES; i++) {
            mean.offset_s += bound->particles[i].offset_s / PARTICLES;
            mean.frequency += bound->particles[i].frequency / PARTICLES;
        }
    }
    for (size_t i = (size_t)bound->t_s + 1;
         i <= (size_t)until_s && i < bound->free_s.n; i++) {
        double error_s = mean.offset_s +
                         mean.frequency * ((double)i - bound->t_s) -
                         bound->free_s.values[i];

        bound->squares += error_s * error_s;
        bound->n++;
    }
}

/* Keeps of the first n of particles those that the exchange allows. */
static int
keep_inside(struct particle *particles, int n, double offset_s, double excess_s)
{
    int kept = 0;

    for (int i = 0; i < n; i++)
        if (fabs(particles[i].offset_s - offset_s) <= excess_s / 2)
            particles[kept++] = particles[i];
    return kept;
}

/* With queues that are exponential both ways, the error of an exchange is
 * uniform in half its excess delay to either side. */
static void
particles_see(struct bound *bound, double dt_s, double offset_s,
              double excess_s)
{
    static struct particle inside[PARTICLES];
    double q = bound->options->wander * bound->options->wander;
    int n;

    for (int i = 0; i < PARTICLES; i++) {
        struct particle particle = bound->particles[i];
        double change = sqrt(q * dt_s) * random_normal();

        particle.offset_s += (particle.frequency + change / 2) * dt_s +
                             sqrt(q * pow(dt_s, 3) / 12) * random_normal();
        particle.frequency += change;
        inside[i] = particle;
    }
    n = keep_inside(inside, PARTICLES, offset_s, excess_s);
    if (n < PARTICLES / 50 + 5) /* too few to tell: ask the Kalman filter */
        for (int i = 0; i < PARTICLES * 5 && n < PARTICLES / 4; i++) {
            inside[n] = kalman_draw(&bound->kalman);
            n += keep_inside(inside + n, 1, offset_s, excess_s);
        }
    if (n == 0)
        inside[n++] = bound->kalman.mean;
    for (int i = 0; i < PARTICLES; i++)
        bound->particles[i] = inside[(int)(random_uniform() * n)];
}

static void
bound_see(struct bound *bound, const struct exchange *exchange, size_t index)
{
    const struct options *options = bound->options;
    double dt_s = exchange->t_s - bound->t_s;
    double excess_s =
        fmax(exchange->up_s + exchange->down_s - 2 * options->delay_s, 1e-9);
    double offset_s = free_offset_s(bound, exchange->t_s) -
                      (exchange->up_s - exchange->down_s) / 2;

    tally(bound, exchange->t_s);
    kalman_move(&bound->kalman, dt_s, options->wander * options->wander);
    kalman_see(&bound->kalman, offset_s, excess_s * excess_s / 12);
    if (bound->has_particles) {
        particles_see(bound, dt_s, offset_s, excess_s);
    } else if (index >= PARTICLES_AFTER) {
        for (int i = 0; i < PARTICLES; i++)
            bound->particles[i] = kalman_draw(&bound->kalman);
        bound->has_particles = true;
    }
    bound->t_s = exchange->t_s;
}

/* Those of the client with its server, in *ret. */
static size_t
find_exchanges(const struct options *options, const struct packets *packets,
               struct exchange **ret)
{
    struct exchange exchange = {.t_s = -1};
    size_t n = 0;

    *ret = NULL;
    for (size_t i = 0; i < packets->n; i++) {
        const struct packet *packet = &packets->list[i];

        if (packet->delay_s <= 0)
            continue;
        if (packet->from == options->nodes) {
            exchange.t_s = packet->t_s;
            exchange.up_s = packet->delay_s;
        } else if (exchange.t_s >= 0) {
            exchange.t_s = packet->t_s + packet->delay_s;
            exchange.down_s = packet->delay_s;
            *ret = grow(*ret, n, sizeof **ret);
            (*ret)[n++] = exchange;
            exchange.t_s = -1;
        }
    }
    return n;
}

static int
compare(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static void
print_bound(const struct options *options, const struct packets *packets,
            double first_offset_s)
{
    static struct bound bound;
    struct series raw = read_series(options->folder, "raw");
    struct series free_s = read_series(options->folder, "raw");
    struct exchange *exchanges;
    size_t n = find_exchanges(options, packets, &exchanges);
    double rms[FILTERS];

    free_s.values[0] = first_offset_s;
    for (size_t i = 1; i < free_s.n; i++)
        /* both are read from one file, and so as long
         * NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult) */
        free_s.values[i] = free_s.values[i - 1] + raw.values[i - 1];
    for (int filter = 0; filter < FILTERS; filter++) {
        bound = (struct bound){
            .options = options,
            .free_s = free_s,
            .raw = raw,
            .kalman = {.var_offset = 1, .var_frequency = 1e-8},
        };
        for (size_t i = 0; i < n; i++)
            bound_see(&bound, &exchanges[i], i);
        if (bound.n == 0)
            die(options->folder, "too few exchanges");
        rms[filter] = sqrt(bound.squares / (double)bound.n);
    }
    qsort(rms, FILTERS, sizeof *rms, compare);
    printf("bound %.6e\n", rms[FILTERS / 2]);
    free(exchanges);
    free(raw.values);
    free(free_s.values);
}

static void
usage(void)
{
    fprintf(stderr, "usage: score -n NODES [-b BEGIN] [-e EVENT] [-t ERROR]"
                    " [-h HOLD] [-s STATUS] [-w WANDER -d DELAY] FOLDER\n");
    exit(2);
}

static struct options
read_options(int argc, char **argv)
{
    struct options ret = {.hold = 60, .below_s = 1e-3};
    int option;

    while ((option = getopt(argc, argv, "n:b:e:t:h:s:w:d:")) != -1) {
        switch (option) {
        case 'n':
            ret.nodes = atoi(optarg);
            break;
        case 'b':
            ret.begin = strtoul(optarg, NULL, 10);
            break;
        case 'e':
            ret.event = strtoul(optarg, NULL, 10);
            ret.has_event = true;
            break;
        case 't':
            ret.below_s = atof(optarg);
            break;
        case 'h':
            ret.hold = strtoul(optarg, NULL, 10);
            break;
        case 's':
            ret.status = optarg;
            break;
        case 'w':
            ret.wander = atof(optarg);
            break;
        case 'd':
            ret.delay_s = atof(optarg);
            break;
        default:
            usage();
        }
    }
    if (optind + 1 != argc || ret.nodes < 2)
        usage();
    ret.folder = argv[optind];
    return ret;
}

int
main(int argc, char **argv)
{
    struct options options = read_options(argc, argv);
    struct series offsets = read_series(options.folder, "off");
    struct packets packets = read_packets(options.folder);

    if (options.event >= offsets.n)
        die(options.folder, "the run ended before the event");
    print_clock(&options, &offsets);
    print_packets(&options, &packets, offsets.n);
    if (options.status)
        print_status(&options);
    if (options.wander > 0)
        print_bound(&options, &packets, offsets.values[0]);
    free(offsets.values);
    free(packets.list);
    return 0;
}

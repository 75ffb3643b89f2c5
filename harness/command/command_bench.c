/* `bench`: the speed of training steps and evaluation passes on this machine, next to the rate of
 * its own matrix product. One CSV row a case to stdout as it is measured; with -o also as a table and
 * a figure. */
#include <limits.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/bench_costs.h"
#include "bench/bench_report.h"
#include "bench/rate.h"
#include "command/command.h"
#include "core/log.h"
#include "kernels/gemm.h"
#include "launch/process.h"
#include "stack/stack.h"
#include "system/cputype.h"
#include "system/fs.h"
#include "tensor/parallel.h"
#include "text/nearest.h"

enum { MAX_NAMES = LX_NAMES, LONGEST = 1 << 20 };
static const char default_lengths[] =
    "128,256,512,1024,2048,4096,8192,16384"; /* unless others are given */

struct options {
    const char *workloads, *encodings, *stacks, *lengths, *train_lengths, *out, *one_case, *other,
        *rate;
    const char *products;
    int repeat, threads, side, pairs;
    double limit;
    bool no_plots, plain, processor;
};

#define AT(field) offsetof(struct options, field)

static const struct lx_option options[] = {
    {"workloads", LX_OPT_ARGUMENT, AT(workloads), 0, 0, 0, "LIST",
     "of tiny,small,long,eval8,eval32, or none (default: all)", 0},
    {"encodings", LX_OPT_ARGUMENT, AT(encodings), 0, 0, 0, "LIST",
     "or all (default: all for tiny, the first for the rest)", 0},
    {"stacks", LX_OPT_ARGUMENT, AT(stacks), 0, 0, 0, "JSON",
     "in place of --encodings: a list like a config's, a file with one, or all", 0},
    {"lengths", LX_OPT_ARGUMENT, AT(lengths), 0, 0, 0, "LIST",
     "evaluation lengths, or none (default: 128 to 16384)", 0},
    {"train-lengths", LX_OPT_ARGUMENT, AT(train_lengths), 0, 0, 0, "LIST",
     "training lengths, or none (default: none)", 0},
    {"repeat", LX_OPT_INT, AT(repeat), 5, 1, INT_MAX, "N",
     "the best of N passes counts (default: 5)", 0},
    {"seconds", LX_OPT_REAL, AT(limit), 2, 0, 1e9, "S",
     "start no further pass of a case after S seconds (default: 2)", 0},
    {"pairs", LX_OPT_INT, AT(pairs), 0, 1, 1000, "N",
     "what each stack costs beside the first, from N pairs of runs in turn, by processor time", 0},
    {"threads", LX_OPT_INT, AT(threads), 1, 1, INT_MAX, "N", "threads of a case (default: 1)", 0},
    {"out", LX_OPT_ARGUMENT, AT(out), 0, 0, 0, "DIR",
     "also write bench.csv, bench.md and a plot there", LX_OPT_LETTER('o')},
    {"no-plots", LX_OPT_BOOL, AT(no_plots), 0, 0, 0, NULL, "with -o: no pictures", 0},
    {"case", LX_OPT_ARGUMENT, AT(one_case), 0, 0, 0, "NAME", NULL, 0},
    {"other", LX_OPT_ARGUMENT, AT(other), 0, 0, 0, "CORE RATE", NULL, 0}, /* of other core types */
    {"rate", LX_OPT_ARGUMENT, AT(rate), 0, 0, 0, "SHAPE", NULL, 0}, /* of a second; see rate.h */
    {"side", LX_OPT_INT, AT(side), LX_YARDSTICK_SIDE, 16, 16384, "N", NULL, 0}, /* of the product */
    {"plain", LX_OPT_BOOL, AT(plain), 0, 0, 0, NULL, NULL, 0},
    {"processor", LX_OPT_BOOL, AT(processor), 0, 0, 0, NULL, NULL, 0}, /* seconds of it, no row */
    LX_COMMAND_PRODUCTS(AT(products)),
    {.type = LX_OPT_END},
};

struct list {
    const char *item[MAX_NAMES];
    int n;
};

/* "a,b,c" into names that live in the arena. */
static enum lx_code split(const char *text, const char *what, struct lx_arena *arena,
                          struct list *out, struct lx_err *err)
{
    out->n = 0;
    for (const char *p = text;; p++) {
        size_t n = strcspn(p, ",");

        if (n == 0)
            return lx_fail(err, LX_EUSAGE, "%s: must be names with commas between, got \"%.80s\"",
                           what, text);
        if (out->n == MAX_NAMES)
            return lx_fail(err, LX_EUSAGE, "%s: must be at most %d names", what, MAX_NAMES);
        out->item[out->n] = lx_arena_textn(arena, p, n);
        if (out->item[out->n++] == NULL)
            return lx_fail(err, LX_ENOMEM, "out of memory");
        p += n;
        if (*p == '\0')
            return LX_OK;
    }
}

/* The chosen encodings; without a choice all of them. */
static enum lx_code choose_encodings(const char *text, struct lx_arena *arena, struct list *out,
                                     struct lx_err *err)
{
    struct list known = {.n = 0};

    for (int i = 0; i < lx_encoding_count() && i < MAX_NAMES; i++)
        known.item[known.n++] = lx_encoding_at(i)->name;
    *out = known;
    if (text == NULL || strcmp(text, "all") == 0)
        return LX_OK;
    if (split(text, "--encodings", arena, out, err))
        return err->code;
    for (int i = 0; i < out->n; i++)
        if (lx_encoding_find(out->item[i]) == NULL)
            return lx_stack_unknown(out->item[i], "--encodings", LX_EUSAGE, err);
    return LX_OK;
}

/* What is measured, and whether it was chosen. */
struct subjects {
    struct lx_bench_stack *stack;
    size_t n;
    bool chosen;
};

static enum lx_code choose_stacks(const struct options *o, struct lx_arena *arena,
                                  struct subjects *out, struct lx_err *err)
{
    struct list names = {.n = 0};

    out->chosen = o->stacks != NULL || o->encodings != NULL;
    if (o->stacks != NULL && o->encodings != NULL)
        return lx_fail(err, LX_EUSAGE, "--stacks: must stand alone, got --encodings beside it");
    if (o->stacks != NULL)
        return lx_bench_stacks(o->stacks, arena, &out->stack, &out->n, err);
    if (choose_encodings(o->encodings, arena, &names, err) ||
        lx_arena_get(arena, (size_t)names.n, sizeof(*out->stack), &out->stack, "stacks", err))
        return err->code;
    for (int i = 0; i < names.n; i++)
        out->stack[i] = (struct lx_bench_stack){.id = names.item[i]};
    out->n = (size_t)names.n;
    return LX_OK;
}

static enum lx_code choose_workloads(const char *text, struct lx_arena *arena, struct list *out,
                                     struct lx_err *err)
{
    struct list known = {.n = 0};

    for (int i = 0; i < lx_bench_shape_count(); i++)
        known.item[known.n++] = lx_bench_shape_at(i)->name;
    *out = known;
    if (text == NULL)
        return LX_OK;
    out->n = 0;
    if (strcmp(text, "none") == 0)
        return LX_OK;
    if (split(text, "--workloads", arena, out, err))
        return err->code;
    for (int i = 0; i < out->n; i++)
        if (lx_bench_shape_find(out->item[i]) == NULL)
            return lx_fail_unknown(err, LX_EUSAGE, out->item[i], known.item, (size_t)known.n,
                                   "--workloads: unknown workload");
    return LX_OK;
}

/* Up to MAX_NAMES lengths from `text`; `what` is the option it was given to. */
static enum lx_code choose_lengths(const char *text, const char *what, struct lx_arena *arena,
                                   int *out, int *n, struct lx_err *err)
{
    struct list given = {.n = 0};

    *n = 0;
    if (strcmp(text, "none") == 0)
        return LX_OK;
    if (split(text, what, arena, &given, err))
        return err->code;
    for (int i = 0; i < given.n; i++) {
        if (lx_args_count(given.item[i], what, 2, &out[i], err))
            return err->code;
        if (out[i] > LONGEST)
            return lx_fail(err, LX_EUSAGE, "%s: must be at most %d, got %d", what, LONGEST, out[i]);
    }
    *n = given.n;
    return LX_OK;
}

struct bench {
    const struct options *o;
    char cpu[256];      /* model name */
    struct lx_buf rows; /* everything so far, with the header */
    struct lx_buf line;
    int n, failed;
};

/* A case that fails leaves a row without numbers and a message; the others still run. */
static enum lx_code run_case(struct bench *b, const struct lx_bench_case *c, struct lx_err *err)
{
    struct lx_bench_case one = *c;
    struct lx_err own;

    lx_progress(false, "bench: %s, %s, %d tokens", c->shape.name, c->stack.id, c->shape.length);
    lx_buf_clear(&b->line);
    b->n++;
    one.other = lx_yardstick_others(b->o->side);
    if (lx_bench_spawn(&one, &b->line, &own)) {
        if (own.code == LX_EINTERRUPT) {
            *err = own;
            return err->code;
        }
        lx_log_error(&own);
        lx_bench_row(c, NULL, &b->line);
        b->failed++;
    }
    if (lx_command_print(&b->line, err))
        return err->code;
    lx_buf_add(&b->rows, b->line.text);
    return LX_OK;
}

/* A workload under each stack that can do it; evaluation with and without attention statistics. */
static enum lx_code run_shape(struct bench *b, const struct lx_bench_shape *shape,
                              const struct subjects *all, bool both, struct lx_err *err)
{
    struct lx_bench_case c = {.shape = *shape,
                              .threads = b->o->threads,
                              .repeat = b->o->repeat,
                              .limit = b->o->limit,
                              .side = b->o->side};
    size_t n = all->n;

    /* Without a choice every scheme is measured once, in the first workload. */
    if (!all->chosen && strcmp(shape->name, lx_bench_shape_at(0)->name) != 0)
        n = 1;
    for (size_t i = 0; i < n; i++) {
        if (shape->training && all->stack[i].evaluated_only)
            continue;
        c.stack = all->stack[i];
        c.plain = false;
        if (run_case(b, &c, err))
            return err->code;
        c.plain = true;
        if (both && !shape->training && run_case(b, &c, err))
            return err->code;
    }
    return LX_OK;
}

static enum lx_code run_lengths(struct bench *b, const int *T, int n, bool training,
                                const struct subjects *all, struct lx_err *err)
{
    enum lx_code code = LX_OK;

    for (int i = 0; i < n && code == LX_OK; i++) {
        struct lx_bench_shape s = lx_bench_sweep(T[i], training);

        code = run_shape(b, &s, all, false, err);
    }
    return code;
}

/* What the stacks cost beside the first, in one workload. */
static enum lx_code run_pairs(struct bench *b, const struct lx_bench_shape *shape,
                              const struct subjects *all, struct lx_err *err)
{
    struct lx_bench_case c = {.shape = *shape,
                              .threads = b->o->threads,
                              .repeat = b->o->repeat,
                              .limit = b->o->limit,
                              .side = b->o->side};
    int n = b->o->pairs;

    for (size_t i = 1; i < all->n; i++) {
        struct lx_bench_cost cost;
        struct lx_err own;
        bool failed;

        if (shape->training && all->stack[i].evaluated_only)
            continue;
        c.stack = all->stack[i];
        lx_progress(false, "bench: %s, %s beside %s", shape->name, c.stack.id, all->stack[0].id);
        lx_buf_clear(&b->line);
        b->n++;
        failed = lx_bench_cost_measure(&c, &all->stack[0], n, &cost, &own) != LX_OK;
        if (failed && own.code == LX_EINTERRUPT) {
            *err = own;
            return err->code;
        }
        if (failed)
            lx_log_error(&own);
        b->failed += failed;
        lx_bench_cost_row(&c, &all->stack[0], n, failed ? NULL : &cost, &b->line);
        if (lx_command_print(&b->line, err))
            return err->code;
        lx_buf_add(&b->rows, b->line.text);
    }
    return LX_OK;
}

/* What is asked for: cases and the lengths of the two sweeps. */
struct request {
    struct subjects all;
    struct list work;
    int T[MAX_NAMES], n_T, train_T[MAX_NAMES], n_train;
};

static enum lx_code choose(const struct options *o, struct lx_arena *arena, struct request *r,
                           struct lx_err *err)
{
    *r = (struct request){.n_T = 0};
    if (o->pairs > 0 && (o->lengths != NULL || o->train_lengths != NULL))
        return lx_fail(err, LX_EUSAGE, "--pairs: must come with workloads, got lengths beside it");
    if (choose_stacks(o, arena, &r->all, err) ||
        choose_workloads(o->workloads == NULL && o->pairs > 0 ? "tiny,eval8" : o->workloads, arena,
                         &r->work, err) ||
        choose_lengths(o->lengths != NULL ? o->lengths
                       : o->pairs > 0     ? "none"
                                          : default_lengths,
                       "--lengths", arena, r->T, &r->n_T, err))
        return err->code;
    return o->train_lengths == NULL ? LX_OK
                                    : choose_lengths(o->train_lengths, "--train-lengths", arena,
                                                     r->train_T, &r->n_train, err);
}

static enum lx_code run_request(struct bench *b, const struct request *r, struct lx_err *err)
{
    if ((b->o->out != NULL && lx_fs_mkdir(b->o->out, err)) || lx_process_environment(err))
        return err->code;
    lx_buf_add(&b->rows, b->o->pairs > 0 ? lx_bench_costs_header : lx_bench_header);
    if (lx_command_print(&b->rows, err))
        return err->code;
    for (int i = 0; i < r->work.n && b->o->pairs > 0; i++)
        if (run_pairs(b, lx_bench_shape_find(r->work.item[i]), &r->all, err))
            return err->code;
    if (b->o->pairs > 0)
        return lx_buf_check(&b->rows, err);
    for (int i = 0; i < r->work.n; i++)
        if (run_shape(b, lx_bench_shape_find(r->work.item[i]), &r->all, true, err))
            return err->code;
    if (run_lengths(b, r->T, r->n_T, false, &r->all, err) ||
        run_lengths(b, r->train_T, r->n_train, true, &r->all, err))
        return err->code;
    return lx_buf_check(&b->rows, err);
}

static enum lx_code run_all(struct bench *b, struct lx_err *err)
{
    struct lx_arena arena = {0};
    struct request r;
    enum lx_code code = LX_OK;

    if (choose(b->o, &arena, &r, err) || run_request(b, &r, err))
        code = err->code;
    lx_arena_free(&arena);
    return code;
}

/* What -o asks for, made from the rows. */
static enum lx_code report(const struct bench *b, struct lx_err *err)
{
    const struct lx_bench_report_options o = {.no_plots = b->o->no_plots, .machine = b->cpu};

    return b->o->pairs > 0 ? lx_bench_costs_report(&b->rows, b->o->out, b->cpu, err)
                           : lx_bench_report(&b->rows, b->o->out, &o, err);
}

/* What the hidden form names: one stack, one workload, one length. */
static enum lx_code choose_case(const struct options *o, struct lx_arena *arena,
                                struct lx_bench_case *c, struct lx_err *err)
{
    const struct lx_bench_shape *known = lx_bench_shape_find(o->one_case);
    bool training = strcmp(o->one_case, LX_BENCH_TRAIN_SWEEP) == 0;
    struct subjects all = {.n = 0};
    int T = 0;

    if (choose_stacks(o, arena, &all, err))
        return err->code;
    if (all.stack == NULL || all.n != 1 || o->lengths == NULL ||
        (known == NULL && !training && strcmp(o->one_case, LX_BENCH_SWEEP) != 0))
        return lx_fail(err, LX_EUSAGE, "--case: must come with one workload, stack and length");
    if (lx_args_count(o->lengths, "--lengths", 2, &T, err))
        return err->code;
    c->stack = all.stack[0];
    c->shape = known != NULL ? *known : lx_bench_sweep(T, training);
    return LX_OK;
}

static enum lx_code run_yardstick(int side, struct lx_err *err)
{
    struct lx_buf line = {0};
    enum lx_code code = LX_OK;

    if (lx_yardstick_print(side, &line, err) || lx_command_print(&line, err))
        code = err->code;
    lx_buf_free(&line);
    return code;
}

/* The hidden form that lx_rate_probe starts. */
static enum lx_code run_rate(const struct options *o, struct lx_err *err)
{
    struct lx_arena arena = {0};
    struct subjects all = {.n = 0};
    struct lx_buf line = {0};
    enum lx_code code = LX_OK;

    if (choose_stacks(o, &arena, &all, err) || lx_gemm_setup(err) ||
        lx_rate_print(o->rate, &all.stack[0], &line, err) || lx_command_print(&line, err))
        code = err->code;
    lx_buf_free(&line);
    lx_arena_free(&arena);
    return code;
}

/* The hidden form that lx_bench_spawn starts. */
static enum lx_code run_one(const struct options *o, struct lx_err *err)
{
    struct lx_bench_case c = {.plain = o->plain,
                              .threads = o->threads,
                              .passes_only = o->processor,
                              .repeat = o->repeat,
                              .limit = o->limit,
                              .side = o->side};
    struct lx_arena arena = {0};
    struct lx_bench_result r;
    struct lx_buf row = {0};
    enum lx_code code = choose_case(o, &arena, &c, err);

    if (o->other == NULL || !lx_yardstick_read(o->other, &c.other))
        c.other = (struct lx_yardstick){.gflops = 0};
    lx_parallel_threads_set(o->threads);
    if (code != LX_OK || lx_gemm_setup(err) || lx_bench_measure(&c, &r, err)) {
        code = err->code;
    } else {
        if (o->processor)
            lx_buf_printf(&row, "%.9g\n", r.processor_seconds);
        else
            lx_bench_row(&c, &r, &row);
        code = lx_command_print(&row, err);
    }
    lx_buf_free(&row);
    lx_arena_free(&arena);
    return code;
}

static enum lx_code run(const void *given, int n, char **argv, struct lx_err *err)
{
    struct bench b = {.o = given};
    enum lx_code code = LX_OK;

    (void)argv;
    if (lx_command_arity(&lx_command_bench, n, 0, 0, err) ||
        lx_command_choose_products(b.o->products, err))
        return err->code;
    if (b.o->one_case != NULL && strcmp(b.o->one_case, LX_BENCH_YARDSTICK) == 0)
        return run_yardstick(b.o->side, err);
    if (b.o->rate != NULL)
        return run_rate(b.o, err);
    if (b.o->one_case != NULL)
        return run_one(b.o, err);
    if (lx_cputype_name(b.cpu, sizeof(b.cpu), err))
        return err->code;
    if (run_all(&b, err) || (b.o->out != NULL && report(&b, err)))
        code = err->code;
    else if (b.failed > 0)
        code = lx_fail(err, LX_EPARTIAL, "bench: %d of %d cases failed", b.failed, b.n);
    lx_buf_free(&b.rows);
    lx_buf_free(&b.line);
    return code;
}

const struct lx_command lx_command_bench = {
    .name = "bench",
    .usage = "[--workloads LIST] [--encodings LIST | --stacks JSON] [--lengths LIST] "
             "[--train-lengths LIST] [-o DIR]",
    .help = "measure speed and memory of training and evaluation on this machine; CSV to stdout",
    .more =
        "workloads   layers  d_model  heads  length  sequences\n"
        "  tiny           4      128      4     128         32   training step\n"
        "  small          6      256      8     256         16   training step\n"
        "  long           4      128      4     512          8   training step\n"
        "  eval8          4      128      4    1024          4   evaluation\n"
        "  eval32         4      128      4    4096          1   evaluation\n"
        "  length         4      128      4       T    4096/T    evaluation, for each of "
        "--lengths\n"
        "  train_length   4      128      4       T    4096/T    training step, for each of "
        "--train-lengths\n"
        "A training step is forward, loss, backward, clipping and AdamW. An evaluation pass gives\n"
        "the loss of every token and the entropy of every row of attention (mode full); mode\n"
        "no_statistics leaves the entropy out. Every case runs on one core, unless --threads says\n"
        "otherwise, in a process of its own. sgemm_gflops is the rate of a product of 2048 x 2048\n"
        "matrices, on one core, by the faster of OpenBLAS's core types, just before and after;\n"
        "peak_gflops is that of multiply-adds in registers.\n"
        "--stacks takes the \"encodings\" of a config: the list itself, a file with it, or a "
        "config.\n"
        "--stacks all are all schemes and schedules there are. --pairs compares stacks with the "
        "first:\n"
        "processor time of a pass, least of --repeat, in N pairs of runs; tiny and eval8 unless\n"
        "--workloads says otherwise; with -o costs.csv and costs.md.\n"
        "Those of evaluate_as are evaluated, not trained. Where a window hides keys, the "
        "operations\n"
        "that it saves are not counted in gflops.\n"
        "A case that fails leaves its numbers empty; the status is then 4.\n",
    .options = options,
    .options_size = sizeof(struct options),
    .run = run,
};

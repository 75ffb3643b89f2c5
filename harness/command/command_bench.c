/* `bench`: the speed of training steps and evaluation passes on this machine, next to the rate of
 * its own matrix product. One CSV row a case to stdout as it is measured; with -o also as a table and
 * a figure. */
#include <string.h>

#include "bench/bench.h"
#include "bench/bench_report.h"
#include "command/command.h"
#include "core/log.h"
#include "launch/process.h"
#include "system/cputype.h"
#include "system/fs.h"
#include "tensor/gemm.h"
#include "tensor/parallel.h"

enum { MAX_NAMES = 256, LONGEST = 1 << 20 };
static const char LENGTHS[] = "128,256,512,1024,2048,4096,8192,16384"; /* unless others are given */

static const char *workloads, *encodings, *stacks, *lengths, *train_lengths, *out_dir, *one_case;
static int repeat = 5, limit = 2, threads = 1;
static bool no_plots, plain;

static const struct lx_arg args[] = {
    {"workloads", 0, LX_ARG_TEXT, &workloads, "LIST",
     "of tiny,small,long,eval8,eval32, or none (default: all)", 0},
    {"encodings", 0, LX_ARG_TEXT, &encodings, "LIST",
     "or all (default: all for tiny, the first for the rest)", 0},
    {"stacks", 0, LX_ARG_TEXT, &stacks, "JSON",
     "in place of --encodings: a list like a config's, or a file with one", 0},
    {"lengths", 0, LX_ARG_TEXT, &lengths, "LIST",
     "evaluation lengths, or none (default: 128 to 16384)", 0},
    {"train-lengths", 0, LX_ARG_TEXT, &train_lengths, "LIST",
     "training lengths, or none (default: none)", 0},
    {"repeat", 0, LX_ARG_COUNT, &repeat, "N", "the best of N passes counts (default: 5)", 1},
    {"seconds", 0, LX_ARG_COUNT, &limit, "S",
     "start no further pass of a case after S seconds (default: 2)", 1},
    {"threads", 0, LX_ARG_COUNT, &threads, "N", "threads of a case (default: 1)", 1},
    {"out", 'o', LX_ARG_TEXT, &out_dir, "DIR", "also write bench.csv, bench.md and a plot there",
     0},
    {"no-plots", 0, LX_ARG_FLAG, &no_plots, NULL, "with -o: no pictures", 0},
    {"case", 0, LX_ARG_TEXT, &one_case, "NAME", NULL, 0}, /* one row, measured in this process */
    {"plain", 0, LX_ARG_FLAG, &plain, NULL, NULL, 0},     /* without attention statistics */
    {.type = LX_ARG_END},
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

static enum lx_code unknown(const char *what, const char *kind, const char *got,
                            const struct list *known, struct lx_err *err)
{
    const char *near = lx_nearest(got, known->item, (size_t)known->n);

    if (near != NULL)
        return lx_fail(err, LX_EUSAGE, "%s: unknown %s \"%.80s\" (did you mean \"%s\"?)", what,
                       kind, got, near);
    return lx_fail(err, LX_EUSAGE, "%s: unknown %s \"%.80s\"", what, kind, got);
}

/* The chosen encodings; without a choice all of them. */
static enum lx_code choose_encodings(struct lx_arena *arena, struct list *out, struct lx_err *err)
{
    struct list known = {.n = 0};

    for (int i = 0; i < lx_encoding_count() && i < MAX_NAMES; i++)
        known.item[known.n++] = lx_encoding_at(i)->name;
    *out = known;
    if (encodings == NULL || strcmp(encodings, "all") == 0)
        return LX_OK;
    if (split(encodings, "--encodings", arena, out, err))
        return err->code;
    for (int i = 0; i < out->n; i++)
        if (lx_encoding_find(out->item[i]) == NULL)
            return unknown("--encodings", "encoding", out->item[i], &known, err);
    return LX_OK;
}

/* What is measured, and whether it was chosen. */
struct subjects {
    struct lx_bench_stack *stack;
    size_t n;
    bool chosen;
};

static enum lx_code choose_stacks(struct lx_arena *arena, struct subjects *out, struct lx_err *err)
{
    struct list names = {.n = 0};

    out->chosen = stacks != NULL || encodings != NULL;
    if (stacks != NULL && encodings != NULL)
        return lx_fail(err, LX_EUSAGE, "--stacks: must stand alone, got --encodings beside it");
    if (stacks != NULL)
        return lx_bench_stacks(stacks, arena, &out->stack, &out->n, err);
    if (choose_encodings(arena, &names, err) ||
        lx_arena_get(arena, (size_t)names.n, sizeof(*out->stack), &out->stack, "stacks", err))
        return err->code;
    for (int i = 0; i < names.n; i++)
        out->stack[i] = (struct lx_bench_stack){.id = names.item[i]};
    out->n = (size_t)names.n;
    return LX_OK;
}

static enum lx_code choose_workloads(struct lx_arena *arena, struct list *out, struct lx_err *err)
{
    struct list known = {.n = 0};

    for (int i = 0; i < lx_bench_shape_count(); i++)
        known.item[known.n++] = lx_bench_shape_at(i)->name;
    *out = known;
    if (workloads == NULL)
        return LX_OK;
    out->n = 0;
    if (strcmp(workloads, "none") == 0)
        return LX_OK;
    if (split(workloads, "--workloads", arena, out, err))
        return err->code;
    for (int i = 0; i < out->n; i++)
        if (lx_bench_shape_find(out->item[i]) == NULL)
            return unknown("--workloads", "workload", out->item[i], &known, err);
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
    struct lx_buf rows; /* everything so far, with the header */
    struct lx_buf line;
    int n, failed;
};

/* A case that fails leaves a row without numbers and a message; the others still run. */
static enum lx_code run_case(struct bench *b, const struct lx_bench_case *c, struct lx_err *err)
{
    struct lx_err own;
    enum lx_code code;

    lx_progress(false, "bench: %s, %s, %d tokens", c->shape.name, c->stack.id, c->shape.length);
    lx_buf_clear(&b->line);
    b->n++;
    if (lx_bench_spawn(c, &b->line, &own)) {
        lx_log_error(&own);
        lx_bench_row(c, NULL, &b->line);
        b->failed++;
    }
    code = lx_command_print(&b->line, err);
    if (code == LX_OK)
        lx_buf_add(&b->rows, b->line.text);
    return code;
}

/* A workload under each stack that can do it; evaluation with and without attention statistics. */
static enum lx_code run_shape(struct bench *b, const struct lx_bench_shape *shape,
                              const struct subjects *all, bool both, struct lx_err *err)
{
    struct lx_bench_case c = {
        .shape = *shape, .threads = threads, .repeat = repeat, .limit = limit};
    size_t n = all->n;
    enum lx_code code = LX_OK;

    /* Without a choice every scheme is measured once, in the first workload. */
    if (!all->chosen && strcmp(shape->name, lx_bench_shape_at(0)->name) != 0)
        n = 1;
    for (size_t i = 0; i < n && code == LX_OK; i++) {
        if (shape->training && all->stack[i].evaluated_only)
            continue;
        c.stack = all->stack[i];
        c.plain = false;
        code = run_case(b, &c, err);
        c.plain = true;
        if (code == LX_OK && both && !shape->training)
            code = run_case(b, &c, err);
    }
    return code;
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

static enum lx_code run_all(struct bench *b, struct lx_err *err)
{
    struct lx_arena arena = {0};
    struct subjects all = {.n = 0};
    struct list work = {.n = 0};
    int T[MAX_NAMES], n_T = 0, train_T[MAX_NAMES], n_train = 0;
    enum lx_code code = choose_stacks(&arena, &all, err);

    if (code == LX_OK)
        code = choose_workloads(&arena, &work, err);
    if (code == LX_OK)
        code =
            choose_lengths(lengths != NULL ? lengths : LENGTHS, "--lengths", &arena, T, &n_T, err);
    if (code == LX_OK && train_lengths != NULL)
        code = choose_lengths(train_lengths, "--train-lengths", &arena, train_T, &n_train, err);
    if (code == LX_OK && out_dir != NULL)
        code = lx_fs_mkdir(out_dir, err);
    if (code == LX_OK)
        code = lx_process_environment(err);
    lx_buf_add(&b->rows, lx_bench_header);
    if (code == LX_OK)
        code = lx_command_print(&b->rows, err);
    for (int i = 0; code == LX_OK && i < work.n; i++)
        code = run_shape(b, lx_bench_shape_find(work.item[i]), &all, true, err);
    if (code == LX_OK)
        code = run_lengths(b, T, n_T, false, &all, err);
    if (code == LX_OK)
        code = run_lengths(b, train_T, n_train, true, &all, err);
    lx_arena_free(&arena);
    return code == LX_OK ? lx_buf_check(&b->rows, err) : code;
}

/* What -o asks for, made from the rows. */
static enum lx_code report(const struct bench *b, struct lx_err *err)
{
    struct lx_bench_report_options o = {.no_plots = no_plots};
    char cpu[256];

    lx_cputype_name(cpu, sizeof(cpu));
    o.machine = cpu;
    return lx_bench_report(&b->rows, out_dir, &o, err);
}

/* What the hidden form names: one stack, one workload, one length. */
static enum lx_code choose_case(struct lx_arena *arena, struct lx_bench_case *c, struct lx_err *err)
{
    const struct lx_bench_shape *known = lx_bench_shape_find(one_case);
    bool training = strcmp(one_case, LX_BENCH_TRAIN_SWEEP) == 0;
    struct subjects all = {.n = 0};
    int T = 0;

    if (choose_stacks(arena, &all, err))
        return err->code;
    if (all.stack == NULL || all.n != 1 || lengths == NULL ||
        (known == NULL && !training && strcmp(one_case, LX_BENCH_SWEEP) != 0))
        return lx_fail(err, LX_EUSAGE, "--case: must come with one workload, stack and length");
    if (lx_args_count(lengths, "--lengths", 2, &T, err))
        return err->code;
    c->stack = all.stack[0];
    c->shape = known != NULL ? *known : lx_bench_sweep(T, training);
    return LX_OK;
}

/* The hidden form that lx_bench_spawn starts. */
static enum lx_code run_one(struct lx_err *err)
{
    struct lx_bench_case c = {.plain = plain, .threads = threads, .repeat = repeat, .limit = limit};
    struct lx_arena arena = {0};
    struct lx_bench_result r;
    struct lx_buf row = {0};
    enum lx_code code = choose_case(&arena, &c, err);

    lx_parallel_threads_set(threads);
    if (code == LX_OK)
        code = lx_gemm_setup(err);
    if (code == LX_OK)
        code = lx_bench_measure(&c, &r, err);
    if (code == LX_OK) {
        lx_bench_row(&c, &r, &row);
        code = lx_command_print(&row, err);
    }
    lx_buf_free(&row);
    lx_arena_free(&arena);
    return code;
}

static enum lx_code run(int n, char **argv, struct lx_err *err)
{
    struct bench b = {.n = 0};
    enum lx_code code = lx_command_arity(&lx_command_bench, n, 0, 0, err);

    (void)argv;
    if (code != LX_OK)
        return code;
    if (one_case != NULL)
        return run_one(err);
    code = run_all(&b, err);
    if (code == LX_OK && out_dir != NULL)
        code = report(&b, err);
    if (code == LX_OK && b.failed > 0)
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
        "matrices, on one core, just before and after.\n"
        "--stacks takes the \"encodings\" of a config: the list itself, a file with it, or a "
        "config.\n"
        "Those of evaluate_as are evaluated, not trained. Where a window hides keys, the "
        "operations\n"
        "that it saves are not counted in gflops.\n"
        "A case that fails leaves its numbers empty; the status is then 4.\n",
    .args = args,
    .run = run,
};

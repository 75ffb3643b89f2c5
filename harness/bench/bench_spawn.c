/* A case in a process of its own: this program again, with the case on its command line and its row
 * read from its stdout. Nothing large is ever allocated in the process that starts it, because on
 * Linux a new process begins with the peak of the one it was started from. */
#include <stdio.h>
#include <string.h>

#include "bench/bench.h"
#include "process/child.h"

/* The row, if the process ended well and said one whole line. */
static enum lx_code take_row(const struct lx_child *child, struct lx_buf *row, struct lx_err *err)
{
    const struct lx_buf *said = &child->out;

    if (child->status > 128)
        return lx_fail(err, LX_EFAILED, "ended by signal %d", child->status - 128);
    if (child->status != 0)
        return lx_fail(err, LX_EFAILED, "ended with status %d", child->status);
    if (said->len == 0 || strchr(said->text, '\n') != said->text + said->len - 1)
        return lx_fail(err, LX_EFAILED, "printed no row");
    lx_buf_add(row, said->text);
    return LX_OK;
}

/* The option that names the stack: a scheme, or a list of the one stack. */
static void add_stack(const struct lx_bench_stack *s, struct lx_buf *out)
{
    if (s->schemes == NULL)
        lx_buf_printf(out, "--encodings=%s", s->id);
    else
        lx_buf_printf(out, "--stacks=[{\"id\":\"%s\",\"stack\":%s}]", s->id, s->schemes);
}

/* What the process that measures the case prints; free the child, after a failure too. */
static enum lx_code run_child(const struct lx_bench_case *c, struct lx_child *child,
                              struct lx_err *err)
{
    char shape[64], length[32], repeat[32], limit[32], threads[32], side[32], other[96];
    struct lx_buf stack = {0};

    *child = (struct lx_child){.status = 0};
    add_stack(&c->stack, &stack);
    if (lx_buf_check(&stack, err)) {
        lx_buf_free(&stack);
        return err->code;
    }
    (void)snprintf(shape, sizeof(shape), "--case=%s", c->shape.name);
    (void)snprintf(length, sizeof(length), "--lengths=%d", c->shape.length);
    (void)snprintf(repeat, sizeof(repeat), "--repeat=%d", c->repeat);
    (void)snprintf(threads, sizeof(threads), "--threads=%d", c->threads);
    (void)snprintf(limit, sizeof(limit), "--seconds=%.9g", c->limit);
    (void)snprintf(side, sizeof(side), "--side=%d", c->side);
    (void)snprintf(other, sizeof(other), "--other=%s %.1f", c->other.core, c->other.gflops);
    const char *const argv[] = {"longshot",
                                "bench",
                                shape,
                                stack.text,
                                length,
                                repeat,
                                limit,
                                threads,
                                side,
                                c->passes_only ? "--processor" : other,
                                c->plain ? "--plain" : NULL,
                                NULL};
    const struct lx_child_spec spec = {
        .argv = argv, .self = true, .our_errors = true, .most = 65536};

    err->code = lx_child_run(&spec, child, err);
    lx_buf_free(&stack);
    return err->code;
}

static enum lx_code name_case(const struct lx_bench_case *c, struct lx_err *err)
{
    return err->code == LX_OK ? LX_OK
                              : lx_wrap(err, "bench: %s, %s, %d tokens", c->shape.name, c->stack.id,
                                        c->shape.length);
}

enum lx_code lx_bench_spawn(const struct lx_bench_case *c, struct lx_buf *row, struct lx_err *err)
{
    struct lx_child child;

    if (run_child(c, &child, err) == LX_OK)
        err->code = take_row(&child, row, err);
    lx_child_free(&child);
    return name_case(c, err);
}

enum lx_code lx_bench_spawn_processor(const struct lx_bench_case *c, double *seconds,
                                      struct lx_err *err)
{
    struct lx_bench_case only = *c;
    struct lx_buf line = {0};
    struct lx_child child;

    only.passes_only = true;
    if (run_child(&only, &child, err) == LX_OK)
        err->code = take_row(&child, &line, err);
    if (err->code == LX_OK && (sscanf(line.text, "%lf", seconds) != 1 || !(*seconds > 0)))
        (void)lx_fail(err, LX_EFAILED, "printed no time");
    lx_child_free(&child);
    lx_buf_free(&line);
    return name_case(c, err);
}

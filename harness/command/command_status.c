/* `status`: what is done, running, failed, stopped and left in a results folder, and how long it may
 * take. It only reads, so it may be asked at any time, from any machine that sees the folder. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "command/command.h"
#include "core/log.h"
#include "experiment/plan_file.h"
#include "json/json.h"
#include "process/procfs.h"
#include "results/stale.h"
#include "store/cell_files.h"
#include "store/heartbeat.h"
#include "store/lock.h"
#include "store/store.h"
#include "store/training.h"
#include "system/fs.h"
#include "text/csvfile.h"

#define SIGN_OF_LIFE 600.0 /* seconds: a cell of another machine that wrote later than that runs */

struct options {
    bool as_json;
};

#define AT(field) offsetof(struct options, field)

static const struct lx_option options[] = {
    {"json", LX_OPT_BOOL, AT(as_json), 0, 0, 0, NULL,
     "one JSON object, with every cell, for other programs", 0},
    {.type = LX_OPT_END},
};

enum cell_state { TO_DO, RUNNING, STOPPED, FAILED, BROKEN, DONE, N_STATES };
static const char *const state_names[N_STATES] = {"to do",  "running", "stopped",
                                                  "failed", "broken",  "done"};

struct tally {
    const char *dir;
    struct lx_arena arena;
    struct lx_buf lines;         /* of the cells that are worth one */
    struct lx_json_writer *json; /* NULL: text */
    size_t n, of[N_STATES];
    size_t packed, of_weights[LX_WEIGHTS_BROKEN + 1]; /* of cells that are done */
    double seconds, flops_done;                       /* the same */
    double flops_left, rate;                          /* rate: of those that run */
    enum lx_stale stale;
};

/* One cell, as it was found. */
struct found {
    enum cell_state state;
    const struct lx_json *cell;
    const char *id, *cause;
    bool packed; /* done, and known from cells/ID.csv.gz alone */
    double seconds;
    struct lx_training training; /* if it is done here */
    bool is_live;                /* v is filled */
    struct lx_heartbeat_view v;
    long holder;
};

/* What a cell says in run.csv. */
static double seconds_of(struct tally *t, const struct lx_buf *run)
{
    struct lx_csv csv;
    struct lx_err err;
    int column;

    if (lx_csv_parse(run->text, run->len, "run.csv", &t->arena, &csv, &err) != LX_OK ||
        csv.n_rows != 1)
        return 0.0;
    column = lx_csv_column(&csv, "seconds");
    return column < 0 ? 0.0 : strtod(lx_csv_at(&csv, 0, (size_t)column), NULL);
}

static const char *read_text(struct tally *t, const char *path)
{
    struct lx_buf text = {0};
    struct lx_err err;
    const char *out = NULL;

    if (lx_fs_exists(path) && lx_fs_read(path, &text, &err) == LX_OK)
        out = lx_arena_text(&t->arena, text.text);
    lx_buf_free(&text);
    return out;
}

/* Whether the cell is run by a process that holds no lock, as `cell` does. */
static bool is_heard_of(const struct found *f)
{
    char state;

    if (!f->is_live || strcmp(f->v.state, "interrupted") == 0)
        return false;
    if (!f->v.is_of_here)
        return f->v.age < SIGN_OF_LIFE;
    state = lx_process_state(f->v.process);
    return state != 0 && state != 'Z';
}

/* What the files of a cell say. */
static enum lx_code look(struct tally *t, struct found *f, struct lx_err *err)
{
    const char *lock, *error, *live, *train_id = lx_json_text(lx_json_find(f->cell, "train_id"));
    struct lx_cell_files files;
    struct lx_err why;

    if (lx_store_work(t->dir, f->id, LX_LOCK_FILE, &t->arena, &lock, err) ||
        lx_store_work(t->dir, f->id, LX_ERROR_FILE, &t->arena, &error, err) ||
        lx_store_work(t->dir, f->id, LX_HEARTBEAT_FILE, &t->arena, &live, err))
        return err->code;
    f->holder = lx_lock_holder(lock);
    f->is_live = lx_heartbeat_read(live, &f->v);
    f->cause = read_text(t, error);
    if (lx_cell_read(t->dir, f->id, &files, &why) != LX_OK) {
        f->state = BROKEN;
        f->cause = lx_arena_text(&t->arena, why.text);
    } else if (files.done) {
        f->state = DONE;
        f->packed = files.packed;
        f->seconds = seconds_of(t, &files.text[LX_CELL_RUN]);
        f->cause = files.note[0] != '\0' ? lx_arena_text(&t->arena, files.note) : NULL;
        if (!f->packed && train_id != NULL)
            lx_training_check(t->dir, train_id, &f->training);
    } else if (f->holder != 0 || is_heard_of(f)) {
        f->state = RUNNING;
    } else if (f->cause != NULL) {
        f->state = FAILED;
    } else {
        f->state = f->is_live ? STOPPED : TO_DO;
    }
    lx_cell_free(&files);
    return LX_OK;
}

static void describe_live(struct tally *t, const struct found *f)
{
    const struct lx_heartbeat_view *v = &f->v;
    char age[32];

    if (!f->is_live) {
        lx_buf_printf(&t->lines, " (process %ld)", f->holder);
        return;
    }
    lx_log_duration(v->age, age);
    lx_buf_printf(&t->lines, ": %.0f%%", 100.0 * v->done);
    if (strcmp(v->state, "evaluating") == 0)
        lx_buf_add(&t->lines, ", evaluating");
    else if (v->steps > 0)
        lx_buf_printf(&t->lines, ", step %d of %d", v->step, v->steps);
    if (isfinite(v->nll))
        lx_buf_printf(&t->lines, ", nll %.3f", v->nll);
    if (f->state == RUNNING)
        lx_buf_printf(&t->lines, " (process %ld on %s)", v->process, v->host);
    else if (strcmp(v->state, "interrupted") == 0)
        lx_buf_printf(&t->lines, ", interrupted %s ago", age);
    else
        lx_buf_printf(&t->lines, ", its process on %s is gone, last heard of %s ago", v->host, age);
}

/* Whether a cell that is done is worth a line: its rows or its weights are not as they should be. */
static bool has_a_word(const struct found *f)
{
    return f->state == DONE && (f->cause != NULL || (!f->packed && f->training.note[0] != '\0'));
}

static void add_line(struct tally *t, const struct found *f)
{
    lx_buf_printf(&t->lines, "%-7s %s %s %s seed %.0f", state_names[f->state], f->id,
                  lx_json_text(lx_json_find(f->cell, "encoding")),
                  lx_json_text(lx_json_find(f->cell, "dataset")),
                  lx_json_number(lx_json_find(f->cell, "seed")));
    if (f->state == RUNNING || f->state == STOPPED)
        describe_live(t, f);
    else if (f->state == DONE && f->cause == NULL)
        lx_buf_printf(&t->lines, ", weights %s: %s", lx_weights_names[f->training.weights],
                      f->training.note);
    else
        lx_buf_printf(&t->lines, ": %s", f->cause != NULL ? f->cause : "");
    lx_buf_add(&t->lines, "\n");
}

static void add_object(struct tally *t, const struct found *f)
{
    struct lx_json_writer *w = t->json;
    static const char *const kept[] = {"encoding", "dataset", "seed"};

    lx_json_open_object(w, NULL);
    lx_json_add_text(w, "id", f->id);
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
        lx_json_add_value(w, kept[i], lx_json_find(f->cell, kept[i]));
    lx_json_add_text(w, "state", f->state == TO_DO ? "to_do" : state_names[f->state]);
    lx_json_add_number(w, "part", f->state == DONE ? 1.0 : f->is_live ? f->v.done : 0.0);
    if (f->state == DONE)
        lx_json_add_text(w, "weights",
                         f->packed ? "elsewhere" : lx_weights_names[f->training.weights]);
    if (f->cause != NULL && (f->state == FAILED || f->state == BROKEN))
        lx_json_add_text(w, "cause", f->cause);
    if (f->is_live && f->state != DONE) {
        lx_json_add_text(w, "host", f->v.host);
        lx_json_add_int(w, "process", f->v.process);
        lx_json_add_int(w, "step", f->v.step);
        lx_json_add_int(w, "steps", f->v.steps);
        if (isfinite(f->v.nll))
            lx_json_add_number(w, "nll", f->v.nll);
        lx_json_add_number(w, "silent_seconds", f->v.age);
    }
    lx_json_close_object(w);
}

static enum lx_code visit(void *ctx, const struct lx_json *cell, struct lx_err *err)
{
    struct tally *t = ctx;
    struct found f = {.cell = cell, .id = lx_json_text(lx_json_find(cell, "id"))};
    double flops = lx_json_number(lx_json_find(cell, "flops"));

    if (look(t, &f, err))
        return err->code;
    t->n++;
    t->of[f.state]++;
    if (f.state == DONE) {
        t->seconds += f.seconds;
        t->flops_done += flops;
        t->packed += f.packed;
        if (!f.packed)
            t->of_weights[f.training.weights]++;
    } else if (f.state != FAILED) {
        t->flops_left += flops * (f.is_live ? 1.0 - f.v.done : 1.0);
        t->rate += f.state == RUNNING && f.is_live ? f.v.rate : 0.0;
    }
    if (t->json != NULL)
        add_object(t, &f);
    else if ((f.state != DONE && f.state != TO_DO) || has_a_word(&f))
        add_line(t, &f);
    return LX_OK;
}

/* Seconds that the rest takes if it goes on as now; NaN: nobody knows. */
static double time_left(const struct tally *t)
{
    if (t->of[RUNNING] == 0)
        return t->flops_left > 0.0 ? (double)NAN : 0.0;
    if (t->rate > 0.0)
        return t->flops_left / t->rate;
    if (t->flops_done <= 0.0)
        return (double)NAN;
    return t->seconds / t->flops_done * t->flops_left / (double)t->of[RUNNING];
}

static void write_text(const struct tally *t, struct lx_buf *out)
{
    size_t to_do = t->of[TO_DO] + t->of[STOPPED] + t->of[BROKEN];
    const char *stale = lx_stale_line(t->stale);
    double seconds = time_left(t);
    char left[32];

    lx_buf_printf(out, "%zu cells: %zu done, %zu running, %zu failed, %zu to do", t->n, t->of[DONE],
                  t->of[RUNNING], t->of[FAILED], to_do);
    if (t->of[RUNNING] > 0) {
        lx_log_duration(seconds, left);
        lx_buf_printf(out, "; about %s left", left);
    }
    lx_buf_printf(out, "\n%s", t->lines.text != NULL ? t->lines.text : "");
    if (t->packed > 0)
        lx_buf_printf(out, "%zu done by their rows in cells/*.csv.gz, without weights\n",
                      t->packed);
    if (t->of_weights[LX_WEIGHTS_MISSING] + t->of_weights[LX_WEIGHTS_BROKEN] > 0)
        lx_buf_printf(out,
                      "weights of %zu cells are not there: trained again only when something needs "
                      "them\n",
                      t->of_weights[LX_WEIGHTS_MISSING] + t->of_weights[LX_WEIGHTS_BROKEN]);
    if (t->of[RUNNING] == 0 && to_do > 0)
        lx_buf_add(out, "nothing is running: the command that began it goes on from here\n");
    if (stale != NULL)
        lx_buf_printf(out, LX_STALE_FILE ": %s\n", stale);
}

static void write_counts(struct tally *t)
{
    struct lx_json_writer *w = t->json;
    double seconds = time_left(t);
    const char *stale = lx_stale_line(t->stale);

    lx_json_open_object(w, "count");
    lx_json_add_int(w, "cells", (long long)t->n);
    for (int i = 0; i < N_STATES; i++)
        lx_json_add_int(w, i == TO_DO ? "to_do" : state_names[i], (long long)t->of[i]);
    lx_json_close_object(w);
    if (isfinite(seconds))
        lx_json_add_number(w, "seconds_left", seconds);
    if (stale != NULL)
        lx_json_add_text(w, "stale", stale);
}

static enum lx_code show(struct tally *t, bool as_json, struct lx_buf *out, struct lx_err *err)
{
    struct lx_json_writer w = {.out = out, .indent = true};

    if (as_json) {
        t->json = &w;
        lx_json_open_object(&w, NULL);
        lx_json_open_array(&w, "cells");
    }
    if (lx_plan_visit(t->dir, visit, t, err) || lx_stale_read(t->dir, &t->stale, err))
        return err->code;
    if (as_json) {
        lx_json_close_array(&w);
        write_counts(t);
        lx_json_close_object(&w);
        lx_buf_add(out, "\n");
    } else {
        write_text(t, out);
    }
    if (lx_buf_check(&t->lines, err))
        return err->code;
    /* JSON escapes on its own */
    return as_json ? lx_command_print(out, err) : lx_command_show(out, err);
}

static enum lx_code run(const void *given, int n, char **argv, struct lx_err *err)
{
    const struct options *o = given;
    struct tally t = {0};
    struct lx_buf out = {0};
    enum lx_code code;

    if (lx_command_arity(&lx_command_status, n, 1, 1, err))
        return err->code;
    t.dir = argv[0];
    code = show(&t, o->as_json, &out, err);
    lx_buf_free(&out);
    lx_buf_free(&t.lines);
    lx_arena_free(&t.arena);
    return code;
}

const struct lx_command lx_command_status = {
    .name = "status",
    .usage = "DIR [--json]",
    .help = "show what is done, running, failed and left in a results folder",
    .more = "It only reads: ask at any time, from any shell or machine that sees the folder.\n"
            "running: with its progress and loss. stopped: interrupted or killed on the way, to be "
            "gone on\nwith. failed: with the cause. broken: finished, but its files were changed "
            "since; run makes it again.\n",
    .options = options,
    .options_size = sizeof(struct options),
    .run = run,
};

/* Telling how a cell gets on; see heartbeat.h. */
#include "store/heartbeat.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/log.h"
#include "system/fs.h"
#include "system/interrupt.h"
#include "text/json.h"

#define SAY_INTERVAL 0.2 /* seconds between lines to the supervisor */

bool lx_heartbeat_stopped(const struct lx_heartbeat *l)
{
    return lx_interrupted() || l->broken_pipe;
}

/* Operations done so far, whoever did them. */
static double work_of(const struct lx_heartbeat *l)
{
    double trained = l->evaluating ? 1.0 : l->steps > 0 ? (double)l->step / l->steps : 0.0;

    return trained * l->train_flops + l->evaluated * l->eval_flops;
}

/* It is a courtesy: where it cannot be written, the cell goes on. */
static void write_file(struct lx_heartbeat *l, const char *state)
{
    struct lx_buf text = {0};
    struct lx_json_writer w = {.out = &text};
    double seconds = lx_clock() - l->began, total = l->train_flops + l->eval_flops;
    struct lx_err err;
    char host[LX_HOST_SIZE];

    if (l->path == NULL)
        return;
    lx_fs_host(host);
    lx_json_open_object(&w, NULL);
    lx_json_add_text(&w, "state", state);
    lx_json_add_text(&w, "host", host);
    lx_json_add_int(&w, "process", (long long)getpid());
    lx_json_add_number(&w, "done", total > 0.0 ? work_of(l) / total : 0.0);
    lx_json_add_int(&w, "step", l->step);
    lx_json_add_int(&w, "steps", l->steps);
    if (isfinite(l->nll))
        lx_json_add_number(&w, "nll", l->nll);
    if (seconds > 0.0)
        lx_json_add_number(&w, "rate", (work_of(l) - l->base) / seconds);
    lx_json_close_object(&w);
    lx_buf_add(&text, "\n");
    if (!text.failed)
        (void)!lx_fs_replace(l->path, text.text, text.len, &err);
    lx_buf_free(&text);
}

static void tell(struct lx_heartbeat *l, const char *line)
{
    char text[160];
    int n = snprintf(text, sizeof(text), "%s\n", line);

    if (n > 0 && (size_t)n < sizeof(text) && write(l->fd, text, (size_t)n) < 0 && errno == EPIPE)
        l->broken_pipe = true;
}

static void write_line(const struct lx_heartbeat *l, char *out, size_t size)
{
    if (l->evaluating)
        (void)snprintf(out, size, "eval %.3f", l->evaluated);
    else
        (void)snprintf(out, size, "train %d %d %.4f", l->step, l->steps, l->nll);
}

/* A line for the supervisor, or a progress line for a person. */
static bool say(struct lx_heartbeat *l, bool force)
{
    double now = lx_clock();
    char line[96];

    if (!l->begun) {
        l->begun = true;
        l->began = now;
        l->base = work_of(l);
        force = true;
    }
    if (lx_heartbeat_stopped(l))
        return false;
    if (force ||
        now - l->written >= (l->fd < 0 ? LX_HEARTBEAT_FAR_SECONDS : LX_HEARTBEAT_SECONDS)) {
        l->written = now;
        write_file(l, l->evaluating ? "evaluating" : "training");
    }
    write_line(l, line, sizeof(line));
    if (l->fd < 0) {
        if (l->evaluating || isfinite(l->nll))
            lx_progress(false, "%s seed %llu: %s", l->label, l->seed, line);
        return true;
    }
    if (!force && now - l->said < SAY_INTERVAL)
        return true;
    l->said = now;
    tell(l, line);
    return !l->broken_pipe;
}

bool lx_heartbeat_train(struct lx_heartbeat *l, int step, int steps, double nll, bool force)
{
    l->evaluating = false;
    l->step = step;
    l->steps = steps;
    l->nll = nll;
    return say(l, force);
}

bool lx_heartbeat_eval(struct lx_heartbeat *l, double part, bool force)
{
    l->evaluating = true;
    l->evaluated = part;
    return say(l, force);
}

void lx_heartbeat_end(struct lx_heartbeat *l, bool resumable)
{
    struct lx_err err;

    if (l->path == NULL || !l->begun)
        return;
    if (resumable) {
        char line[96];

        write_line(l, line, sizeof(line));
        write_file(l, "interrupted");
        if (l->fd >= 0)
            tell(l, line); /* how far it got: to be compared with where the next one gets */
    } else {
        (void)!lx_fs_remove(l->path, &err);
    }
}

static void copy_text(const struct lx_json *doc, const char *key, char *out, size_t size)
{
    const char *text = lx_json_text(lx_json_find(doc, key));

    (void)snprintf(out, size, "%s", text != NULL ? text : "");
}

/* A fraction or rate of a file that anyone may have changed. */
static double number_of(const struct lx_json *doc, const char *key, double most)
{
    double v = lx_json_number(lx_json_find(doc, key));

    return v >= 0.0 && v <= most ? v : 0.0;
}

bool lx_heartbeat_read(const char *path, struct lx_heartbeat_view *v)
{
    struct lx_json *doc = NULL;
    struct lx_err err;
    struct stat st;
    char here[LX_HOST_SIZE];

    *v = (struct lx_heartbeat_view){.nll = (double)NAN};
    if (stat(path, &st) != 0 || lx_json_read(path, &doc, &err) != LX_OK)
        return false;
    copy_text(doc, "host", v->host, sizeof(v->host));
    copy_text(doc, "state", v->state, sizeof(v->state));
    lx_fs_host(here);
    v->is_of_here = strcmp(here, v->host) == 0;
    v->process = (long)number_of(doc, "process", 1e9);
    v->done = number_of(doc, "done", 1.0);
    v->rate = number_of(doc, "rate", 1e18);
    v->step = (int)number_of(doc, "step", 2e9);
    v->steps = (int)number_of(doc, "steps", 2e9);
    if (lx_json_find(doc, "nll") != NULL)
        v->nll = lx_json_number(lx_json_find(doc, "nll"));
    v->age = difftime(time(NULL), st.st_mtime);
    v->age = v->age > 0.0 ? v->age : 0.0;
    lx_json_free(doc);
    return true;
}

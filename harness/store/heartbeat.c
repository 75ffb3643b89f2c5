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
#include "json/json.h"
#include "process/interrupt.h"
#include "process/owner.h"
#include "system/fs.h"

#define SAY_INTERVAL 0.2 /* seconds between lines to the supervisor */

bool lx_heartbeat_stopped(const struct lx_heartbeat *h)
{
    return lx_interrupted() || h->broken_pipe;
}

/* Operations done so far, whoever did them. */
static double work_of(const struct lx_heartbeat *h)
{
    double trained = h->evaluating ? 1.0 : h->steps > 0 ? (double)h->step / h->steps : 0.0;

    return trained * h->train_flops + h->evaluated * h->eval_flops;
}

/* It is a courtesy: where it cannot be written, the cell goes on. */
static void write_file(struct lx_heartbeat *h, const char *state)
{
    struct lx_buf text = {0};
    struct lx_json_writer w = {.out = &text};
    double seconds = lx_clock() - h->began, total = h->train_flops + h->eval_flops;
    struct lx_err err;
    char host[LX_HOST_SIZE], owner[LX_OWNER_SIZE];

    if (h->path == NULL)
        return;
    lx_host(host);
    lx_owner(owner);
    lx_json_open_object(&w, NULL);
    lx_json_add_text(&w, "state", state);
    lx_json_add_text(&w, "host", host);
    lx_json_add_text(&w, "owner", owner);
    lx_json_add_int(&w, "process", (long long)getpid());
    lx_json_add_number(&w, "done", total > 0.0 ? work_of(h) / total : 0.0);
    lx_json_add_int(&w, "step", h->step);
    lx_json_add_int(&w, "steps", h->steps);
    if (isfinite(h->nll))
        lx_json_add_number(&w, "nll", h->nll);
    if (seconds > 0.0)
        lx_json_add_number(&w, "rate", (work_of(h) - h->base) / seconds);
    lx_json_close_object(&w);
    lx_buf_add(&text, "\n");
    if (!text.failed)
        (void)!lx_fs_replace(h->path, text.text, text.len, &err);
    lx_buf_free(&text);
}

static void tell(struct lx_heartbeat *h, const char *line)
{
    char text[160];
    int n = snprintf(text, sizeof(text), "%s\n", line);

    if (n > 0 && (size_t)n < sizeof(text) && write(h->fd, text, (size_t)n) < 0 && errno == EPIPE)
        h->broken_pipe = true;
}

static void write_line(const struct lx_heartbeat *h, char *out, size_t size)
{
    if (h->evaluating)
        (void)snprintf(out, size, "eval %.3f", h->evaluated);
    else
        (void)snprintf(out, size, "train %d %d %.4f", h->step, h->steps, h->nll);
}

/* A line for the supervisor, or a progress line for a person. */
static bool say(struct lx_heartbeat *h, bool force)
{
    double now = lx_clock();
    char line[96];

    if (!h->begun) {
        h->begun = true;
        h->began = now;
        h->base = work_of(h);
        force = true;
    }
    if (lx_heartbeat_stopped(h))
        return false;
    if (force ||
        now - h->written >= (h->fd < 0 ? LX_HEARTBEAT_FAR_SECONDS : LX_HEARTBEAT_SECONDS)) {
        h->written = now;
        write_file(h, h->evaluating ? "evaluating" : "training");
    }
    write_line(h, line, sizeof(line));
    if (h->fd < 0) {
        if (h->evaluating || isfinite(h->nll))
            lx_progress(false, "%s seed %llu: %s", h->label, h->seed, line);
        return true;
    }
    if (!force && now - h->said < SAY_INTERVAL)
        return true;
    h->said = now;
    tell(h, line);
    return !h->broken_pipe;
}

bool lx_heartbeat_train(struct lx_heartbeat *h, int step, int steps, double nll, bool force)
{
    h->evaluating = false;
    h->step = step;
    h->steps = steps;
    h->nll = nll;
    return say(h, force);
}

bool lx_heartbeat_eval(struct lx_heartbeat *h, double fraction, bool force)
{
    h->evaluating = true;
    h->evaluated = fraction;
    return say(h, force);
}

void lx_heartbeat_held(struct lx_heartbeat *h, long process)
{
    char line[32];

    (void)snprintf(line, sizeof(line), "held %ld", process);
    if (h->fd >= 0)
        tell(h, line);
}

void lx_heartbeat_end(struct lx_heartbeat *h, bool resumable)
{
    struct lx_err err;

    if (h->path == NULL || !h->begun)
        return;
    if (resumable) {
        char line[96];

        write_line(h, line, sizeof(line));
        write_file(h, "interrupted");
        if (h->fd >= 0)
            tell(h, line); /* how far it got: to be compared with where the next one gets */
    } else {
        (void)!lx_fs_remove(h->path, &err);
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
    char here[LX_OWNER_SIZE];
    const char *owner;

    *v = (struct lx_heartbeat_view){.nll = (double)NAN};
    if (stat(path, &st) != 0 || lx_json_read(path, &doc, &err) != LX_OK)
        return false;
    copy_text(doc, "host", v->host, sizeof(v->host));
    copy_text(doc, "state", v->state, sizeof(v->state));
    lx_owner(here);
    owner = lx_json_text(lx_json_find(doc, "owner"));
    v->is_of_here = owner != NULL && strcmp(here, owner) == 0;
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

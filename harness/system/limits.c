/* Memory and processors of this process; see limits.h. */
#define _GNU_SOURCE /* sched_getaffinity */

#include "system/limits.h"

#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/buf.h"
#include "system/fs.h"

/* One kind of control group: where it is mounted, and the files that say something. */
struct controller {
    const char *name; /* in /proc/self/cgroup; "": version 2 */
    const char *mount;
    const char *limit, *usage, *cached; /* files of bytes, and the line of memory.stat */
    const char *quota, *period;         /* microseconds; period NULL: in the file of the quota */
};

static const struct controller memory_1 = {.name = "memory",
                                           .mount = "/sys/fs/cgroup/memory",
                                           .limit = "memory.limit_in_bytes",
                                           .usage = "memory.usage_in_bytes",
                                           .cached = "total_inactive_file "};
static const struct controller cpu_1 = {.name = "cpu",
                                        .mount = "/sys/fs/cgroup/cpu",
                                        .quota = "cpu.cfs_quota_us",
                                        .period = "cpu.cfs_period_us"};
static const struct controller version_2 = {.name = "",
                                            .mount = "/sys/fs/cgroup",
                                            .limit = "memory.max",
                                            .usage = "memory.current",
                                            .cached = "inactive_file ",
                                            .quota = "cpu.max"};

static bool read_text(const char *root, const char *folder, const char *file, struct lx_buf *out)
{
    struct lx_buf path = {0};
    struct lx_err ignored;
    bool ok;

    lx_buf_printf(&path, "%s%s/%s", root, folder, file);
    ok = lx_buf_check(&path, &ignored) == LX_OK && lx_fs_exists(path.text) &&
         lx_fs_read(path.text, out, &ignored) == LX_OK;
    lx_buf_free(&path);
    return ok;
}

/* The number behind `key` at the beginning of a line of a file ("": the file begins with it); false: there
 * is none, as in "max". */
static bool read_number(const char *root, const char *folder, const char *file, const char *key,
                        double *out)
{
    struct lx_buf text = {0};
    bool found = false;

    if (read_text(root, folder, file, &text))
        for (const char *p = text.text; *p != '\0' && !found; p += *p == '\n') {
            char *end;

            if (strncmp(p, key, strlen(key)) == 0) {
                *out = strtod(p + strlen(key), &end);
                found = end > p + strlen(key);
            }
            p += strcspn(p, "\n");
        }
    lx_buf_free(&text);
    return found;
}

/* Whether "a,b" has the word. */
static bool names(const char *list, size_t n, const char *word)
{
    size_t len = strlen(word);

    for (const char *p = list; p < list + n;) {
        size_t here = strcspn(p, ",:");

        if (here == len && strncmp(p, word, len) == 0)
            return true;
        p += here + 1;
    }
    return false;
}

/* The group of a controller, from lines "NUMBER:CONTROLLERS:PATH". */
static bool find_group(const char *root, const struct controller *c, struct lx_buf *out)
{
    struct lx_buf text = {0};
    bool found = false;

    if (read_text(root, "/proc/self", "cgroup", &text))
        for (const char *p = text.text; *p != '\0' && !found; p += *p == '\n') {
            size_t n = strcspn(p, "\n");
            const char *list = memchr(p, ':', n);
            const char *path =
                list != NULL ? memchr(list + 1, ':', n - (size_t)(list + 1 - p)) : NULL;

            if (path != NULL) {
                size_t len = (size_t)(path - list - 1);

                found = c->name[0] == '\0' ? len == 0 : names(list + 1, len, c->name);
                if (found)
                    lx_buf_addn(out, path + 1, n - (size_t)(path + 1 - p));
            }
            p += n;
        }
    lx_buf_free(&text);
    return found && !out->failed;
}

/* "/a/b" to "/a", "/a" to ""; false: there is nothing above. */
static bool parent(struct lx_buf *group)
{
    char *slash = group->text != NULL ? strrchr(group->text, '/') : NULL;

    if (slash == NULL)
        return false;
    *slash = '\0';
    return true;
}

/* The least of what `get` finds in the group of a controller and in those above it. A container may see
 * itself as the top one, under the path that its host has for it: so the top is always asked. */
static double least(const char *root, const struct controller *c,
                    bool (*get)(const char *root, const struct controller *c, const char *folder,
                                double *out),
                    double most)
{
    struct lx_buf group = {0}, folder = {0};
    double value;

    for (bool more = find_group(root, c, &group); more; more = parent(&group)) {
        lx_buf_clear(&folder);
        lx_buf_printf(&folder, "%s%s", c->mount, group.text);
        if (!folder.failed && get(root, c, folder.text, &value) && value < most)
            most = value;
    }
    lx_buf_free(&group);
    lx_buf_free(&folder);
    return most;
}

static bool get_memory(const char *root, const struct controller *c, const char *folder,
                       double *out)
{
    double limit, usage, cached = 0.0;

    if (!read_number(root, folder, c->limit, "", &limit) ||
        !read_number(root, folder, c->usage, "", &usage))
        return false;
    (void)read_number(root, folder, "memory.stat", c->cached, &cached);
    *out = limit - (usage - cached);
    return true;
}

static bool get_cpus(const char *root, const struct controller *c, const char *folder, double *out)
{
    double quota, period;

    if (c->period == NULL) {
        struct lx_buf text = {0};
        bool ok = read_text(root, folder, c->quota, &text);
        char *end = text.text;

        quota = ok ? strtod(text.text, &end) : 0.0;
        period = ok ? strtod(end, NULL) : 0.0; /* 0: there is no number, as in "max 100000" */
        lx_buf_free(&text);
    } else if (!read_number(root, folder, c->quota, "", &quota) ||
               !read_number(root, folder, c->period, "", &period)) {
        return false;
    }
    if (!(quota > 0.0 && period > 0.0)) /* version 1 says -1 for none */
        return false;
    *out = quota / period;
    return true;
}

size_t lx_limits_memory(const char *root)
{
    const double unknown = 1e18;
    double kib, bytes = unknown;

    if (read_number(root, "/proc", "meminfo", "MemAvailable:", &kib))
        bytes = kib * 1024.0;
    bytes = least(root, &memory_1, get_memory, bytes);
    bytes = least(root, &version_2, get_memory, bytes);
    if (bytes >= unknown)
        return 0;
    return bytes > 1.0 ? (size_t)bytes : 1;
}

static double affinity(void)
{
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0)
        return CPU_COUNT(&set);
    return online > 0 ? (double)online : 1.0; /* more of them than the set can hold */
}

int lx_limits_cpus(const char *root)
{
    double cpus = affinity();
    int whole;

    cpus = least(root, &cpu_1, get_cpus, cpus);
    cpus = least(root, &version_2, get_cpus, cpus);
    whole = (int)cpus;
    return whole + (cpus > whole);
}

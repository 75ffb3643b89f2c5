/* "Did you mean", of a file that is not there: the first part of its path that is missing is looked for
 * in the folder that should hold it. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/arena.h"
#include "text/nearest.h"

#define MOST_PATH 1024

static bool is_there(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0;
}

/* Names in a folder, as many as suggestions are made of. */
static size_t list_folder(const char *folder, struct lx_arena *arena, const char **names)
{
    DIR *d = opendir(folder);
    const struct dirent *e;
    size_t n = 0;

    if (d == NULL)
        return 0;
    while (n < LX_NAMES && (e = readdir(d)) != NULL) {
        const char *name = e->d_name[0] != '.' ? lx_arena_text(arena, e->d_name) : NULL;

        if (name != NULL)
            names[n++] = name;
    }
    (void)closedir(d);
    return n;
}

/* Where the first missing part of path begins and how long it is. */
static const char *missing_part(const char *path, size_t *n)
{
    char so_far[MOST_PATH];

    for (const char *p = path; *p != '\0';) {
        const char *part = p + strspn(p, "/");

        *n = strcspn(part, "/");
        p = part + *n;
        (void)snprintf(so_far, sizeof(so_far), "%.*s", (int)(p - path), path);
        if (*n > 0 && !is_there(so_far))
            return part;
    }
    return NULL;
}

/* The path with its first missing part replaced by the nearest name; false: none is near. */
static bool mend(char path[MOST_PATH])
{
    const char *names[LX_NAMES], *near;
    char folder[MOST_PATH], wanted[MOST_PATH], rest[MOST_PATH];
    struct lx_arena arena = {0};
    size_t n, count;
    const char *part = missing_part(path, &n);
    bool fits = false;

    if (part == NULL)
        return false;
    (void)snprintf(folder, sizeof(folder), "%.*s", (int)(part - path), path);
    (void)snprintf(wanted, sizeof(wanted), "%.*s", (int)n, part);
    (void)snprintf(rest, sizeof(rest), "%s", part + n);
    count = list_folder(folder[0] != '\0' ? folder : ".", &arena, names);
    near = lx_nearest(wanted, names, count);
    if (near != NULL && strlen(folder) + strlen(near) + strlen(rest) < MOST_PATH)
        fits = snprintf(path, MOST_PATH, "%s%s%s", folder, near, rest) > 0;
    lx_arena_free(&arena);
    return fits;
}

void lx_hint_file(struct lx_err *err, const char *path)
{
    char found[MOST_PATH];

    if (err->hint[0] != '\0' || strlen(path) >= sizeof(found))
        return;
    (void)snprintf(found, sizeof(found), "%s", path);
    for (int parts = 0; parts < 16 && !is_there(found); parts++)
        if (!mend(found))
            return;
    if (is_there(found) && strcmp(found, path) != 0)
        (void)lx_hint(err, "did you mean \"%.200s\"?", found);
}

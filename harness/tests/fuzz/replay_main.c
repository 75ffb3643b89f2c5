/* Runs stored inputs through a fuzz target with a plain compiler; prints TAP.
 *
 * Arguments are files or folders of files. Without arguments the folder is harness/tests/fuzz/corpus/X
 * for a program named fuzz_X. Each input is copied to a block of its exact size, so that a sanitizer
 * sees any read behind it. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/buf.h"
#include "system/fs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct replay {
    const char *folder;
    int n, failed;
    struct lx_err err;
};

static void run_file(struct replay *r, const char *path)
{
    struct lx_buf text = {0};
    uint8_t *copy = NULL;
    bool ok = lx_fs_read(path, &text, &r->err) == LX_OK;

    if (ok) {
        copy = malloc(text.len > 0 ? text.len : 1);
        ok = copy != NULL;
    }
    if (copy != NULL) {
        memcpy(copy, text.text, text.len);
        (void)LLVMFuzzerTestOneInput(copy, text.len);
    }
    r->n++;
    r->failed += ok ? 0 : 1;
    printf("%s %d - %s\n", ok ? "ok" : "not ok", r->n, path);
    (void)fflush(stdout);
    free(copy);
    lx_buf_free(&text);
}

static enum lx_code visit(void *ctx, const char *name)
{
    struct replay *r = ctx;
    char path[1024];

    (void)snprintf(path, sizeof(path), "%s/%s", r->folder, name);
    run_file(r, path);
    return LX_OK;
}

static void run_path(struct replay *r, const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) {
        run_file(r, path);
        return;
    }
    r->folder = path;
    if (lx_fs_list(path, visit, r, &r->err) != LX_OK)
        r->failed++;
}

int main(int argc, char **argv)
{
    struct replay r = {0};
    const char *name = strstr(argv[0], "fuzz_");
    char folder[256];

    for (int i = 1; i < argc; i++)
        run_path(&r, argv[i]);
    if (argc == 1 && name != NULL) {
        (void)snprintf(folder, sizeof(folder), "harness/tests/fuzz/corpus/%s",
                       name + strlen("fuzz_"));
        run_path(&r, folder);
    }
    printf("1..%d\n", r.n > 0 ? r.n : 1); /* no input is a failure: the plan is short by one */
    return r.failed == 0 && r.n > 0 ? 0 : 1;
}

/* Fuzz target: any bytes as a checkpoint of `probe`: header, config, stack and arrays, and with weights
 * that fit a forward pass, in every other input a backward pass too. */
#define _XOPEN_SOURCE 700

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe/probe.h"
#include "system/fs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[64], in[96], text[96], out[96];

static void remove_folder(void)
{
    struct lx_err err;

    (void)!lx_fs_remove_folder(folder, &err);
}

static void make_folder(void)
{
    struct lx_err err;

    (void)snprintf(folder, sizeof(folder), "%s/lx-fuzz-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (mkdtemp(folder) == NULL)
        abort();
    (void)snprintf(in, sizeof(in), "%s/m.safetensors", folder);
    (void)snprintf(text, sizeof(text), "%s/text", folder);
    (void)snprintf(out, sizeof(out), "%s/p.safetensors", folder);
    if (lx_fs_replace(text, "to be or not to b", 17, &err) != LX_OK)
        abort();
    (void)atexit(remove_folder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lx_err err = {0};

    if (folder[0] == '\0')
        make_folder();
    if (lx_fs_replace(in, data, size, &err) != LX_OK)
        abort();
    const struct lx_probe_options o = {.checkpoint = in,
                                       .tokens = text,
                                       .out = out,
                                       .grad = (size & 1) != 0,
                                       .memory_limit = (size_t)1 << 24};

    if (lx_probe_run(&o, &err) != LX_OK && err.text[0] == '\0')
        abort();
    return 0;
}

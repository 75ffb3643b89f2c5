/* `verify`: is a results folder as it was written, and could it be made again here? */
#include "command/command.h"
#include "core/provenance.h"
#include "json/json.h"
#include "kernels/gemm.h"
#include "kernels/product.h"
#include "kernels/simd.h"
#include "record/verify.h"
#include "system/cputype.h"

struct options {
    bool json, exact;
};

#define AT(field) offsetof(struct options, field)

static const struct lx_option options[] = {
    {"exact", LX_OPT_BOOL, AT(exact), 0, 0, 0, NULL,
     "another program, processor or kernel fails, too: the bytes would be others", 0},
    {"json", LX_OPT_BOOL, AT(json), 0, 0, 0, NULL, "for programs", 0},
    {.type = LX_OPT_END},
};

static const char *bytes_of(const struct lx_verify *v)
{
    if (v->count[LX_VERIFY_MISSING] + v->count[LX_VERIFY_DIFFERS] > 0)
        return "unknown";
    return v->count[LX_VERIFY_OTHER] > 0 ? "within the intervals" : "same";
}

static void write_text(const struct lx_verify *v, struct lx_buf *out)
{
    for (size_t i = 0; i < v->n; i++)
        lx_buf_printf(out, "%-8s %s: %s\n", lx_verify_names[v->line[i].state], v->line[i].what,
                      v->line[i].text);
}

static void write_json(const char *dir, const struct lx_verify *v, struct lx_buf *out)
{
    struct lx_json_writer w = {.out = out, .indent = true};

    lx_json_open_object(&w, NULL);
    lx_json_add_text(&w, "folder", dir);
    lx_json_add_bool(&w, "reproducible",
                     v->count[LX_VERIFY_MISSING] + v->count[LX_VERIFY_DIFFERS] == 0);
    lx_json_add_text(&w, "bytes", bytes_of(v));
    lx_json_open_array(&w, "checks");
    for (size_t i = 0; i < v->n; i++) {
        lx_json_open_object(&w, NULL);
        lx_json_add_text(&w, "state", lx_verify_names[v->line[i].state]);
        lx_json_add_text(&w, "what", v->line[i].what);
        lx_json_add_text(&w, "text", v->line[i].text);
        lx_json_close_object(&w);
    }
    lx_json_close_array(&w);
    lx_json_close_object(&w);
    lx_buf_add(out, "\n");
}

static enum lx_code judge(const char *dir, const struct lx_verify *v, bool exact,
                          struct lx_err *err)
{
    size_t other = exact ? v->count[LX_VERIFY_OTHER] : 0;

    if (v->count[LX_VERIFY_MISSING] + v->count[LX_VERIFY_DIFFERS] + other == 0)
        return LX_OK;
    return lx_fail(err, LX_EREGRESSION, "%s: %zu missing, %zu different%s", dir,
                   v->count[LX_VERIFY_MISSING], v->count[LX_VERIFY_DIFFERS] + other,
                   exact ? ", others included" : "");
}

static enum lx_code run(const void *given, int n, char **argv, struct lx_err *err)
{
    const struct options *o = given;
    struct lx_verify v = {.n = 0};
    struct lx_buf out = {0};
    char cpu[256];
    struct lx_verify_program here = {.version = LX_VERSION, .commit = lx_build_commit, .cpu = cpu};
    enum lx_code code = LX_OK;

    if (lx_command_arity(&lx_command_verify, n, 1, 1, err) || lx_gemm_setup(err) ||
        lx_cputype_name(cpu, sizeof(cpu), err))
        return err->code;
    here.blas_core = lx_products_core();
    here.simd = lx_simd()->name;
    if (lx_verify(&v, argv[0], &here, err)) {
        code = err->code;
    } else {
        if (o->json)
            write_json(argv[0], &v, &out);
        else
            write_text(&v, &out);
        code = lx_command_show(&out, err) ? err->code : judge(argv[0], &v, o->exact, err);
    }
    lx_buf_free(&out);
    lx_arena_free(&v.arena);
    return code;
}

const struct lx_command lx_command_verify = {
    .name = "verify",
    .usage = "DIR [--exact] [--json]",
    .help = "is a results folder as it was written, and can it be made again here?",
    .more =
        "A line for each of: texts (there, with the sums of the study), plan (config.json gives "
        "the same\ncells), cells and tables (as they were written), program, kernels and machine "
        "(the same: the\nsame bytes; other ones: the same within the intervals), registration.\n"
        "Exit status: 0 it is, 3 something is missing or differs.\n",
    .options = options,
    .options_size = sizeof(struct options),
    .computes = true,
    .run = run,
};

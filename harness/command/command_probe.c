/* `probe`: tensors of one forward (and backward) pass of a checkpoint. */
#include "command/command.h"
#include "config/config.h"
#include "kernels/gemm.h"
#include "probe/probe.h"
#include "record/checkpoint_name.h"
#include "system/limits.h"

struct options {
    size_t memory;
    const char *tokens, *out, *stack;
    const char *products;
    int precision;
    bool grad, attention;
};

#define AT(field) offsetof(struct options, field)

static const struct lx_option options[] = {
    {"tokens", LX_OPT_ARGUMENT, AT(tokens), 0, 0, 0, "FILE",
     "safetensors with `tokens` I32 [B, T+1], or a text file (bytes), gzip too", 0},
    {"out", LX_OPT_ARGUMENT, AT(out), 0, 0, 0, "FILE", "safetensors to write", LX_OPT_LETTER('o')},
    {"grad", LX_OPT_BOOL, AT(grad), 0, 0, 0, NULL,
     "also gradients of the mean NLL, and input_grad_share", 0},
    {"attention", LX_OPT_BOOL, AT(attention), 0, 0, 0, NULL, "also attention [B, L, H, T, T]", 0},
    {"stack", LX_OPT_ARGUMENT, AT(stack), 0, 0, 0, "STACK",
     "schemes to use in place of the trained ones: rope+alibi, or JSON", 0},
    LX_COMMAND_PRODUCTS(AT(products)),
    {"precision", LX_OPT_CHOICE, AT(precision), LX_FLOAT32, 0, 0, LX_PRECISION_NAMES,
     "what linear layers and the head multiply (default: float32)", 0},
    {"memory", LX_OPT_BYTES, AT(memory), 0, 0, 0, "BYTES",
     "most memory for the results, as 2G (default: half of what is available)", 0},
    {.type = LX_OPT_END},
};

static enum lx_code run(const void *given, int n, char **argv, struct lx_err *err)
{
    const struct options *own = given;
    struct lx_probe_options o = {.tokens = own->tokens,
                                 .out = own->out,
                                 .grad = own->grad,
                                 .attention = own->attention,
                                 .precision = own->precision,
                                 .memory_limit =
                                     own->memory != 0 ? own->memory : lx_limits_memory("") / 2};
    struct lx_arena arena = {0};
    enum lx_code code = LX_OK;

    if (lx_command_arity(&lx_command_probe, n, 1, 1, err) ||
        lx_command_choose_products(own->products, err) ||
        lx_precision_check("--precision", own->precision, err) ||
        lx_config_stack_text(own->stack, "--stack", &arena, &o.stack_json, err) ||
        ((o.tokens == NULL || o.out == NULL) &&
         lx_fail(err, LX_EUSAGE, "probe: must have --tokens FILE and --out FILE")) ||
        lx_gemm_setup(err) || lx_checkpoint_named(argv[0], &arena, &o.checkpoint, err) ||
        lx_probe_run(&o, err))
        code = err->code;
    lx_arena_free(&arena);
    return code;
}

const struct lx_command lx_command_probe = {
    .name = "probe",
    .usage = "CHECKPOINT --tokens FILE --out OUT.safetensors [--grad] [--attention]",
    .help = "write logits, losses, entropies and gradients of a checkpoint",
    .more = "CHECKPOINT is a file, or DIR:ENCODING/SEED of a results folder.\n"
            "Written: logits [B,T,V], nll [B,T], entropy and max_prob [B,L,H,T]; with --grad\n"
            "grad.NAME of every array and input_grad_share [B,T]. Lets other implementations be\n"
            "compared with this one.\n",
    .options = options,
    .options_size = sizeof(struct options),
    .computes = true,
    .run = run,
};

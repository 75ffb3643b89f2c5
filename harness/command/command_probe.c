/* `probe`: tensors of one forward (and backward) pass of a checkpoint. */
#include "command/command.h"
#include "eval/probe.h"
#include "tensor/gemm.h"

static const char *tokens, *out, *stack;
static bool grad, attention;

static const struct lx_arg args[] = {
    {"tokens", 0, LX_ARG_TEXT, &tokens, "FILE",
     "safetensors with `tokens` I32 [B, T+1], or a text file (bytes)", 0},
    {"out", 'o', LX_ARG_TEXT, &out, "FILE", "safetensors to write", 0},
    {"grad", 0, LX_ARG_FLAG, &grad, NULL, "also gradients of the mean NLL, and input_grad_share",
     0},
    {"attention", 0, LX_ARG_FLAG, &attention, NULL, "also attention [B, L, H, T, T]", 0},
    {"stack", 0, LX_ARG_TEXT, &stack, "JSON", "schemes to use in place of the trained ones", 0},
    {.type = LX_ARG_END},
};

static enum lx_code run(int n, char **argv, struct lx_err *err)
{
    struct lx_probe_options o = {
        .tokens = tokens, .out = out, .stack_json = stack, .grad = grad, .attention = attention};
    enum lx_code code = lx_command_arity(&lx_command_probe, n, 1, 1, err);

    if (code == LX_OK && (tokens == NULL || out == NULL))
        code = lx_fail(err, LX_EUSAGE, "probe: must have --tokens FILE and --out FILE");
    if (code == LX_OK)
        code = lx_gemm_setup(err);
    if (code != LX_OK)
        return code;
    o.checkpoint = argv[0];
    return lx_probe_run(&o, err);
}

const struct lx_command lx_command_probe = {
    .name = "probe",
    .usage = "CHECKPOINT --tokens FILE --out OUT.safetensors [--grad] [--attention]",
    .help = "write logits, losses, entropies and gradients of a checkpoint",
    .more = "Written: logits [B,T,V], nll [B,T], entropy and max_prob [B,L,H,T]; with --grad\n"
            "grad.NAME of every array and input_grad_share [B,T]. Lets other implementations be\n"
            "compared with this one.\n",
    .args = args,
    .computes = true,
    .run = run,
};

/* Expressions from text; see expression.h. Recursive descent, one function a level of precedence. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expression/expression_internal.h"
#include "text/nearest.h"

#define MOST_CHARS 4096
#define MOST_DEPTH 64

struct parser {
    const char *text, *at;
    const struct lx_expr_names *names;
    struct lx_expr_node nodes[LX_EXPR_NODES];
    int n, depth;
    char index[LX_EXPR_SUMS][LX_EXPR_NAME_CHARS + 1]; /* names of the sums' variables */
    int sums;
    struct lx_err *err;
};

static enum lx_code fail_at(const struct parser *p, const char *at, const char *what)
{
    return lx_fail(p->err, LX_ECONFIG, "column %d: %s", (int)(at - p->text) + 1, what);
}

static void skip_space(struct parser *p)
{
    while (isspace((unsigned char)*p->at))
        p->at++;
}

/* What stands there, in quotes, or "the end". */
static enum lx_code unexpected(const struct parser *p, const char *wanted)
{
    char what[160];

    if (*p->at == '\0')
        (void)snprintf(what, sizeof(what), "%s expected, got the end", wanted);
    else
        (void)snprintf(what, sizeof(what), "%s expected, got \"%.12s\"", wanted, p->at);
    return fail_at(p, p->at, what);
}

/* Whether `token` comes next; if so it is read. */
static bool take(struct parser *p, const char *token)
{
    size_t n = strlen(token);

    skip_space(p);
    if (strncmp(p->at, token, n) != 0)
        return false;
    p->at += n;
    return true;
}

static enum lx_code want(struct parser *p, const char *token)
{
    char quoted[16];

    if (take(p, token))
        return LX_OK;
    (void)snprintf(quoted, sizeof(quoted), "\"%s\"", token);
    return unexpected(p, quoted);
}

/* A node of up to three arguments (-1: none); *out is its index. */
static enum lx_code add(struct parser *p, enum lx_expr_op op, int index, const int arg[3], int *out)
{
    struct lx_expr_node *n = &p->nodes[p->n];

    if (p->n == LX_EXPR_NODES)
        return fail_at(p, p->at, "the expression is too long");
    *n = (struct lx_expr_node){.op = op, .index = index, .arg = {-1, -1, -1}, .uniform = true};
    n->uniform = op != OP_VARIABLE || index != p->names->lane;
    n->learns = op == OP_LEARNED;
    for (int i = 0; i < 3 && arg != NULL && arg[i] >= 0; i++) {
        n->arg[i] = arg[i];
        n->uniform = n->uniform && p->nodes[arg[i]].uniform;
        n->learns = n->learns || p->nodes[arg[i]].learns;
    }
    *out = p->n++;
    return LX_OK;
}

static enum lx_code number(struct parser *p, double v, int *out)
{
    if (add(p, OP_NUMBER, 0, NULL, out))
        return p->err->code;
    p->nodes[*out].number = v;
    return LX_OK;
}

static enum lx_code comparison(struct parser *p, int *out);

static bool starts_name(char c)
{
    return isalpha((unsigned char)c) || c == '_';
}

/* The name that begins at p->at, which is left after it. */
static enum lx_code read_name(struct parser *p, char out[LX_EXPR_NAME_CHARS + 1])
{
    const char *begin = p->at;
    size_t n = 0;

    while (starts_name(begin[n]) || isdigit((unsigned char)begin[n]))
        n++;
    if (n > LX_EXPR_NAME_CHARS)
        return fail_at(p, begin, "the name is too long");
    memcpy(out, begin, n);
    out[n] = '\0';
    p->at += n;
    return LX_OK;
}

static int find_function(const char *name)
{
    for (int i = 0; lx_expr_function_list[i].name != NULL; i++)
        if (strcmp(lx_expr_function_list[i].name, name) == 0)
            return i;
    return -1;
}

/* n arguments in brackets, commas between them. */
static enum lx_code arguments(struct parser *p, int n, int arg[3])
{
    if (want(p, "("))
        return p->err->code;
    for (int i = 0; i < n; i++)
        if ((i > 0 && want(p, ",")) || comparison(p, &arg[i]))
            return p->err->code;
    return want(p, ")");
}

/* sum(k, from, to, terms); `begin` is where it stands. */
static enum lx_code sum(struct parser *p, int *out)
{
    int arg[3] = {-1, -1, -1}, place = p->sums;

    if (want(p, "("))
        return p->err->code;
    skip_space(p);
    if (!starts_name(*p->at))
        return unexpected(p, "the name of the sum's variable");
    if (p->sums == LX_EXPR_SUMS)
        return fail_at(p, p->at, "too many sums within sums");
    if (read_name(p, p->index[place]))
        return p->err->code;
    for (int i = 0; i < 2; i++) {
        const char *at;

        if (want(p, ","))
            return p->err->code;
        skip_space(p);
        at = p->at;
        if (comparison(p, &arg[i]))
            return p->err->code;
        if (p->nodes[arg[i]].learns)
            return fail_at(p, at, "an end of a sum must not depend on learned numbers");
    }
    p->sums++;
    if (want(p, ",") || comparison(p, &arg[2]) || want(p, ")"))
        return p->err->code;
    p->sums--;
    return add(p, OP_SUM, place, arg, out);
}

/* "unknown name", and what was meant, or what there is. */
static enum lx_code unknown_name(struct parser *p, const char *at, const char *name)
{
    const char *all[256] = {"pi", "if", "sum", "min", "max"}, *near;
    char what[400];
    size_t n = 5, used;

    for (int i = 0; i < p->names->n_variables; i++)
        all[n++] = p->names->variables[i];
    for (int i = 0; i < p->names->n_learned && n < 200; i++)
        all[n++] = p->names->learned[i];
    for (int i = 0; lx_expr_function_list[i].name != NULL; i++)
        all[n++] = lx_expr_function_list[i].name;
    near = lx_nearest(name, all, n);
    if (near != NULL) {
        (void)snprintf(what, sizeof(what), "unknown name \"%s\" (did you mean \"%s\"?)", name,
                       near);
        return fail_at(p, at, what);
    }
    used = (size_t)snprintf(what, sizeof(what), "unknown name \"%s\" (known here:", name);
    for (int i = 0; i < p->names->n_variables + p->names->n_learned && used < 300; i++)
        used += (size_t)snprintf(what + used, sizeof(what) - used, " %s", all[5 + i]);
    (void)snprintf(what + used, sizeof(what) - used, ")");
    return fail_at(p, at, what);
}

static enum lx_code name(struct parser *p, int *out)
{
    char word[LX_EXPR_NAME_CHARS + 1];
    const char *begin = p->at;
    int arg[3] = {-1, -1, -1}, f;

    if (read_name(p, word))
        return p->err->code;
    for (int i = p->sums - 1; i >= 0; i--)
        if (strcmp(p->index[i], word) == 0)
            return add(p, OP_INDEX, i, NULL, out);
    for (int i = 0; i < p->names->n_variables; i++)
        if (strcmp(p->names->variables[i], word) == 0)
            return add(p, OP_VARIABLE, i, NULL, out);
    for (int i = 0; i < p->names->n_learned; i++)
        if (strcmp(p->names->learned[i], word) == 0)
            return add(p, OP_LEARNED, i, NULL, out);
    if (strcmp(word, "pi") == 0)
        return number(p, 3.14159265358979323846, out);
    if (strcmp(word, "sum") == 0)
        return sum(p, out);
    if (strcmp(word, "if") == 0)
        return arguments(p, 3, arg) ? p->err->code : add(p, OP_IF, 0, arg, out);
    if (strcmp(word, "min") == 0 || strcmp(word, "max") == 0)
        return arguments(p, 2, arg) ? p->err->code
                                    : add(p, word[1] == 'i' ? OP_MIN : OP_MAX, 0, arg, out);
    f = find_function(word);
    if (f < 0)
        return unknown_name(p, begin, word);
    return arguments(p, 1, arg) ? p->err->code : add(p, OP_FUNCTION, f, arg, out);
}

/* Digits, a point, an exponent: strtod would also take "inf" and hexadecimal. */
static enum lx_code literal(struct parser *p, int *out)
{
    const char *begin = p->at, *end = begin + strspn(begin, "0123456789.");
    const char *exponent = end + (*end == 'e' || *end == 'E');
    char *read;
    double v;

    if (exponent != end) {
        exponent += *exponent == '+' || *exponent == '-';
        if (isdigit((unsigned char)*exponent))
            end = exponent + strspn(exponent, "0123456789");
    }
    v = strtod(begin, &read);
    if (read != end || !isfinite(v) || starts_name(*end))
        return fail_at(p, begin, "not a number");
    p->at = end;
    return number(p, v, out);
}

static enum lx_code atom(struct parser *p, int *out)
{
    skip_space(p);
    if (isdigit((unsigned char)*p->at) || *p->at == '.')
        return literal(p, out);
    if (starts_name(*p->at))
        return name(p, out);
    if (!take(p, "("))
        return unexpected(p, "a number, a name or \"(\"");
    return comparison(p, out) ? p->err->code : want(p, ")");
}

static enum lx_code power(struct parser *p, int *out);

static enum lx_code signed_power(struct parser *p, int *out)
{
    int arg[3] = {-1, -1, -1};

    if (take(p, "+"))
        return signed_power(p, out);
    if (!take(p, "-"))
        return power(p, out);
    if (++p->depth > MOST_DEPTH)
        return fail_at(p, p->at, "nested too deeply");
    if (signed_power(p, &arg[0]))
        return p->err->code;
    p->depth--;
    return add(p, OP_MINUS, 0, arg, out);
}

static enum lx_code power(struct parser *p, int *out)
{
    int arg[3] = {-1, -1, -1};

    if (atom(p, out))
        return p->err->code;
    if (!take(p, "^"))
        return LX_OK;
    arg[0] = *out;
    return signed_power(p, &arg[1]) ? p->err->code : add(p, OP_POW, 0, arg, out);
}

/* A chain of operands with `first` or `second` between them, from the left. */
static enum lx_code chain(struct parser *p, enum lx_code (*operand)(struct parser *, int *),
                          const char *first, enum lx_expr_op op_first, const char *second,
                          enum lx_expr_op op_second, int *out)
{
    if (operand(p, out))
        return p->err->code;
    for (;;) {
        int arg[3] = {*out, -1, -1};
        enum lx_expr_op op;

        if (take(p, first))
            op = op_first;
        else if (take(p, second))
            op = op_second;
        else
            return LX_OK;
        if (operand(p, &arg[1]) || add(p, op, 0, arg, out))
            return p->err->code;
    }
}

static enum lx_code product(struct parser *p, int *out)
{
    return chain(p, signed_power, "*", OP_MUL, "/", OP_DIV, out);
}

static enum lx_code total(struct parser *p, int *out)
{
    return chain(p, product, "+", OP_ADD, "-", OP_SUB, out);
}

static enum lx_code comparison(struct parser *p, int *out)
{
    static const struct {
        const char *token;
        enum lx_expr_op op;
    } all[] = {{"<=", OP_LE}, {">=", OP_GE}, {"==", OP_EQ},
               {"!=", OP_NE}, {"<", OP_LT},  {">", OP_GT}};
    int arg[3] = {-1, -1, -1};
    enum lx_code code;

    if (++p->depth > MOST_DEPTH)
        return fail_at(p, p->at, "nested too deeply");
    code = total(p, out);
    for (size_t i = 0; code == LX_OK && i < sizeof(all) / sizeof(all[0]); i++)
        if (take(p, all[i].token)) {
            arg[0] = *out;
            code = total(p, &arg[1]) ? p->err->code : add(p, all[i].op, 0, arg, out);
            break;
        }
    p->depth--;
    return code;
}

/* The nodes move to the arena, with room for what they work on. */
static enum lx_code keep(const struct parser *p, int root, struct lx_arena *arena,
                         struct lx_expr **out, struct lx_err *err)
{
    size_t n = (size_t)p->n;
    struct lx_expr_node *nodes;
    double *room;
    bool *uses, *learns;

    if (lx_arena_get(arena, 1, sizeof(**out), out, "expression", err) ||
        lx_arena_get(arena, n, sizeof(*nodes), &nodes, "expression", err) ||
        lx_arena_get(arena, 2 * n * LX_EXPR_BLOCK, sizeof(*room), &room, "expression", err) ||
        lx_arena_get(arena, (size_t)p->names->n_variables + 1, sizeof(*uses), &uses, "expression",
                     err) ||
        lx_arena_get(arena, (size_t)p->names->n_learned + 1, sizeof(*learns), &learns, "expression",
                     err))
        return err->code;
    if (*out == NULL)
        return LX_OK;
    memcpy(nodes, p->nodes, n * sizeof(*nodes));
    for (size_t i = 0; i < n; i++) {
        nodes[i].value = room + 2 * i * LX_EXPR_BLOCK;
        nodes[i].by = nodes[i].value + LX_EXPR_BLOCK;
        if (nodes[i].op == OP_VARIABLE)
            uses[nodes[i].index] = true;
        if (nodes[i].op == OP_LEARNED)
            learns[nodes[i].index] = true;
    }
    **out = (struct lx_expr){.nodes = nodes,
                             .n = p->n,
                             .root = root,
                             .n_variables = p->names->n_variables,
                             .n_learned = p->names->n_learned,
                             .uses = uses,
                             .learns = learns};
    return LX_OK;
}

enum lx_code lx_expr_parse(const char *text, const struct lx_expr_names *names,
                           struct lx_arena *arena, struct lx_expr **out, struct lx_err *err)
{
    struct parser *p;
    int root;
    enum lx_code code;

    *out = NULL;
    if (strlen(text) > MOST_CHARS)
        return lx_fail(err, LX_ECONFIG, "must have at most %d characters, got %zu", MOST_CHARS,
                       strlen(text));
    p = calloc(1, sizeof(*p));
    if (p == NULL)
        return lx_fail(err, LX_ENOMEM, "out of memory");
    *p = (struct parser){.text = text, .at = text, .names = names, .err = err};
    code = comparison(p, &root);
    skip_space(p);
    if (code == LX_OK && *p->at != '\0')
        code = unexpected(p, "an operator or the end");
    if (code == LX_OK)
        code = keep(p, root, arena, out, err);
    free(p);
    return code;
}

bool lx_expr_name_is_free(const char *name)
{
    static const char *const taken[] = {"pi", "if", "sum", "min", "max"};
    size_t n = 0;

    while (starts_name(name[n]) || (n > 0 && isdigit((unsigned char)name[n])))
        n++;
    if (n == 0 || n > LX_EXPR_NAME_CHARS || name[n] != '\0' || find_function(name) >= 0)
        return false;
    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
        if (strcmp(taken[i], name) == 0)
            return false;
    return true;
}

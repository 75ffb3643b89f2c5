/* A journal of a small town, written by a generator whose entropy is known.
 *
 *     the baker kim hill met the monk lee reed near the bridge. she bought two red lamps.
 *
 * Every person of the town has two names. They are made up when the person first comes up in a
 * document and are certain afterwards, to a reader who remembers; to one who does not they cost
 * ln(names) each. How many tokens lie between two mentions of a person is drawn log-uniformly from
 * min_distance to max_distance: every doubling of the context a model can use makes the same
 * number of names certain. A person not mentioned for max_distance tokens is forgotten and gets
 * new names next time. Around this stands ordinary short-range grammar, and now and then a sentence
 * comes again. journal_model.c defines it all; datasets/README.md explains it.
 *
 * Costs are exact. With F = floor_nll, B = blind_nll and r = reach of the returned stream, no
 * reader that sees only the last C tokens can on average do better than
 *
 *     mean over t of  (r[t] <= C ? F[t] : B[t])
 *
 * F: -ln p(token | all before it), the very p the token was drawn by. r: for a name that restates
 * a fact, the distance back to where the same name of the same person stood last (the person
 * himself one or two tokens further back); 0 for all other tokens. B: ln(names) where r > 0, else
 * F. Not counted by r: short-range grammar, which sentence comes again, and the odds of who comes
 * up next, which depend on who came up when.
 *
 * Splits are streams of different random numbers under the same rules. */
#include <math.h>
#include <string.h>

#include "core/rng.h"
#include "datasets/dataset.h"
#include "datasets/journal_model.h"

struct journal {
    int seed;
    int tokens[LX_SPLITS];
    struct lx_journal_rules rules;
};

static const char *const split_key[LX_SPLITS] = {"train_tokens", "valid_tokens", "test_tokens"};
static const char *const split_stream[LX_SPLITS] = {"journal/train", "journal/valid",
                                                    "journal/test"};

#define INT_OPTION(k, field, d, lo, hi, h)                                                         \
    {                                                                                              \
        .key = (k), .type = LX_OPT_INT, .offset = offsetof(struct journal, field), .def = (d),     \
        .min = (lo), .max = (hi), .help = (h)                                                      \
    }

static const struct lx_option options[] = {
    INT_OPTION("seed", seed, 1, 0, 2147483647, "which journal, as a seed of random numbers"),
    INT_OPTION("train_tokens", tokens[LX_SPLIT_TRAIN], 8000000, 0, 1 << 30,
               "length of the train split in tokens, 0 = none"),
    INT_OPTION("valid_tokens", tokens[LX_SPLIT_VALID], 262144, 0, 1 << 30,
               "length of the valid split in tokens, 0 = none"),
    INT_OPTION("test_tokens", tokens[LX_SPLIT_TEST], 262144, 0, 1 << 30,
               "length of the test split in tokens, 0 = none"),
    INT_OPTION("min_distance", rules.min_distance, 8, 1, 1 << 20,
               "shortest distance of a restated fact in tokens"),
    INT_OPTION("max_distance", rules.max_distance, 1024, 2, 1 << 24,
               "a fact is restated before this distance in tokens"),
    INT_OPTION("document_tokens", rules.document_tokens, 8192, 256, 1 << 30,
               "mean length of a document in tokens"),
    INT_OPTION("people", rules.people, 48, 2, LX_JOURNAL_PEOPLE,
               "people in the town: facts alive at once"),
    {.key = "echo",
     .type = LX_OPT_REAL,
     .offset = offsetof(struct journal, rules.echo),
     .def = 0.5,
     .min = 0,
     .max = 0.9,
     .help = "share of sentences that say one of the last few again"},
    INT_OPTION("names", rules.names, 24, 2, LX_JOURNAL_NAMES,
               "names a person can have: a forgotten one costs ln(names)"),
    {.type = LX_OPT_END},
};

static enum lx_code journal_init(void *self, struct lx_arena *arena, struct lx_err *err)
{
    const struct journal *s = self;
    const struct lx_journal_rules *r = &s->rules;

    (void)arena;
    if (r->max_distance < 2 * r->min_distance)
        return lx_fail(err, LX_ECONFIG,
                       "max_distance: must be at least twice min_distance (%d), got %d",
                       r->min_distance, r->max_distance);
    /* Someone must always be at min_distance or further, or there is nobody to write about. */
    if (r->people <= r->min_distance / LX_JOURNAL_SPACING)
        return lx_fail(err, LX_ECONFIG, "people: must be more than min_distance / %d (%d), got %d",
                       LX_JOURNAL_SPACING, r->min_distance / LX_JOURNAL_SPACING, r->people);
    return LX_OK;
}

static int journal_vocab(const void *self)
{
    (void)self;
    return lx_journal_vocab();
}

/* Index into dist: drawn by its p. */
static int draw(const struct lx_journal_dist *dist, struct lx_rng *rng)
{
    double u = lx_rng_uniform(rng);
    int i = 0;

    for (; i < dist->n - 1 && u >= dist->p[i]; i++)
        u -= dist->p[i];
    return i;
}

static enum lx_code journal_load(void *self, enum lx_split split, struct lx_arena *arena,
                                 struct lx_stream *out, struct lx_err *err)
{
    const struct journal *s = self;
    size_t n = (size_t)s->tokens[split];
    uint16_t *tokens;
    float *floor_nll, *blind_nll;
    uint32_t *reach;
    struct lx_journal m;
    struct lx_journal_dist dist;
    struct lx_rng rng;

    memset(out, 0, sizeof(*out));
    if (n == 0)
        return lx_fail(err, LX_ECONFIG, "%s: must be above 0: the split is needed, got 0",
                       split_key[split]);
    if (lx_arena_get(arena, n, sizeof(*tokens), &tokens, "journal tokens", err) != LX_OK ||
        lx_arena_get(arena, n, sizeof(*floor_nll), &floor_nll, "journal floor", err) != LX_OK ||
        lx_arena_get(arena, n, sizeof(*blind_nll), &blind_nll, "journal blind", err) != LX_OK ||
        lx_arena_get(arena, n, sizeof(*reach), &reach, "journal reach", err) != LX_OK)
        return err->code;
    *out = (struct lx_stream){
        .tokens = tokens, .n = n, .floor_nll = floor_nll, .reach = reach, .blind_nll = blind_nll};
    if (arena->measure)
        return LX_OK;

    lx_rng_init(&rng, (uint64_t)s->seed, split_stream[split]);
    lx_journal_open(&m, &s->rules);
    for (size_t t = 0; t < n; t++) {
        int k;

        lx_journal_next(&m, &dist);
        k = draw(&dist, &rng);
        tokens[t] = dist.token[k];
        floor_nll[t] = (float)-log(dist.p[k]);
        reach[t] = (uint32_t)lx_journal_reach(&m);
        blind_nll[t] = reach[t] > 0 ? (float)log((double)s->rules.names) : floor_nll[t];
        if (!lx_journal_advance(&m, tokens[t]))
            return lx_fail(err, LX_EFAILED, "journal: token %zu does not fit its grammar", t);
    }
    return LX_OK;
}

/* A space in front of every word, none in front of a full stop; a document ends its line. */
static void journal_text(const void *self, int token, struct lx_buf *out)
{
    (void)self;
    if (token != lx_journal_first(LX_WORD_END) && token != lx_journal_first(LX_WORD_STOP))
        lx_buf_add(out, " ");
    lx_buf_add(out, lx_journal_word(token));
}

static bool ends_word(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '.' || c == '\n';
}

/* Length of the word that begins the n bytes of text, 0: white space. */
static size_t word_length(const char *text, size_t n)
{
    size_t len = 0;

    if (text[0] == '.' || text[0] == '\n')
        return 1;
    while (len < n && !ends_word(text[len]))
        len++;
    return len;
}

static enum lx_code journal_encode(const void *self, const char *text, size_t n, struct lx_buf *out,
                                   struct lx_err *err)
{
    size_t len;

    (void)self;
    for (size_t i = 0; i < n; i += len) {
        int token;
        uint16_t id;

        len = word_length(text + i, n - i);
        if (len == 0) {
            len = 1;
            continue;
        }
        token = lx_journal_token(text + i, len);
        if (token < 0)
            return lx_fail(err, LX_EDATA, "journal: \"%.*s\" must be one of its %d words",
                           (int)(len < 64 ? len : 64), text + i, lx_journal_vocab());
        id = (uint16_t)token;
        lx_buf_addn(out, &id, sizeof(id));
    }
    return lx_buf_check(out, err);
}

const struct lx_dataset_ops lx_dataset_journal = {
    .name = "journal",
    .title = "Journal of a small town",
    .cite = "generated",
    .help = "facts restated at log-uniform distances, with known entropy; nothing to download",
    .state_size = sizeof(struct journal),
    .options = options,
    .init = journal_init,
    .vocab = journal_vocab,
    .load = journal_load,
    .text = journal_text,
    .encode = journal_encode,
};

/* Questions about something said once: a key in filler, a line among lines, a document among documents.
 *
 *     passkey    the sun is warm . key 4 7 . we go home . ? key 4 7
 *     lines      bal 3 1 . dek 9 0 . fus 5 5 . ? dek 9 0 . ? bal 3 1
 *     documents  bal : home rain = 3 1 warm . dek : the = 9 0 sea go . ? dek 9 0
 *
 * An example is facts (and filler), then a question or more; a line break ends it. The fact asked for
 * may stand anywhere, each place as likely; lengths of examples are log-uniform, so that every octave
 * of distances up to the longest example is trained as often. The same code that writes the examples
 * of a stream writes prompts of any length and depth (dataset.h). datasets/README.md defines the three
 * tasks.
 *
 * Splits are streams of different random numbers under the same rules; prompts are drawn from whatever
 * numbers their caller brings. */
#include <math.h>
#include <string.h>

#include "datasets/dataset.h"
#include "datasets/questions_words.h"

enum task { PASSKEY, LINES, DOCUMENTS };

struct questions {
    int task, seed, shortest, longest, questions, answer, names, body;
    int tokens[LX_SPLITS];
};

static const char *const split_key[LX_SPLITS] = {"train_tokens", "valid_tokens", "test_tokens"};
static const char *const split_stream[LX_SPLITS] = {"questions/train", "questions/valid",
                                                    "questions/test"};

#define INT_OPTION(k, field, d, lo, hi, h)                                                         \
    {                                                                                              \
        .key = (k), .type = LX_OPT_INT, .offset = offsetof(struct questions, field), .def = (d),   \
        .min = (lo), .max = (hi), .help = (h)                                                      \
    }

static const struct lx_option options[] = {
    {.key = "task",
     .type = LX_OPT_CHOICE,
     .offset = offsetof(struct questions, task),
     .text = "passkey|lines|documents",
     .help = "what is asked for: a key in filler, a line among lines, a document among documents"},
    INT_OPTION("seed", seed, 1, 0, 2147483647, "which stream, as a seed of random numbers"),
    INT_OPTION("train_tokens", tokens[LX_SPLIT_TRAIN], 8000000, 0, 1 << 30,
               "length of the train split in tokens, 0 = none"),
    INT_OPTION("valid_tokens", tokens[LX_SPLIT_VALID], 65536, 0, 1 << 30,
               "length of the valid split in tokens, 0 = none"),
    INT_OPTION("test_tokens", tokens[LX_SPLIT_TEST], 65536, 0, 1 << 30,
               "length of the test split in tokens, 0 = none"),
    INT_OPTION("shortest", shortest, 24, 8, 1 << 20, "shortest example of a stream in tokens"),
    INT_OPTION("longest", longest, 128, 8, 1 << 20,
               "longest example of a stream in tokens; the training length is a good choice"),
    INT_OPTION("questions", questions, 4, 1, 16,
               "questions at the end of an example of a stream; passkey has one"),
    INT_OPTION("answer", answer, 2, 1, 8, "digits of an answer"),
    INT_OPTION("names", names, 64, 32, LX_QUESTIONS_NAMES, "names of lines and documents"),
    INT_OPTION("body", body, 4, 0, 64, "filler words of a document"),
    {.type = LX_OPT_END},
};

/* Tokens of a fact: "key 4 7 .", "dek 4 7 .", "dek : w w = 4 7 w w ." */
static int fact_tokens(const struct questions *s)
{
    return s->task == DOCUMENTS ? 4 + s->body + s->answer : 2 + s->answer;
}

/* "? dek 4 7 ." */
static int question_tokens(const struct questions *s)
{
    return 3 + s->answer;
}

/* Questions of an example of n tokens: as many as wanted, if there is room for a fact for each. */
static int asked(const struct questions *s, int n)
{
    int room = (n - 1) / (fact_tokens(s) + question_tokens(s));

    return s->task == PASSKEY ? 1 : room < s->questions ? room : s->questions;
}

static enum lx_code questions_init(void *self, struct lx_arena *arena, struct lx_err *err)
{
    const struct questions *s = self;
    int least = fact_tokens(s) + question_tokens(s) + 1;

    (void)arena;
    if (s->shortest < least)
        return lx_fail(
            err, LX_ECONFIG,
            "shortest: must be at least %d tokens, so that an example of this task has a "
            "fact for each question, got %d",
            least, s->shortest);
    if (s->longest < s->shortest)
        return lx_fail(err, LX_ECONFIG, "longest: must be at least shortest (%d), got %d",
                       s->shortest, s->longest);
    return LX_OK;
}

static int questions_vocab(const void *self)
{
    const struct questions *s = self;

    return LX_WORD_NAME + s->names;
}

/* What a text is written with. */
struct writer {
    const struct questions *s;
    struct lx_rng *rng;
    uint16_t *to;                 /* where the next token goes */
    int name[LX_QUESTIONS_NAMES]; /* shuffled: the first `asked` are asked for, and said once */
    int asked, others;            /* how many of the others were said */
    bool prompt;
};

static void put(struct writer *w, int token)
{
    *w->to++ = (uint16_t)token;
}

static int below(struct writer *w, int n)
{
    return (int)lx_rng_below(w->rng, (uint64_t)n);
}

static void begin(struct writer *w, const struct questions *s, struct lx_rng *rng, int questions)
{
    w->s = s;
    w->rng = rng;
    w->asked = questions;
    w->others = 0;
    for (int i = 0; i < s->names; i++) {
        int j = below(w, i + 1);

        w->name[i] = w->name[j];
        w->name[j] = LX_WORD_NAME + i;
    }
    if (s->task == PASSKEY)
        w->name[0] = LX_WORD_KEY;
}

/* A name that is not asked for; all of them come before one comes again. */
static int other_name(struct writer *w)
{
    int others = w->s->names - w->asked;

    return w->name[w->asked + (others > 1 ? w->others++ % others : 0)];
}

/* n tokens of sentences; the first is cut at its front if it does not fit. */
static void put_filler(struct writer *w, int n)
{
    int cut = (LX_QUESTIONS_SENTENCE - n % LX_QUESTIONS_SENTENCE) % LX_QUESTIONS_SENTENCE;

    while (n > 0) {
        int which = below(w, LX_QUESTIONS_SENTENCES);

        for (int i = cut; i < LX_QUESTIONS_SENTENCE; i++, n--)
            put(w, lx_questions_sentence(which, i));
        cut = 0;
    }
}

/* A fact with its digits drawn; all but the first `cut` tokens of it are written. */
static const uint16_t *put_fact(struct writer *w, int name, int cut)
{
    const struct questions *s = w->s;
    uint16_t fact[128], *start = w->to, *digits;
    struct writer in = *w;
    int before = s->task == DOCUMENTS ? below(w, s->body + 1) : 0;

    in.to = fact;
    put(&in, name);
    if (s->task == DOCUMENTS) {
        put(&in, LX_WORD_COLON);
        for (int i = 0; i < before; i++)
            put(&in, LX_WORD_FILLER + below(w, LX_QUESTIONS_FILLERS));
        put(&in, LX_WORD_EQUALS);
    }
    digits = in.to;
    for (int i = 0; i < s->answer; i++)
        put(&in, LX_WORD_DIGIT + below(w, 10));
    for (int i = before; i < s->body && s->task == DOCUMENTS; i++)
        put(&in, LX_WORD_FILLER + below(w, LX_QUESTIONS_FILLERS));
    put(&in, LX_WORD_STOP);
    memcpy(w->to, fact + cut, (size_t)(in.to - fact - cut) * sizeof(*fact));
    w->to += in.to - fact - cut;
    return start + (digits - fact) - cut;
}

/* Where the fact of a context of C tokens begins. Passkey: anywhere. Else facts stand side by side at
 * the end of the context, behind what is left of one that does not fit. */
static int place(const struct questions *s, int C, double depth)
{
    int size = fact_tokens(s), facts = C / size;

    if (s->task == PASSKEY)
        return (int)lround(depth * (C - size));
    return C % size + size * (int)lround(depth * (facts - 1));
}

/* n tokens before the first whole fact: in a stream the end of one, in a prompt line breaks as between
 * examples. A value without its name at the front of a prompt is what some models answer with, and
 * whether there is one depends on the length. */
static void put_rest(struct writer *w, int n)
{
    if (n > 0 && !w->prompt)
        (void)put_fact(w, other_name(w), fact_tokens(w->s) - n);
    for (int i = 0; i < n && w->prompt; i++)
        put(w, LX_WORD_END);
}

/* C tokens in which the facts asked for begin at at[i]; their digits go to where[i]. */
static void put_context(struct writer *w, int C, const int *at, const uint16_t **where)
{
    const uint16_t *start = w->to;
    int size = fact_tokens(w->s);

    if (w->s->task == PASSKEY) {
        put_filler(w, at[0]);
        where[0] = put_fact(w, w->name[0], 0);
        put_filler(w, C - at[0] - size);
        return;
    }
    put_rest(w, C % size);
    while (w->to - start < C) {
        int i = 0;

        while (i < w->asked && at[i] != w->to - start)
            i++;
        if (i < w->asked)
            where[i] = put_fact(w, w->name[i], 0);
        else
            (void)put_fact(w, other_name(w), 0);
    }
}

/* "? name digits", and a full stop behind it if there is more to come. */
static void put_question(struct writer *w, int name, const uint16_t *digits, bool stop)
{
    put(w, LX_WORD_QUESTION);
    put(w, name);
    memcpy(w->to, digits, (size_t)w->s->answer * sizeof(*digits));
    w->to += w->s->answer;
    if (stop)
        put(w, LX_WORD_STOP);
}

/* An example of n tokens with all its questions. */
static void put_example(const struct questions *s, struct lx_rng *rng, int n, uint16_t *to)
{
    int questions = asked(s, n), C = n - 1 - questions * question_tokens(s), size = fact_tokens(s);
    const uint16_t *where[16] = {to};
    struct writer w = {.to = to};
    int at[16] = {0};

    begin(&w, s, rng, questions);
    for (int i = 0; i < questions; i++) {
        bool taken = true;

        while (taken) {
            at[i] = s->task == PASSKEY ? below(&w, C - size + 1)
                                       : C % size + size * below(&w, C / size);
            taken = false;
            for (int j = 0; j < i; j++)
                taken |= at[i] == at[j];
        }
    }
    put_context(&w, C, at, where);
    for (int i = 0; i < questions; i++)
        put_question(&w, w.name[i], where[i], true);
    put(&w, LX_WORD_END);
}

static int draw_length(const struct questions *s, struct lx_rng *rng)
{
    double ratio = (double)(s->longest + 1) / s->shortest;
    int n = (int)(s->shortest * pow(ratio, lx_rng_uniform(rng)));

    return n > s->longest ? s->longest : n;
}

static enum lx_code questions_load(void *self, enum lx_split split, struct lx_arena *arena,
                                   struct lx_stream *out, struct lx_err *err)
{
    const struct questions *s = self;
    size_t n = (size_t)s->tokens[split];
    uint16_t *tokens;
    struct lx_rng rng;

    memset(out, 0, sizeof(*out));
    if (n == 0)
        return lx_fail(err, LX_ECONFIG, "%s: must be above 0: the split is needed, got 0",
                       split_key[split]);
    /* The last example may run over the end. */
    if (lx_arena_get(arena, n + (size_t)s->longest, sizeof(*tokens), &tokens, "questions tokens",
                     err) != LX_OK)
        return err->code;
    *out = (struct lx_stream){.tokens = tokens, .n = n};
    if (arena->measure)
        return LX_OK;
    lx_rng_init(&rng, (uint64_t)s->seed, split_stream[split]);
    for (size_t t = 0; t < n;) {
        int length = draw_length(s, &rng);

        put_example(s, &rng, length, tokens + t);
        t += (size_t)length;
    }
    return LX_OK;
}

static enum lx_code questions_prompt(const void *self, struct lx_rng *rng, int length, double depth,
                                     struct lx_prompt *out, struct lx_err *err)
{
    const struct questions *s = self;
    int least = fact_tokens(s) + 1 + s->answer, C = length - 1 - s->answer;
    const uint16_t *where[1] = {out->tokens};
    struct writer w = {.to = out->tokens, .prompt = true};

    if (length < least)
        return lx_fail(err, LX_ECONFIG,
                       "must be at least %d tokens, so that a fact and a question fit, got %d",
                       least, length);
    out->at = place(s, C, depth);
    out->answers = s->answer;
    if (out->tokens == NULL)
        return LX_OK;
    begin(&w, s, rng, 1);
    put_context(&w, C, &out->at, where);
    put_question(&w, w.name[0], where[0], false);
    return LX_OK;
}

static void questions_text(const void *self, int token, struct lx_buf *out)
{
    (void)self;
    lx_questions_text(token, out);
}

static enum lx_code questions_encode(const void *self, const char *text, size_t n,
                                     struct lx_buf *out, struct lx_err *err)
{
    int vocab = questions_vocab(self);

    for (size_t i = 0; i < n;) {
        size_t len = text[i] == '\n' ? 1 : strcspn(text + i, " \n");
        int token;
        uint16_t id;

        if (text[i] == ' ') {
            i++;
            continue;
        }
        len = len < n - i ? len : n - i;
        token = lx_questions_token(text + i, len, vocab);
        if (token < 0)
            return lx_fail(err, LX_EDATA, "questions: \"%.*s\" must be one of its %d words",
                           (int)(len < 64 ? len : 64), text + i, vocab);
        id = (uint16_t)token;
        lx_buf_addn(out, &id, sizeof(id));
        i += len;
    }
    return lx_buf_check(out, err);
}

const struct lx_dataset_ops lx_dataset_questions = {
    .name = "questions",
    .title = "Questions about something said once",
    .cite = "generated",
    .help = "passkey, line questions and questions about documents, with prompts of any length",
    .state_size = sizeof(struct questions),
    .options = options,
    .init = questions_init,
    .vocab = questions_vocab,
    .load = questions_load,
    .text = questions_text,
    .encode = questions_encode,
    .prompt = questions_prompt,
};

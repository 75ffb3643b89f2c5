/* The journal against readers that share no code with it.
 *
 * Its costs claim to be exact, so they are held against: the sum of all next-token probabilities,
 * a second reader that sees nothing but the tokens, and the statistics of what was drawn. Every
 * bound is on a fixed seed; the stated deviations are those a correct generator stays within. */
#include "core/hash.h"
#include "datasets/journal_model.h"
#include "tests/unit/check.h"
#include "tests/unit/dataset_open.h"

#define PEOPLE LX_JOURNAL_PEOPLE

struct journal_stream {
    struct opened o;
    struct lx_stream s;
    int person, first, last, end; /* first tokens of the classes */
};

static void load_journal(struct journal_stream *j, enum lx_split split, const char *json)
{
    struct lx_err err;

    CHECK_OK(open_dataset(&j->o, "journal", json, &err));
    CHECK_OK(j->o.ops->load(j->o.self, split, &j->o.arena, &j->s, &err));
    j->person = lx_journal_first(LX_WORD_PERSON);
    j->first = lx_journal_first(LX_WORD_FIRST);
    j->last = lx_journal_first(LX_WORD_LAST);
    j->end = lx_journal_first(LX_WORD_END);
}

/* The same from rules, for tests that run the model beside the stream. */
static void load_rules(struct journal_stream *j, const struct lx_journal_rules *r, int tokens,
                       struct lx_journal *m)
{
    char json[256];

    (void)snprintf(json, sizeof(json),
                   "{\"valid_tokens\": %d, \"min_distance\": %d, \"max_distance\": %d, "
                   "\"document_tokens\": %d, \"people\": %d, \"names\": %d, \"echo\": %.3f}",
                   tokens, r->min_distance, r->max_distance, r->document_tokens, r->people,
                   r->names, r->echo);
    load_journal(j, LX_SPLIT_VALID, json);
    lx_journal_open(m, r);
}

/* What kind of token it is, from its number alone: index of the person or name, or -1. */
static int person_of(const struct journal_stream *j, size_t t)
{
    int k = j->s.tokens[t] - j->person;

    return k >= 0 && k < PEOPLE ? k : -1;
}

static int name_of(const struct journal_stream *j, size_t t)
{
    int k = j->s.tokens[t] - (j->s.tokens[t] >= j->last ? j->last : j->first);

    return k >= 0 && k < LX_JOURNAL_NAMES ? k : -1;
}

/* Where the person of a name stands: one before the first name, two before the last. */
static size_t key_of(const struct journal_stream *j, size_t t)
{
    return t - (j->s.tokens[t] >= j->last ? 2 : 1);
}

static void test_words_are_distinct_and_numbered(void **state)
{
    int total = 0;

    (void)state;
    for (int c = 0; c < LX_JOURNAL_CLASSES; c++) {
        assert_int_equal(lx_journal_first((enum lx_journal_class)c), total);
        total += lx_journal_size((enum lx_journal_class)c);
    }
    assert_int_equal(total, lx_journal_vocab());
    assert_true(total <= 256);
    for (int i = 0; i < total; i++)
        assert_int_equal(lx_journal_token(lx_journal_word(i), strlen(lx_journal_word(i))), i);
    assert_int_equal(lx_journal_token("longshot", 8), -1);
    for (int i = 0; i < lx_journal_size(LX_WORD_ONE); i++) {
        char plural[32];

        (void)snprintf(plural, sizeof(plural), "%ss",
                       lx_journal_word(lx_journal_first(LX_WORD_ONE) + i));
        assert_string_equal(plural, lx_journal_word(lx_journal_first(LX_WORD_MANY) + i));
    }
}

/* Every prefix: the probabilities are positive, sum to 1, name each token once, and every token
 * that has one can be taken. Several sets of rules, the last ones so tight that nobody is free or
 * that the last octave is a part of one. */
static void test_probabilities_sum_to_one(void **state)
{
    static const struct lx_journal_rules rules[] = {
        {8, 1024, 8192, 48, 24, 0.5},  {8, 4096, 256, 20, 2, 0.0},      {8, 100, 32768, 3, 40, 0.5},
        {1, 700, 32768, 96, 40, 0.25}, {100, 4000, 32768, 96, 40, 0.9},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        struct journal_stream j;
        struct lx_journal m;

        load_rules(&j, &rules[i], 20000, &m);
        for (size_t t = 0; t < j.s.n; t++) {
            struct lx_journal_dist d;
            bool seen[256] = {false};
            double sum = 0.0, p = 0.0;

            lx_journal_next(&m, &d);
            for (int k = 0; k < d.n; k++) {
                struct lx_journal copy;

                assert_true(d.p[k] > 0.0 && !seen[d.token[k]]);
                seen[d.token[k]] = true;
                sum += d.p[k];
                p = d.token[k] == j.s.tokens[t] ? d.p[k] : p;
                if (t % 53 == 0) {
                    copy = m;
                    assert_true(lx_journal_advance(&copy, d.token[k]));
                }
            }
            CHECK_NEAR(sum, 1.0, 1e-12);
            CHECK_NEAR(j.s.floor_nll[t], -log(p), 1e-6);
            assert_true(lx_journal_advance(&m, j.s.tokens[t]));
        }
        lx_arena_free(&j.o.arena);
    }
}

/* The draws follow the probabilities: over n tokens the sum of (cost - entropy) is a martingale
 * whose variance the probabilities give. */
static void test_mean_cost_is_the_entropy(void **state)
{
    struct journal_stream j;
    struct lx_journal m;
    const struct lx_journal_rules r = {8, 1024, 8192, 48, 24, 0.5};
    double excess = 0.0, variance = 0.0;

    (void)state;
    load_rules(&j, &r, 262144, &m);
    for (size_t t = 0; t < j.s.n; t++) {
        struct lx_journal_dist d;
        double h = 0.0, square = 0.0;

        lx_journal_next(&m, &d);
        for (int k = 0; k < d.n; k++) {
            h -= d.p[k] * log(d.p[k]);
            square += d.p[k] * log(d.p[k]) * log(d.p[k]);
        }
        excess += (double)j.s.floor_nll[t] - h;
        variance += square - h * h;
        assert_true(lx_journal_advance(&m, j.s.tokens[t]));
    }
    assert_true(variance > 1000.0);
    CHECK_NEAR(excess / sqrt(variance), 0.0, 3.0);
    lx_arena_free(&j.o.arena);
}

/* Distance from t back to the nearest token equal to it, within the document that begins at
 * `start`; 0: none. */
static size_t look_back(const struct journal_stream *j, size_t t, size_t start)
{
    for (size_t d = 1; d <= t - start; d++)
        if (j->s.tokens[t - d] == j->s.tokens[t])
            return d;
    return 0;
}

/* p of the person at t, one of 48: seven octaves lie between 8 and 1024. */
static double person_odds(const struct journal_stream *j, size_t t, size_t start)
{
    int octave[PEOPLE], count[7] = {0}, n_free = 0, empty = 0, who = person_of(j, t);
    bool seen[PEOPLE] = {false};

    for (int i = 0; i < 48; i++)
        octave[i] = -2;
    for (size_t d = 1; d < 1024 && d <= t - start; d++) {
        int k = person_of(j, t - d);

        if (k < 0 || seen[k])
            continue;
        seen[k] = true;
        octave[k] = d < 8 ? -1 : (int)floor(log((double)d / 8.0) / log(2.0) + 1e-9);
    }
    for (int i = 0; i < 48; i++) {
        n_free += octave[i] == -2;
        if (octave[i] >= 0)
            count[octave[i]]++;
    }
    for (int k = 0; k < 7; k++)
        empty += count[k] == 0;
    assert_int_not_equal(octave[who], -1);
    if (octave[who] == -2)
        return (double)empty / 7.0 / n_free;
    return 1.0 / count[octave[who]] / (n_free > 0 ? 7.0 : 7.0 - empty);
}

/* Reads tokens alone, walking back through the document for each: reach and cost of every person
 * and name must be what it finds. Default rules but for shorter documents. */
static void test_second_reader_agrees(void **state)
{
    const int again = lx_journal_first(LX_WORD_AGAIN), stop = lx_journal_first(LX_WORD_STOP);
    struct journal_stream j;
    size_t start = 0, people = 0, restated = 0, fresh = 0;
    bool echo = false;

    (void)state;
    load_journal(&j, LX_SPLIT_TEST, "{\"test_tokens\": 60000, \"document_tokens\": 4000}");
    for (size_t t = 0; t < j.s.n; t++) {
        if (j.s.tokens[t] == j.end)
            start = t + 1;
        if (name_of(&j, t) < 0) {
            assert_int_equal(j.s.reach[t], 0);
        } else {
            size_t d = look_back(&j, key_of(&j, t), start);

            if (d > 0 && d < 1024) {
                assert_int_equal(j.s.reach[t], d);
                assert_int_equal(j.s.tokens[t - d], j.s.tokens[t]);
                CHECK_NEAR(j.s.floor_nll[t], 0.0, 0.0);
                CHECK_NEAR(j.s.blind_nll[t], log(24.0), 1e-6);
                restated++;
            } else {
                assert_int_equal(j.s.reach[t], 0);
                CHECK_NEAR(j.s.floor_nll[t], log(24.0), 1e-6);
                fresh++;
            }
        }
        if (!echo && person_of(&j, t) >= 0 && t % 3 == 0) {
            CHECK_NEAR(j.s.floor_nll[t], -log(person_odds(&j, t, start)), 1e-5);
            people++;
        }
        echo = j.s.tokens[t] == again || (echo && j.s.tokens[t] != stop);
    }
    assert_true(people > 1000 && restated > 10000 && fresh > 500);
    lx_arena_free(&j.o.arena);
}

/* The short-range part, from the definition: costs of tokens whose context is in plain sight. */
static void test_local_costs(void **state)
{
    const int the = lx_journal_first(LX_WORD_THE), on = lx_journal_first(LX_WORD_ON);
    const int stop = lx_journal_first(LX_WORD_STOP), day = lx_journal_first(LX_WORD_DAY);
    const int she = lx_journal_first(LX_WORD_PRONOUN), was = lx_journal_first(LX_WORD_WAS);
    const int again = lx_journal_first(LX_WORD_AGAIN);
    const double harmonic7 = 1 + 1 / 2. + 1 / 3. + 1 / 4. + 1 / 5. + 1 / 6. + 1 / 7.;
    size_t starts = 0, days = 0, pronouns = 0, echoes = 0, sentence = 0, at;
    bool echo = false;
    int subject = -1;
    struct journal_stream j;

    (void)state;
    load_journal(&j, LX_SPLIT_TEST, "{\"test_tokens\": 60000, \"document_tokens\": 8192}");
    for (size_t t = 1; t < j.s.n; t++) {
        int before = j.s.tokens[t - 1], token = j.s.tokens[t];
        double p_end = (double)(t - sentence) / 8192.0, go_on = (1 - p_end) * 0.5;

        if (before == stop) {
            double p = token == j.end                 ? p_end
                       : token == again               ? (1 - p_end) * 0.5
                       : token == the                 ? go_on * 0.65
                       : token == on                  ? go_on * 0.20
                       : token == she + (subject & 1) ? go_on * 0.15
                                                      : 0.0;
            CHECK_NEAR(j.s.floor_nll[t], -log(p), 1e-5);
            pronouns += token == she || token == she + 1;
            echoes += token == again;
            echo = token == again;
            starts++;
            sentence = token == j.end ? t + 1 : t;
        } else if (before == j.end) {
            CHECK_NEAR(j.s.floor_nll[t], -log(token == the ? 0.65 / 0.85 : 0.20 / 0.85), 1e-5);
            echo = false;
        } else if (!echo && before == on) {
            CHECK_NEAR(j.s.floor_nll[t], log(harmonic7 * (1 + token - day)), 1e-5);
            days++;
        } else if (!echo && token == was) {
            CHECK_NEAR(j.s.floor_nll[t], -log(0.1), 1e-5);
        } else if (!echo && token == the) {
            CHECK_NEAR(j.s.floor_nll[t], 0.0, 0.0);
        }
        at = t - sentence - (size_t)echo;
        if (person_of(&j, t) >= 0 && (at == 1 || (at == 3 && j.s.tokens[t - 3] == on)))
            subject = person_of(&j, t);
    }
    assert_true(starts > 4000 && days > 500 && pronouns > 400 && echoes > 800);
    lx_arena_free(&j.o.arena);
}

/* "again" brings one of the last eight sentences that were no echo, the i-th back with p ~ 1 / i; a
 * word costs what it tells about which. */
static void test_echoes_repeat(void **state)
{
    const int again = lx_journal_first(LX_WORD_AGAIN), stop = lx_journal_first(LX_WORD_STOP);
    struct journal_stream j;
    size_t begun = 0, from[8] = {0}, heard = 0, at = 0, echoes = 0;
    bool echo = false, meant[8] = {false};

    (void)state;
    load_journal(&j, LX_SPLIT_TEST, "{\"test_tokens\": 30000, \"document_tokens\": 2000}");
    for (size_t t = 0; t < j.s.n; t++) {
        int token = j.s.tokens[t];
        double before = 0, after = 0;

        for (size_t i = 0; echo && i < heard; i++) {
            before += meant[i] ? 1.0 / (1.0 + (double)i) : 0.0;
            meant[i] = meant[i] && j.s.tokens[from[i] + at] == token;
            after += meant[i] ? 1.0 / (1.0 + (double)i) : 0.0;
        }
        if (echo) {
            assert_true(after > 0.0);
            CHECK_NEAR(j.s.floor_nll[t], log(before / after), 1e-6);
            at++;
        }
        if (token == j.end) {
            heard = 0;
            begun = t + 1;
        } else if (token == again) {
            echo = true;
            at = 0;
            for (size_t i = 0; i < heard; i++)
                meant[i] = true;
            echoes++;
        } else if (token == stop) {
            for (size_t i = 7; i > 0 && !echo; i--)
                from[i] = from[i - 1];
            if (!echo) {
                from[0] = begun;
                heard = heard < 8 ? heard + 1 : 8;
            }
            echo = false;
            begun = t + 1;
        }
    }
    assert_true(echoes > 400);
    lx_arena_free(&j.o.arena);
}

/* Past the start of an endless document: the octave of each mention against the probability its
 * people had together, as chi-square with 6 degrees of freedom (22.5 is its 0.999 point); and the
 * shares themselves, which empty octaves bend by a few per cent at most. */
static void test_distances_are_log_uniform(void **state)
{
    struct journal_stream j;
    struct lx_journal m;
    const struct lx_journal_rules r = {8, 1024, 1000000000, 48, 24, 0.5};
    double expected[7] = {0.0}, chi2 = 0.0;
    long observed[7] = {0}, total = 0;

    (void)state;
    load_rules(&j, &r, 400000, &m);
    for (size_t t = 0; t + 1 < j.s.n; t++) {
        struct lx_journal_dist d;
        size_t distance = j.s.reach[t + 1];

        lx_journal_next(&m, &d);
        if (t > 4096 && person_of(&j, t) >= 0 && m.echo < 0) {
            for (int k = 0; k < d.n; k++) {
                size_t last = m.last[d.token[k] - j.person];

                for (int o = 0; o < 7 && last > 0; o++)
                    if (t + 1 - last >= (size_t)8 << o && t + 1 - last < (size_t)16 << o)
                        expected[o] += d.p[k];
            }
            for (int o = 0; o < 7 && distance > 0; o++)
                if (distance >= (size_t)8 << o && distance < (size_t)16 << o)
                    observed[o]++;
        }
        assert_true(lx_journal_advance(&m, j.s.tokens[t]));
    }
    for (int o = 0; o < 7; o++) {
        double off = (double)observed[o] - expected[o];

        chi2 += off * off / expected[o];
        total += observed[o];
    }
    assert_true(total > 20000);
    if (!(chi2 < 22.5))
        fail_msg("chi-square of distances over 7 octaves: %.1f", chi2);
    for (int o = 0; o < 7; o++)
        CHECK_NEAR(7.0 * (double)observed[o] / (double)total, 1.0, 0.1);
    lx_arena_free(&j.o.arena);
}

/* A new name owes nothing to whose it is: chi-square of 8 x 8 cells, 63 degrees of freedom (103.4
 * is its 0.999 point). So ln(names) is what it costs whoever has not seen it. */
static void test_names_say_nothing(void **state)
{
    struct journal_stream j;
    double cell[8][8] = {{0.0}}, total = 0.0, chi2 = 0.0;

    (void)state;
    load_journal(&j, LX_SPLIT_TRAIN, "{\"train_tokens\": 400000, \"document_tokens\": 512}");
    for (size_t t = 2; t < j.s.n; t++)
        if (name_of(&j, t) >= 0 && j.s.floor_nll[t] > 0.0f) {
            cell[person_of(&j, key_of(&j, t)) % 8][name_of(&j, t) % 8] += 1.0;
            total += 1.0;
        }
    assert_true(total > 10000.0);
    for (int i = 0; i < 8; i++) {
        double row = 0.0;

        for (int k = 0; k < 8; k++)
            row += cell[i][k];
        for (int k = 0; k < 8; k++)
            chi2 += (cell[i][k] - row / 8.0) * (cell[i][k] - row / 8.0) / (row / 8.0);
    }
    if (!(chi2 < 103.4))
        fail_msg("chi-square of names by person: %.1f", chi2);
    lx_arena_free(&j.o.arena);
}

static void test_documents_have_the_length_asked_for(void **state)
{
    struct journal_stream j;
    double ends = 0.0;

    (void)state;
    load_journal(&j, LX_SPLIT_TRAIN, "{\"train_tokens\": 500000, \"document_tokens\": 500}");
    for (size_t t = 0; t < j.s.n; t++)
        ends += j.s.tokens[t] == j.end;
    CHECK_NEAR(ends / 1000.0, 1.0, 0.1); /* about 1000 +- 32 */
    lx_arena_free(&j.o.arena);
}

/* What the data is for: a reader whose context grows from 128 to 1024 tokens has a good part of
 * the cost to gain, in much the same steps for each doubling. */
static void test_context_pays(void **state)
{
    struct journal_stream j;
    double nll[4] = {0.0};
    const uint32_t context[4] = {128, 256, 512, 1024};

    (void)state;
    load_journal(&j, LX_SPLIT_VALID, "{}");
    for (int c = 0; c < 4; c++)
        for (size_t t = 0; t < j.s.n; t++)
            nll[c] += (double)(j.s.reach[t] <= context[c] ? j.s.floor_nll[t] : j.s.blind_nll[t]) /
                      (double)j.s.n;
    CHECK_NEAR((nll[1] - nll[2]) / (nll[2] - nll[3]), 1.0, 0.2);
    assert_true(nll[0] - nll[3] > 0.2 * nll[0]);
    assert_true(exp(nll[0] - nll[3]) > 1.15);
    lx_arena_free(&j.o.arena);
}

static void hash_split(enum lx_split split, const char *json, size_t n, char hex[65])
{
    struct journal_stream j;
    struct lx_hash h;

    load_journal(&j, split, json);
    assert_true(j.s.n >= n);
    lx_hash_init(&h);
    for (size_t t = 0; t < n; t++) {
        unsigned char two[2] = {(unsigned char)(j.s.tokens[t] & 0xff),
                                (unsigned char)(j.s.tokens[t] >> 8)};

        lx_hash_add(&h, two, 2);
    }
    lx_hash_hex(&h, hex);
    lx_arena_free(&j.o.arena);
}

/* Results name this data by its seed: a change of the generator must be seen, and said. */
static void test_pinned_output(void **state)
{
    char hex[65];

    (void)state;
    hash_split(LX_SPLIT_TRAIN, "{}", 100000, hex);
    assert_string_equal(hex, "adce3551e4f33a42bad8d8ee75ec8171e477fa635907879968bdb468b5d5f91f");
}

static void test_splits_and_seeds_differ(void **state)
{
    static const char *const small = "{\"train_tokens\": 3000, \"valid_tokens\": 3000, "
                                     "\"test_tokens\": 3000, \"seed\": 7}";
    char hex[5][65];

    (void)state;
    hash_split(LX_SPLIT_TRAIN, small, 2000, hex[0]);
    hash_split(LX_SPLIT_VALID, small, 2000, hex[1]);
    hash_split(LX_SPLIT_TEST, small, 2000, hex[2]);
    hash_split(LX_SPLIT_TRAIN, "{\"train_tokens\": 3000, \"seed\": 8}", 2000, hex[3]);
    for (int a = 0; a < 4; a++)
        for (int b = 0; b < a; b++)
            assert_string_not_equal(hex[a], hex[b]);
    /* A longer split begins with the shorter one. */
    hash_split(LX_SPLIT_TRAIN, "{\"train_tokens\": 9000, \"seed\": 7}", 2000, hex[4]);
    assert_string_equal(hex[4], hex[0]);
}

static void test_impossible_rules_are_named(void **state)
{
    struct opened o;
    struct lx_err err;

    (void)state;
    CHECK_FAILS(open_dataset(&o, "journal", "{\"min_distance\": 64, \"max_distance\": 100}", &err),
                LX_ECONFIG, "max_distance: must be at least twice min_distance (64), got 100");
    lx_arena_free(&o.arena);
    CHECK_FAILS(open_dataset(&o, "journal", "{\"min_distance\": 400, \"people\": 80}", &err),
                LX_ECONFIG, "people: must be more than min_distance / 5 (80), got 80");
    lx_arena_free(&o.arena);
    CHECK_FAILS(open_dataset(&o, "journal", "{\"names\": 41}", &err), LX_ECONFIG, "names");
    lx_arena_free(&o.arena);
}

/* Shows as English; reads back as the same tokens. */
static void test_text_reads_back(void **state)
{
    struct journal_stream j;
    struct lx_buf text = {0}, tokens = {0};
    struct lx_err err;

    (void)state;
    load_journal(&j, LX_SPLIT_TEST, "{\"test_tokens\": 5000, \"document_tokens\": 300}");
    for (size_t t = 0; t < j.s.n; t++)
        j.o.ops->text(j.o.self, j.s.tokens[t], &text);
    CHECK_OK(lx_buf_check(&text, &err));
    CHECK_OK(j.o.ops->encode(j.o.self, text.text, text.len, &tokens, &err));
    assert_int_equal(tokens.len, j.s.n * sizeof(uint16_t));
    assert_memory_equal(tokens.text, j.s.tokens, tokens.len);

    lx_buf_clear(&tokens);
    CHECK_OK(j.o.ops->encode(j.o.self, "\t the baker  max hill.", 22, &tokens, &err));
    assert_int_equal(tokens.len, 5 * sizeof(uint16_t));
    CHECK_FAILS(j.o.ops->encode(j.o.self, "the baker hilly.", 16, &tokens, &err), LX_EDATA,
                "\"hilly\"");
    lx_buf_free(&text);
    lx_buf_free(&tokens);
    lx_arena_free(&j.o.arena);
}

/* A reader of foreign text: tokens out of place are refused and change nothing. */
static void test_grammar_refuses(void **state)
{
    const struct lx_journal_rules rules = {8, 1024, 8192, 50, 24, 0.5};
    struct lx_journal m, before;

    (void)state;
    lx_journal_open(&m, &rules);
    before = m;
    assert_false(lx_journal_advance(&m, lx_journal_first(LX_WORD_END)));
    assert_false(lx_journal_advance(&m, lx_journal_first(LX_WORD_FIRST)));
    assert_false(lx_journal_advance(&m, -1));
    assert_false(lx_journal_advance(&m, lx_journal_vocab()));
    assert_memory_equal(&m, &before, sizeof(m));
    assert_true(lx_journal_advance(&m, lx_journal_first(LX_WORD_THE)));
    assert_false(lx_journal_advance(&m, lx_journal_first(LX_WORD_PERSON) + 50));
    assert_true(lx_journal_advance(&m, lx_journal_first(LX_WORD_PERSON) + 49));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_words_are_distinct_and_numbered),
    cmocka_unit_test(test_probabilities_sum_to_one),
    cmocka_unit_test(test_mean_cost_is_the_entropy),
    cmocka_unit_test(test_second_reader_agrees),
    cmocka_unit_test(test_local_costs),
    cmocka_unit_test(test_echoes_repeat),
    cmocka_unit_test(test_distances_are_log_uniform),
    cmocka_unit_test(test_names_say_nothing),
    cmocka_unit_test(test_documents_have_the_length_asked_for),
    cmocka_unit_test(test_context_pays),
    cmocka_unit_test(test_pinned_output),
    cmocka_unit_test(test_splits_and_seeds_differ),
    cmocka_unit_test(test_impossible_rules_are_named),
    cmocka_unit_test(test_text_reads_back),
    cmocka_unit_test(test_grammar_refuses),
};

CHECK_MAIN(tests)

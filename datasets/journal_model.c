/* The journal's grammar and its memory.
 *
 * A sentence walks through a graph of places. An arc says which class of words comes next, how
 * likely that is, and which place follows. The classes that leave one place are disjoint, so a
 * reader always knows which arc was taken, and a choice is paid for at the token that shows it.
 *
 *     document  = { sentence | "again" sentence } END
 *     sentence  = ["on" DAY] "the" PERSON FIRST LAST did "." | PRONOUN did "."
 *     did       = MET "the" PERSON FIRST LAST [where] | "was" MOOD
 *               | DID ("a" [ADJ] ONE | "two" [ADJ] MANY) [where]
 *     where     = PLACED "the" PLACE
 *
 * Within a class, word r of n (from 0) has p ~ 1 / (1 + r), but for:
 *   ONE, MANY    ranks are rotated by the last verb: each verb prefers its own things;
 *   PRONOUN      agrees with the subject of the last sentence that named one;
 *   PERSON       drawn by distance, see spread_people;
 *   FIRST, LAST  the person's names if the mention restates a fact, else uniform;
 *   END          at the end of a sentence of n tokens with probability n / document_tokens, so
 *                that documents have that length on average and no memory is needed to see the
 *                end come.
 *
 * "again" comes with probability `echo` once a sentence was heard, and brings one of the last
 * LX_JOURNAL_HEARD that were no echo, word for word, the later the likelier. Mentions in it count as mentions; it can therefore restate a
 * fact at less than min_distance. */
#include "datasets/journal_model.h"

#include <math.h>
#include <string.h>

enum place {
    P_START,
    P_DAY,
    P_DAY_THE,
    P_SUBJECT,
    P_SUBJECT_FIRST,
    P_SUBJECT_LAST,
    P_VERB,
    P_MET_THE,
    P_OBJECT,
    P_OBJECT_FIRST,
    P_OBJECT_LAST,
    P_COUNT,
    P_ONE,
    P_ONE_BARE,
    P_MANY,
    P_MANY_BARE,
    P_MOOD,
    P_TAIL,
    P_WHERE_THE,
    P_WHERE,
    P_STOP,
    PLACES
};

#define MAX_ARCS 4

struct arc {
    double p; /* 0 ends the list */
    enum lx_journal_class words;
    enum place next;
};

static const struct arc graph[PLACES][MAX_ARCS] = {
    [P_START] = {{0.65, LX_WORD_THE, P_SUBJECT},
                 {0.20, LX_WORD_ON, P_DAY},
                 {0.15, LX_WORD_PRONOUN, P_VERB}},
    [P_DAY] = {{1.0, LX_WORD_DAY, P_DAY_THE}},
    [P_DAY_THE] = {{1.0, LX_WORD_THE, P_SUBJECT}},
    [P_SUBJECT] = {{1.0, LX_WORD_PERSON, P_SUBJECT_FIRST}},
    [P_SUBJECT_FIRST] = {{1.0, LX_WORD_FIRST, P_SUBJECT_LAST}},
    [P_SUBJECT_LAST] = {{1.0, LX_WORD_LAST, P_VERB}},
    [P_VERB] = {{0.6, LX_WORD_MET, P_MET_THE},
                {0.3, LX_WORD_DID, P_COUNT},
                {0.1, LX_WORD_WAS, P_MOOD}},
    [P_MET_THE] = {{1.0, LX_WORD_THE, P_OBJECT}},
    [P_OBJECT] = {{1.0, LX_WORD_PERSON, P_OBJECT_FIRST}},
    [P_OBJECT_FIRST] = {{1.0, LX_WORD_FIRST, P_OBJECT_LAST}},
    [P_OBJECT_LAST] = {{1.0, LX_WORD_LAST, P_TAIL}},
    [P_COUNT] = {{0.7, LX_WORD_A, P_ONE}, {0.3, LX_WORD_TWO, P_MANY}},
    [P_ONE] = {{0.5, LX_WORD_ONE, P_TAIL}, {0.5, LX_WORD_ADJ, P_ONE_BARE}},
    [P_ONE_BARE] = {{1.0, LX_WORD_ONE, P_TAIL}},
    [P_MANY] = {{0.5, LX_WORD_MANY, P_TAIL}, {0.5, LX_WORD_ADJ, P_MANY_BARE}},
    [P_MANY_BARE] = {{1.0, LX_WORD_MANY, P_TAIL}},
    [P_MOOD] = {{1.0, LX_WORD_MOOD, P_STOP}},
    [P_TAIL] = {{0.75, LX_WORD_STOP, P_START}, {0.25, LX_WORD_PLACED, P_WHERE_THE}},
    [P_WHERE_THE] = {{1.0, LX_WORD_THE, P_WHERE}},
    [P_WHERE] = {{1.0, LX_WORD_PLACE, P_STOP}},
    [P_STOP] = {{1.0, LX_WORD_STOP, P_START}},
};

static void open_document(struct lx_journal *m)
{
    m->at = m->sentence = 0;
    m->place = P_START;
    m->said.n = 0;
    m->heard_n = 0;
    m->echo = -1;
    m->subject = -1;
    m->verb = 0;
    m->person = 0;
    m->distance = 0;
    memset(m->last, 0, sizeof(m->last));
    memset(m->name, 0, sizeof(m->name));
}

void lx_journal_open(struct lx_journal *m, const struct lx_journal_rules *rules)
{
    double lo = rules->min_distance, max = rules->max_distance;
    double total = log2(max / lo);

    memset(m, 0, sizeof(*m));
    m->rules = *rules;
    for (; lo < max && m->octaves < LX_JOURNAL_OCTAVES; lo *= 2.0)
        m->octave_weight[m->octaves++] = log2((2.0 * lo < max ? 2.0 * lo : max) / lo) / total;
    open_document(m);
}

static void put(struct lx_journal_dist *out, int token, double p)
{
    out->token[out->n] = (uint16_t)token;
    out->p[out->n++] = p;
}

/* p shared by the words of a class as 1 / (1 + rank), rank = (r + turn) mod n. */
static void spread_ranked(enum lx_journal_class c, int turn, double p, struct lx_journal_dist *out)
{
    int n = lx_journal_size(c), first = lx_journal_first(c);
    double total = 0.0;

    for (int r = 0; r < n; r++)
        total += 1.0 / (1.0 + r);
    for (int r = 0; r < n; r++)
        put(out, first + r, p / (total * (1.0 + (r + turn) % n)));
}

#define NEAR (-1) /* mentioned less than min_distance ago: cannot come now */
#define FREE (-2) /* no fact, or one older than max_distance: a new one is due */

/* The octave of distance that a mention of the person would have here, NEAR or FREE. */
static int octave_of(const struct lx_journal *m, int person)
{
    size_t d, lo = (size_t)m->rules.min_distance;
    int octave = 0;

    if (m->last[person] == 0)
        return FREE;
    d = m->at + 1 - m->last[person];
    if (d < lo)
        return NEAR;
    if (d >= (size_t)m->rules.max_distance)
        return FREE;
    while (d >= 2 * lo) {
        d /= 2;
        octave++;
    }
    return octave;
}

/* An octave is drawn by its share of the logarithmic range, then one of the people in it, each as
 * likely. An empty octave brings in a new fact: one of the free people. With nobody free, empty
 * octaves are left out of the draw. */
static void spread_people(const struct lx_journal *m, double p, struct lx_journal_dist *out)
{
    int octave[LX_JOURNAL_PEOPLE], count[LX_JOURNAL_OCTAVES] = {0}, n_free = 0;
    int first = lx_journal_first(LX_WORD_PERSON);
    double empty = 0.0;

    for (int i = 0; i < m->rules.people; i++) {
        octave[i] = octave_of(m, i);
        if (octave[i] >= 0)
            count[octave[i]]++;
        n_free += octave[i] == FREE;
    }
    for (int o = 0; o < m->octaves; o++)
        empty += count[o] == 0 ? m->octave_weight[o] : 0.0;
    if (n_free == 0)
        p /= 1.0 - empty;
    for (int i = 0; i < m->rules.people; i++) {
        if (octave[i] >= 0)
            put(out, first + i, p * m->octave_weight[octave[i]] / count[octave[i]]);
        else if (octave[i] == FREE && empty > 0.0)
            put(out, first + i, p * empty / n_free);
    }
}

static void spread_names(const struct lx_journal *m, enum lx_journal_class c, double p,
                         struct lx_journal_dist *out)
{
    int first = lx_journal_first(c);

    if (m->distance > 0) {
        put(out, first + m->name[m->person][c == LX_WORD_LAST], p);
        return;
    }
    for (int i = 0; i < m->rules.names; i++)
        put(out, first + i, p / m->rules.names);
}

static void spread(const struct lx_journal *m, enum lx_journal_class c, double p,
                   struct lx_journal_dist *out)
{
    if (c == LX_WORD_PERSON)
        spread_people(m, p, out);
    else if (c == LX_WORD_FIRST || c == LX_WORD_LAST)
        spread_names(m, c, p, out);
    else if (c == LX_WORD_PRONOUN)
        put(out, lx_journal_first(c) + m->subject % 2, p);
    else
        spread_ranked(c, c == LX_WORD_ONE || c == LX_WORD_MANY ? m->verb : 0, p, out);
}

/* Of the sentences that the echo can still be, the i-th back has p ~ 1 / i. */
static void spread_echo(const struct lx_journal *m, struct lx_journal_dist *out)
{
    double total = 0.0;

    for (int i = 0; i < m->heard_n; i++) {
        int token = m->heard[i].token[m->echo], k = 0;

        if (!m->meant[i])
            continue;
        while (k < out->n && out->token[k] != token)
            k++;
        if (k == out->n)
            put(out, token, 0.0);
        out->p[k] += 1.0 / (1.0 + i);
    }
    for (int k = 0; k < out->n; k++)
        total += out->p[k];
    for (int k = 0; k < out->n; k++)
        out->p[k] /= total;
}

/* What may begin a sentence, or end the document. */
static double spread_starts(const struct lx_journal *m, struct lx_journal_dist *out)
{
    double p = 1.0, part;

    if (m->at > 0) {
        part = (double)(m->at - m->sentence) / m->rules.document_tokens;
        put(out, lx_journal_first(LX_WORD_END), part);
        p -= part;
    }
    if (m->heard_n > 0 && m->rules.echo > 0.0) {
        part = p * m->rules.echo;
        put(out, lx_journal_first(LX_WORD_AGAIN), part);
        p -= part;
    }
    return p;
}

void lx_journal_next(const struct lx_journal *m, struct lx_journal_dist *out)
{
    const struct arc *arcs = graph[m->place];
    double p, total = 0.0;
    bool nobody = m->subject < 0;

    out->n = 0;
    if (m->echo >= 0) {
        spread_echo(m, out);
        return;
    }
    p = m->place == P_START ? spread_starts(m, out) : 1.0;
    for (int i = 0; i < MAX_ARCS && arcs[i].p > 0.0; i++)
        total += nobody && arcs[i].words == LX_WORD_PRONOUN ? 0.0 : arcs[i].p;
    for (int i = 0; i < MAX_ARCS && arcs[i].p > 0.0; i++)
        if (!nobody || arcs[i].words != LX_WORD_PRONOUN)
            spread(m, arcs[i].words, p * arcs[i].p / total, out);
}

size_t lx_journal_reach(const struct lx_journal *m)
{
    enum lx_journal_class words = graph[m->place][0].words;

    return words == LX_WORD_FIRST || words == LX_WORD_LAST ? m->distance : 0;
}

static void mention(struct lx_journal *m, int person)
{
    m->person = person;
    m->distance = octave_of(m, person) == FREE ? 0 : m->at + 1 - m->last[person];
    m->last[person] = m->at + 1;
    if (m->place == P_SUBJECT)
        m->subject = person;
}

/* Words between sentences: false if the token is none of them. */
static bool advance_between(struct lx_journal *m, int token)
{
    if (m->place != P_START || m->echo >= 0 || m->at == 0)
        return false;
    if (token == lx_journal_first(LX_WORD_END)) {
        open_document(m);
        return true;
    }
    if (token == lx_journal_first(LX_WORD_AGAIN) && m->heard_n > 0) {
        m->sentence = m->at++;
        m->echo = 0;
        for (int i = 0; i < m->heard_n; i++)
            m->meant[i] = true;
        return true;
    }
    return false;
}

/* Whether an echo can go on with the token; if so it is one of the sentences that do. */
static bool follow(struct lx_journal *m, int token)
{
    bool can = false;

    for (int i = 0; i < m->heard_n; i++)
        can = can || (m->meant[i] && m->heard[i].token[m->echo] == token);
    for (int i = 0; i < m->heard_n && can; i++)
        m->meant[i] = m->meant[i] && m->heard[i].token[m->echo] == token;
    return can;
}

/* Keep what a sentence says; whole sentences go to the front of those heard. */
static void listen(struct lx_journal *m, int token)
{
    bool ends = token == lx_journal_first(LX_WORD_STOP);

    if (m->echo >= 0) {
        m->echo = ends ? -1 : m->echo + 1;
        return;
    }
    if (m->place == P_START) {
        m->sentence = m->at;
        m->said.n = 0;
    }
    m->said.token[m->said.n++] = (uint16_t)token;
    if (!ends)
        return;
    for (int i = LX_JOURNAL_HEARD - 1; i > 0; i--)
        m->heard[i] = m->heard[i - 1];
    m->heard[0] = m->said;
    if (m->heard_n < LX_JOURNAL_HEARD)
        m->heard_n++;
}

/* The arc by which the token leaves this place, NULL: none. */
static const struct arc *find_arc(const struct lx_journal *m, int token)
{
    for (int i = 0; i < MAX_ARCS && graph[m->place][i].p > 0.0; i++) {
        const struct arc *arc = &graph[m->place][i];
        int r = token - lx_journal_first(arc->words);
        int n = arc->words == LX_WORD_PERSON ? m->rules.people : lx_journal_size(arc->words);

        if (r >= 0 && r < n)
            return arc;
    }
    return NULL;
}

bool lx_journal_advance(struct lx_journal *m, int token)
{
    const struct arc *arc;
    int r;

    if (advance_between(m, token))
        return true;
    arc = find_arc(m, token);
    if (arc == NULL || (m->echo >= 0 && !follow(m, token)))
        return false;
    listen(m, token);
    r = token - lx_journal_first(arc->words);
    if (arc->words == LX_WORD_PERSON)
        mention(m, r);
    else if (arc->words == LX_WORD_FIRST || arc->words == LX_WORD_LAST)
        m->name[m->person][arc->words == LX_WORD_LAST] = (uint8_t)r;
    else if (arc->words == LX_WORD_DID)
        m->verb = r;
    m->place = (int)arc->next;
    m->at++;
    return true;
}

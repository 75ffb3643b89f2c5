/* The word lists of the journal, class by class. */
#include "datasets/journal_words.h"

#include <string.h>

/* clang-format off */
static const char *const words[] = {
    /* END STOP AGAIN ON THE A TWO WAS PRONOUN PLACED MET */
    "\n", ".", "again", "on", "the", "a", "two", "was", "she", "he", "at", "near", "behind",
    "met", "saw", "helped", "thanked",
    /* DID DAY */
    "bought", "sold", "found", "lost", "carried", "borrowed", "broke", "hid", "monday", "tuesday",
    "wednesday", "thursday", "friday", "saturday", "sunday",
    /* ADJ MOOD */
    "plain", "red", "small", "heavy", "new", "black", "fine", "strange", "tired", "happy", "ill",
    "hungry", "late", "silent",
    /* ONE MANY */
    "hat", "lamp", "book", "chair", "basket", "key", "coat", "ring", "horse", "letter", "hats",
    "lamps", "books", "chairs", "baskets", "keys", "coats", "rings", "horses", "letters",
    /* PLACE */
    "market", "church", "bridge", "inn", "harbour", "garden", "station", "forest", "tower",
    "school",
    /* PERSON: she, he, she, he, ... */
    "baker", "smith", "nurse", "miller", "widow", "monk", "queen", "king", "aunt", "uncle", "maid",
    "priest", "duchess", "duke", "abbess", "abbot", "weaver", "carpenter", "singer", "mason",
    "dancer", "farmer", "painter", "shepherd", "poet", "fisherman", "teacher", "sailor", "midwife",
    "captain", "seamstress", "soldier", "hostess", "sergeant", "governess", "general", "empress",
    "admiral", "princess", "judge", "countess", "lawyer", "baroness", "clerk", "heiress", "banker",
    "actress", "merchant", "waitress", "butcher", "laundress", "brewer", "milkmaid", "tailor",
    "housemaid", "cobbler", "grandmother", "barber", "mother", "hunter", "sister", "woodsman",
    "daughter", "ferryman", "niece", "postman", "bride", "watchman", "matron", "coachman", "dame",
    "huntsman", "lady", "nobleman", "witch", "emperor", "heroine", "prince", "gardener", "count",
    "herbalist", "baron", "florist", "grandfather", "potter", "father", "spinner", "brother",
    "cook", "son", "librarian", "nephew", "pharmacist", "groom", "botanist", "squire",
    /* FIRST */
    "alex", "sam", "kim", "lee", "chris", "pat", "robin", "jordan", "morgan", "taylor", "casey",
    "jamie", "dana", "drew", "ellis", "avery", "blair", "cameron", "charlie", "corey", "devon",
    "emery", "finley", "frankie", "harley", "hollis", "jesse", "jody", "jules", "kelly", "kendall",
    "kerry", "kit", "leslie", "logan", "marley", "max", "merle", "micah", "noel",
    /* LAST */
    "hill", "reed", "wood", "brook", "stone", "marsh", "ford", "moor", "park", "ash", "birch",
    "hale", "holt", "webb", "grant", "blake", "clark", "cole", "cross", "doyle", "drake", "evans",
    "finch", "fox", "frost", "gibbs", "hart", "hayes", "hobbs", "hughes", "irving", "jones", "kemp",
    "knox", "lamb", "lloyd", "lowe", "moss", "nash", "york",
};

/* clang-format on */

#define N_WORDS ((int)(sizeof(words) / sizeof(words[0])))

static const int sizes[LX_JOURNAL_CLASSES] = {
    [LX_WORD_END] = 1,
    [LX_WORD_STOP] = 1,
    [LX_WORD_AGAIN] = 1,
    [LX_WORD_ON] = 1,
    [LX_WORD_THE] = 1,
    [LX_WORD_A] = 1,
    [LX_WORD_TWO] = 1,
    [LX_WORD_WAS] = 1,
    [LX_WORD_PRONOUN] = 2,
    [LX_WORD_PLACED] = 3,
    [LX_WORD_MET] = 4,
    [LX_WORD_DID] = 8,
    [LX_WORD_DAY] = 7,
    [LX_WORD_ADJ] = 8,
    [LX_WORD_MOOD] = 6,
    [LX_WORD_ONE] = 10,
    [LX_WORD_MANY] = 10,
    [LX_WORD_PLACE] = 10,
    [LX_WORD_PERSON] = LX_JOURNAL_PEOPLE,
    [LX_WORD_FIRST] = LX_JOURNAL_NAMES,
    [LX_WORD_LAST] = LX_JOURNAL_NAMES,
};

_Static_assert(sizeof(words) / sizeof(words[0]) == 76 + LX_JOURNAL_PEOPLE + 2 * LX_JOURNAL_NAMES,
               "the lists and the sizes of their classes disagree");

int lx_journal_size(enum lx_journal_class c)
{
    return sizes[c];
}

int lx_journal_first(enum lx_journal_class c)
{
    int first = 0;

    for (int i = 0; i < (int)c; i++)
        first += sizes[i];
    return first;
}

int lx_journal_vocab(void)
{
    return N_WORDS;
}

const char *lx_journal_word(int token)
{
    return words[token];
}

int lx_journal_token(const char *word, size_t n)
{
    for (int i = 0; i < N_WORDS; i++)
        if (strlen(words[i]) == n && memcmp(words[i], word, n) == 0)
            return i;
    return -1;
}

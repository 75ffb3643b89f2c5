/* Words of the questions dataset. Every filler word stands at one place of one sentence, so that filler
 * costs a model next to nothing once it knows the sentences. */
#include "datasets/questions_words.h"

#include <string.h>

static const char *const signs[] = {"\n", ".", "?", ":", "=", "key"};

static const char *const fillers[LX_QUESTIONS_FILLERS] = {
    "the",  "sky",    "is",  "warm",  /* */
    "we",   "walk",   "to",  "town",  /* */
    "all",  "birds",  "fly", "south", /* */
    "some", "rain",   "may", "fall",  /* */
    "old",  "stones", "lie", "still", /* */
    "here", "comes",  "a",   "boat",
};

static const char consonants[] = "bdfgklmnprstvz", vowels[] = "aeiou";

int lx_questions_sentence(int which, int i)
{
    return i == LX_QUESTIONS_SENTENCE - 1
               ? LX_WORD_STOP
               : LX_WORD_FILLER + which * (LX_QUESTIONS_SENTENCE - 1) + i;
}

/* Consonant, vowel, consonant: 14 * 5 * 14 names, of which neighbours differ in the first letter. */
static void name_text(int i, char out[4])
{
    out[0] = consonants[i % 14];
    out[1] = vowels[i / 14 % 5];
    out[2] = consonants[i / 70 % 14];
    out[3] = '\0';
}

static void word_text(int token, char out[8])
{
    if (token < LX_WORD_DIGIT) {
        strcpy(out, signs[token]);
    } else if (token < LX_WORD_FILLER) {
        out[0] = (char)('0' + token - LX_WORD_DIGIT);
        out[1] = '\0';
    } else if (token < LX_WORD_NAME) {
        strcpy(out, fillers[token - LX_WORD_FILLER]);
    } else {
        name_text(token - LX_WORD_NAME, out);
    }
}

void lx_questions_text(int token, struct lx_buf *out)
{
    char word[8];

    word_text(token, word);
    if (token != LX_WORD_END)
        lx_buf_add(out, " ");
    lx_buf_add(out, word);
}

int lx_questions_token(const char *word, size_t n, int vocab)
{
    char text[8];

    for (int t = 0; t < vocab; t++) {
        word_text(t, text);
        if (strlen(text) == n && memcmp(text, word, n) == 0)
            return t;
    }
    return -1;
}

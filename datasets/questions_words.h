/* The words of the questions dataset: signs, digits, filler, and made-up names (bab, beb, ...). */
#ifndef LX_DATASETS_QUESTIONS_WORDS_H
#define LX_DATASETS_QUESTIONS_WORDS_H

#include <stddef.h>

#include "core/buf.h"

#define LX_QUESTIONS_SENTENCES 6
#define LX_QUESTIONS_SENTENCE 5 /* tokens of each, the full stop included */
#define LX_QUESTIONS_FILLERS (LX_QUESTIONS_SENTENCES * (LX_QUESTIONS_SENTENCE - 1))
#define LX_QUESTIONS_NAMES 512

/* The first token of each kind. */
enum lx_questions_word {
    LX_WORD_END, /* line break */
    LX_WORD_STOP,
    LX_WORD_QUESTION,
    LX_WORD_COLON,
    LX_WORD_EQUALS,
    LX_WORD_KEY,
    LX_WORD_DIGIT,                                        /* 0 .. 9 */
    LX_WORD_FILLER = LX_WORD_DIGIT + 10,                  /* the words of the sentences */
    LX_WORD_NAME = LX_WORD_FILLER + LX_QUESTIONS_FILLERS, /* up to LX_QUESTIONS_NAMES */
};

/* Token i of a sentence. */
int lx_questions_sentence(int which, int i);

/* Append the text of a token: a space and the word, or a line break alone. */
void lx_questions_text(int token, struct lx_buf *out);

/* The token below `vocab` that is written so, without the space; -1: none. */
int lx_questions_token(const char *word, size_t n, int vocab);

#endif

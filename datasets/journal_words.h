/* The words of the journal: every token is a word, and words come in classes.
 *
 * Tokens of a class are consecutive. The numbering is part of the dataset's definition: changing a
 * word or its place changes what a seed yields. */
#ifndef LX_DATASETS_JOURNAL_WORDS_H
#define LX_DATASETS_JOURNAL_WORDS_H

#include <stddef.h>

enum lx_journal_class {
    LX_WORD_END,     /* end of document                                  */
    LX_WORD_STOP,    /* .                                                */
    LX_WORD_AGAIN,   /* again: a sentence of late follows once more       */
    LX_WORD_ON,      /* on                                               */
    LX_WORD_THE,     /* the                                              */
    LX_WORD_A,       /* a: one thing follows                             */
    LX_WORD_TWO,     /* two: things follow                               */
    LX_WORD_WAS,     /* was                                              */
    LX_WORD_PRONOUN, /* she, he                                          */
    LX_WORD_PLACED,  /* at, near, behind                                   */
    LX_WORD_MET,     /* verbs whose object is a person                   */
    LX_WORD_DID,     /* verbs whose object is a thing                    */
    LX_WORD_DAY,     /* monday ...                                       */
    LX_WORD_ADJ,     /* of things                                        */
    LX_WORD_MOOD,    /* of persons                                       */
    LX_WORD_ONE,     /* things, singular                                 */
    LX_WORD_MANY,    /* the same things in the same order, plural        */
    LX_WORD_PLACE,   /* where                                            */
    LX_WORD_PERSON,  /* the key of a fact; even: "she", odd: "he"        */
    LX_WORD_FIRST,   /* first half of the value of a fact: a first name    */
    LX_WORD_LAST,    /* second half: a last name                          */
    LX_JOURNAL_CLASSES
};

#define LX_JOURNAL_PEOPLE 96 /* words of class PERSON */
#define LX_JOURNAL_NAMES 40  /* words of class FIRST, and of class LAST */

int lx_journal_first(enum lx_journal_class c);    /* first token of the class        */
int lx_journal_size(enum lx_journal_class c);     /* number of words in the class    */
int lx_journal_vocab(void);                       /* number of words                 */
const char *lx_journal_word(int token);           /* the end of a document is a "\n" */
int lx_journal_token(const char *word, size_t n); /* -1: unknown */

#endif

/* What every unit test includes: cmocka, and asserts that print both values.
 *
 * One executable a topic; test functions are static, each listed once in main, so that an unlisted
 * test is an unused-function error. Output is TAP, read by prove. */
#ifndef LX_TESTS_CHECK_H
#define LX_TESTS_CHECK_H

/* cmocka.h needs the four before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"

/* The call must succeed; prints the error text otherwise. Needs a `struct lx_err err` in scope. */
#define CHECK_OK(call)                                                                             \
    do {                                                                                           \
        if ((call) != LX_OK)                                                                       \
            fail_msg("%s: %s", #call, err.text);                                                   \
    } while (0)

/* The call must fail with this code, and the text must contain `part`. */
#define CHECK_FAILS(call, want, part)                                                              \
    do {                                                                                           \
        enum lx_code got_ = (call);                                                                \
        if (got_ != (want))                                                                        \
            fail_msg("%s: code %d, expected %d", #call, (int)got_, (int)(want));                   \
        if (strstr(err.text, (part)) == NULL)                                                      \
            fail_msg("%s: \"%s\" lacks \"%s\"", #call, err.text, (part));                          \
    } while (0)

/* |got - want| <= tol, NaN never passes. */
#define CHECK_NEAR(got, want, tol)                                                                 \
    do {                                                                                           \
        double got_ = (double)(got), want_ = (double)(want);                                       \
        if (!(fabs(got_ - want_) <= (double)(tol)))                                                \
            fail_msg("%s = %.9g, expected %.9g within %.3g", #got, got_, want_, (double)(tol));    \
    } while (0)

#define CHECK_MAIN(tests)                                                                          \
    int main(void)                                                                                 \
    {                                                                                              \
        cmocka_set_message_output(CM_OUTPUT_TAP);                                                  \
        return cmocka_run_group_tests_name(__FILE__, tests, NULL, NULL);                           \
    }

#endif

/* Commit, compiler and clock; see provenance.h. The Makefile compiles this file again when the commit is
 * another, and nothing else. */
#include "core/provenance.h"

#include <string.h>
#include <time.h>

#ifndef LX_COMMIT
#define LX_COMMIT "unknown"
#endif

const char *const lx_build_commit = LX_COMMIT;

#if defined(__clang__)
const char *const lx_build_compiler = __VERSION__;
#else
const char *const lx_build_compiler = "GCC " __VERSION__;
#endif

void lx_utc_now(char out[LX_UTC_SIZE])
{
    time_t now = time(NULL);
    struct tm utc;

    if (gmtime_r(&now, &utc) == NULL ||
        strftime(out, LX_UTC_SIZE, "%Y-%m-%dT%H:%M:%SZ", &utc) != LX_UTC_SIZE - 1)
        memcpy(out, "0000-00-00T00:00:00Z", LX_UTC_SIZE);
}

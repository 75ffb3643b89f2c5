/* Who computed, and when: for runs.csv and for registrations. */
#ifndef LX_CORE_PROVENANCE_H
#define LX_CORE_PROVENANCE_H

/* The commit that the program was built from, "-dirty" after it where files differed from it; "unknown"
 * outside of a repository of its own. */
extern const char *const lx_build_commit;

/* The compiler and its version. */
extern const char *const lx_build_compiler;

enum { LX_UTC_SIZE = 21 };
/* The time, "2026-01-31T23:59:59Z". */
void lx_utc_now(char out[LX_UTC_SIZE]);

#endif

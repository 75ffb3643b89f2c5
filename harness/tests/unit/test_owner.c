/* Names of temp files: who made them, and whether that process will write on. */
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/owner.h"
#include "system/fs.h"
#include "tests/unit/check.h"

static enum lx_owner_state of(const char *owner, long pid)
{
    char name[256];

    (void)snprintf(name, sizeof(name), "metrics.csv.tmp-%s-%ld-3", owner, pid);
    return lx_owner_of(name);
}

static void a_live_process_is_known_from_a_dead_one(void **state)
{
    char owner[LX_OWNER_SIZE], twice[256];
    pid_t pid;

    (void)state;
    lx_owner(owner);
    assert_int_equal(of(owner, (long)getpid()), LX_OWNER_ALIVE);
    (void)snprintf(twice, sizeof(twice), "a.tmp-%s-99999999-0.tmp-%s-%ld-0", owner, owner,
                   (long)getpid());
    assert_int_equal(lx_owner_of(twice), LX_OWNER_ALIVE); /* the last says who writes it */
    (void)snprintf(twice, sizeof(twice), "a.tmp-%s-%ld-0.tmp-%s-99999999-0", owner, (long)getpid(),
                   owner);
    assert_int_equal(lx_owner_of(twice), LX_OWNER_GONE);
    pid = fork();
    if (pid == 0)
        _exit(0);
    while (of(owner, (long)pid) == LX_OWNER_ALIVE)
        (void)sched_yield();
    assert_int_equal(of(owner, (long)pid), LX_OWNER_GONE); /* ended, and not yet waited for */
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(of(owner, (long)pid), LX_OWNER_GONE);
}

/* The same host name in another namespace, or before the machine was started anew: its process ids say
 * nothing here. */
static void other_owners_are_not_judged_by_process_ids(void **state)
{
    char owner[LX_OWNER_SIZE], host[LX_HOST_SIZE];

    (void)state;
    lx_owner(owner);
    lx_host(host);
    assert_int_equal(strncmp(owner, host, strlen(host)), 0);
    assert_int_equal(of(host, 99999999), LX_OWNER_UNKNOWN);
    owner[strlen(owner) - 1] = owner[strlen(owner) - 1] == '0' ? '1' : '0';
    assert_int_equal(of(owner, 99999999), LX_OWNER_UNKNOWN);
    assert_int_equal(of(owner, (long)getpid()), LX_OWNER_UNKNOWN);
}

static void other_names_are_none_of_ours(void **state)
{
    static const char *const names[] = {"metrics.csv",    "a.tmp-",       "a.tmp-host",
                                        "a.tmp-host-",    "a.tmp-host-1", "a.tmp-host-1-",
                                        "a.tmp-host-1-x", "a.tmp-h-x-1",  ""};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_int_equal(lx_owner_of(names[i]), LX_OWNER_NONE);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_live_process_is_known_from_a_dead_one),
    cmocka_unit_test(other_owners_are_not_judged_by_process_ids),
    cmocka_unit_test(other_names_are_none_of_ours),
};

CHECK_MAIN(tests)

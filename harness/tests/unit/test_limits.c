/* Memory and processors that a process may use, from made-up trees of /proc and control groups. */
#define _GNU_SOURCE

#include <sched.h>
#include <unistd.h>

#include "system/fs.h"
#include "system/limits.h"
#include "tests/unit/folder_rig.h"

#define MIB 1048576.0

static struct lx_err err;

static void put(const char *path, const char *text)
{
    char full[512], *slash;

    (void)snprintf(full, sizeof(full), "%s%s", folder, path);
    slash = strrchr(full, '/');
    *slash = '\0';
    CHECK_OK(lx_fs_mkdir(full, &err));
    *slash = '/';
    CHECK_OK(lx_fs_write(full, text, strlen(text), &err));
}

static void check_memory(double mib)
{
    CHECK_NEAR((double)lx_limits_memory(folder), mib * MIB, 0.5);
}

static void nobody_says(void **state)
{
    (void)state;
    assert_int_equal(lx_limits_memory(folder), 0);
    assert_true(lx_limits_cpus(folder) >= 1);
    put("/proc/meminfo", "MemTotal: many\nMemAvailable: no\n");
    put("/proc/self/cgroup", "garbage\n\n4:memory\n0::");
    assert_int_equal(lx_limits_memory(folder), 0);
}

static void the_machine_says(void **state)
{
    (void)state;
    put("/proc/meminfo",
        "MemTotal:       9999999 kB\nMemAvailable:    2048000 kB\nBuffers: 1 kB\n");
    check_memory(2000);
    put("/proc/self/cgroup", "0::/user.slice\n");
    put("/sys/fs/cgroup/user.slice/memory.max", "max\n");
    put("/sys/fs/cgroup/user.slice/memory.current", "123\n");
    check_memory(2000);
}

/* The tightest of nested groups counts, and what files cache is given back first. */
static void version_2(void **state)
{
    (void)state;
    put("/proc/meminfo", "MemAvailable:    2048000 kB\n");
    put("/proc/self/cgroup", "0::/pod/box\n");
    put("/sys/fs/cgroup/pod/box/memory.max", "1048576000\n");
    put("/sys/fs/cgroup/pod/box/memory.current", "104857600\n");
    check_memory(900);
    put("/sys/fs/cgroup/pod/box/memory.stat", "anon 5\ninactive_file 52428800\nactive_file 7\n");
    check_memory(950);
    put("/sys/fs/cgroup/pod/memory.max", "524288000\n");
    put("/sys/fs/cgroup/pod/memory.current", "209715200\n");
    check_memory(300);
    put("/sys/fs/cgroup/pod/memory.current", "524288001\n");
    assert_int_equal(lx_limits_memory(folder), 1); /* nothing left is not "nobody says" */
}

static void version_1(void **state)
{
    (void)state;
    put("/proc/meminfo", "MemAvailable:    2048000 kB\n");
    put("/proc/self/cgroup", "5:cpu,cpuacct:/\n4:memory:/jobs/7\n1:name=systemd:/memory\n");
    put("/sys/fs/cgroup/memory/jobs/7/memory.limit_in_bytes", "9223372036854771712\n");
    put("/sys/fs/cgroup/memory/jobs/7/memory.usage_in_bytes", "1048576\n");
    check_memory(2000);
    put("/sys/fs/cgroup/memory/jobs/memory.limit_in_bytes", "104857600\n");
    put("/sys/fs/cgroup/memory/jobs/memory.usage_in_bytes", "62914560\n");
    put("/sys/fs/cgroup/memory/jobs/memory.stat",
        "inactive_file 1\ntotal_inactive_file 20971520\n");
    check_memory(60);
}

/* A container without a name space of its own reads its host's path, which it cannot see. */
static void a_container_is_its_own_top(void **state)
{
    (void)state;
    put("/proc/self/cgroup", "4:memory:/docker/abcdef\n");
    put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "104857600\n");
    put("/sys/fs/cgroup/memory/memory.usage_in_bytes", "0\n");
    check_memory(100);
}

static void processors(void **state)
{
    cpu_set_t all, one;
    int most = lx_limits_cpus(folder);

    (void)state;
    put("/proc/self/cgroup", "0::/box\n");
    put("/sys/fs/cgroup/box/cpu.max", "max 100000\n");
    assert_int_equal(lx_limits_cpus(folder), most);
    put("/sys/fs/cgroup/box/cpu.max", "100000 100000\n");
    assert_int_equal(lx_limits_cpus(folder), 1);
    put("/sys/fs/cgroup/box/cpu.max", "110000 100000\n"); /* 1.1: two, each at times */
    assert_int_equal(lx_limits_cpus(folder), most < 2 ? most : 2);
    put("/proc/self/cgroup", "3:cpu,cpuacct:/box\n");
    put("/sys/fs/cgroup/cpu/box/cpu.cfs_quota_us", "-1\n");
    put("/sys/fs/cgroup/cpu/box/cpu.cfs_period_us", "100000\n");
    assert_int_equal(lx_limits_cpus(folder), most);
    put("/sys/fs/cgroup/cpu/box/cpu.cfs_quota_us", "25000\n");
    assert_int_equal(lx_limits_cpus(folder), 1);
    put("/proc/self/cgroup", "");
    assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
    CPU_ZERO(&one);
    for (size_t i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++)
        if (CPU_ISSET(i, &all))
            CPU_SET(i, &one);
    assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
    assert_int_equal(lx_limits_cpus(folder), 1);
    assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
}

static void this_machine(void **state)
{
    (void)state;
    assert_true(lx_limits_memory("") > 1000000);
    assert_true(lx_limits_cpus("") >= 1 && lx_limits_cpus("") <= sysconf(_SC_NPROCESSORS_ONLN));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(nobody_says, make_folder, remove_folder),
    cmocka_unit_test_setup_teardown(the_machine_says, make_folder, remove_folder),
    cmocka_unit_test_setup_teardown(version_2, make_folder, remove_folder),
    cmocka_unit_test_setup_teardown(version_1, make_folder, remove_folder),
    cmocka_unit_test_setup_teardown(a_container_is_its_own_top, make_folder, remove_folder),
    cmocka_unit_test_setup_teardown(processors, make_folder, remove_folder),
    cmocka_unit_test(this_machine),
};

CHECK_MAIN(tests)

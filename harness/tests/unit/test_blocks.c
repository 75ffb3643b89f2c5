/* Blocks of a folder: their means are the NLL of metrics.csv, found by the row they belong to, packed or
 * not; and what is refused. */
#include <unistd.h>

#include "study/blocks.h"
#include "system/fs.h"
#include "tests/unit/folder_rig.h"

static const char METRICS[] =
    "experiment,cell,encoding,evaluated_as,dataset,split,seed,train_length,eval_length,mode,stride,"
    "metric,layer,head,position_lo,position_hi,value,stderr,tokens,windows,status,protocol\n"
    "toy,c1,a,a,d,valid,1,4,8,last,2,nll,,,,,1.5,,10,5,ok,longshot-2\n"
    "toy,c1,a,a,d,valid,1,4,8,nonoverlapping,,nll,,,,,2,,20,5,ok,longshot-2\n"
    "toy,c2,a,a,d,valid,2,4,8,last,2,nll,,,,,1.5,,10,5,ok,longshot-2\n";

#define HEADER "cell,evaluated_as,eval_length,mode,stride,block,tokens,nll_sum\n"
static const char BLOCKS[] = HEADER "c1,a,8,nonoverlapping,,0,7,20\n"
                                    "c1,a,8,nonoverlapping,,1,7,12\n"
                                    "c1,a,8,nonoverlapping,,2,6,8\n"
                                    "c1,a,8,last,2,0,5,9\n"
                                    "c1,a,8,last,2,1,5,6\n"
                                    "gone,a,8,last,2,0,5,9\n"
                                    "c1,a,4,last,2,0,5,9\n";

static char path[128];
static struct lx_rows rows;
static struct lx_arena arena;
static struct lx_err err;

static int begin(void **state)
{
    if (make_folder(state) != 0)
        return 1;
    (void)snprintf(path, sizeof(path), "%s/metrics.csv", folder);
    return lx_fs_write(path, METRICS, strlen(METRICS), &err) || lx_rows_read(path, &rows, &err);
}

static int end(void **state)
{
    lx_rows_free(&rows);
    lx_arena_free(&arena);
    return remove_folder(state);
}

static enum lx_code read_text(const char *text, struct lx_block_list *list)
{
    (void)snprintf(path, sizeof(path), "%s/blocks.csv", folder);
    CHECK_OK(lx_fs_write(path, text, strlen(text), &err));
    return lx_blocks_read(path, &rows, &arena, list, &err);
}

static void check_list(const struct lx_block_list *list)
{
    const struct lx_blocks *last = lx_blocks_of(list, &rows.row[0]);
    const struct lx_blocks *other = lx_blocks_of(list, &rows.row[1]);

    assert_int_equal(list->n, 3);
    assert_non_null(last);
    assert_int_equal(last->n, 2);
    CHECK_NEAR((last->y[0] + last->y[1]) / 2, rows.row[0].value, 1e-14);
    CHECK_NEAR(last->y[0], 1.8, 1e-14);
    assert_non_null(other);
    assert_int_equal(other->n, 3);
    CHECK_NEAR((other->y[0] + other->y[1] + other->y[2]) / 3, rows.row[1].value, 1e-14);
    assert_null(lx_blocks_of(list, &rows.row[2])); /* a cell without blocks */
}

static void blocks_are_found_by_their_row(void **state)
{
    struct lx_buf packed = {0};
    struct lx_block_list list;

    (void)state;
    CHECK_OK(read_text(BLOCKS, &list));
    check_list(&list);
    (void)snprintf(path, sizeof(path), "%s/blocks.csv.gz", folder);
    CHECK_OK(lx_gzip(BLOCKS, strlen(BLOCKS), &packed, &err));
    CHECK_OK(lx_fs_write(path, packed.text, packed.len, &err));
    CHECK_OK(lx_blocks_read(path, &rows, &arena, &list, &err));
    check_list(&list);
    lx_buf_free(&packed);
    CHECK_OK(read_text(HEADER, &list));
    assert_null(lx_blocks_of(&list, &rows.row[0]));
}

static void broken_files_are_refused(void **state)
{
    static const struct {
        const char *text, *message;
    } wrong[] = {
        {"cell,evaluated_as\n", "the column 'eval_length' is missing"},
        {HEADER "c1,a,8,last,2,1,5,9\n", "line 2: block: must count 0, 1, .. to 63 at most, got 1"},
        {HEADER "c1,a,8,last,2,0,5,9\nc1,a,8,last,2,2,5,9\n", "line 3: block: must count 0, 1, .."},
        {HEADER "c1,a,8,last,2,0,5,9\nc1,a,4,last,2,1,5,9\n", "line 3: block: must count 0, 1, .."},
        {HEADER "c1,a,8,last,2,0,5,9\nc1,a,8,last,2,0,5,9\n", "line 3: block: must count 0, 1, .."},
        {HEADER "c1,a,8,last,2,0,5,9\nc1,a,4,last,2,0,5,9\nc1,a,8,last,2,0,5,9\n",
         "two sets of blocks of one evaluation (c1, last)"},
        {HEADER "c1,a,8,last,2,0,0,9\n", "tokens: must be a number of at least 1, got '0'"},
        {HEADER "c1,a,8,last,2,0,5,-9\n", "nll_sum: must be a number of at least 0, got '-9'"},
        {HEADER "c1,a,8,last,2,0,5,nan\n", "nll_sum: must be a number of at least 0, got 'nan'"},
        {HEADER "c1,a,,last,2,0,5,1\n", "eval_length: must be a number of at least 1, got ''"},
    };
    struct lx_block_list list;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        CHECK_FAILS(read_text(wrong[i].text, &list), LX_EFORMAT, wrong[i].message);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

static const struct CMUnitTest tests[] = {
    TEST(blocks_are_found_by_their_row),
    TEST(broken_files_are_refused),
};

CHECK_MAIN(tests)

/* What a run does to files, in order, for those who rebuild the disk as a power cut may leave it. */
#ifndef LX_TESTS_FAULT_RECORD_H
#define LX_TESTS_FAULT_RECORD_H

#include <sys/types.h>

/* Each takes what a call gave and was given, appends one record to the file that LX_FAULT_RECORD names if it
 * went well, and gives back what the call gave. Without that file it does nothing more. `at` is the folder of a
 * relative path, AT_FDCWD for that of the process. errno stays as it is. */
int lx_record_open(int fd, int flags);
ssize_t lx_record_write(ssize_t n, int fd,
                        const void *data); /* n bytes that end where the file is now */
int lx_record_sync(int rc, int fd);
int lx_record_mkdir(int rc, const char *path);
int lx_record_rename(int rc, const char *from, const char *to, unsigned flags);
int lx_record_remove(int rc, int at, const char *path);

#endif

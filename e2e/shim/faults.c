/* A disk that fails when told to. Loaded into Cinelog with LD_PRELOAD, by tests alone.
 *
 * CINELOG_FAULTS names a file whose lines say what fails:
 *
 *     full PREFIX     write, pwrite, ftruncate, fallocate: ENOSPC; half of what is written still fits
 *     nosync PREFIX   fsync, fdatasync: EIO; what was written before stays in the page cache
 *
 * for every file whose path begins with PREFIX. The file is read at each call, so that a test can
 * change its mind; it is replaced by renaming, so that nobody reads half of it. Whatever goes wrong in
 * here lets the call through: tests look at what Cinelog does, and would notice.
 *
 * It calls the kernel itself, and keeps no state, so that it is safe in any thread and any order.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { ORDERS_BYTES_MAX = 8192 };

/* Whether the orders say that `what` fails for the file behind `fd`. */
static int fails(const char *what, int fd)
{
    const char *orders_path = getenv("CINELOG_FAULTS");
    char orders[ORDERS_BYTES_MAX], link[64], path[PATH_MAX];
    int saved = errno, found = 0;
    if (!orders_path)
        return 0;
    int orders_fd = syscall(SYS_openat, AT_FDCWD, orders_path, O_RDONLY | O_CLOEXEC);
    if (orders_fd < 0)
        goto out;
    ssize_t length = syscall(SYS_read, orders_fd, orders, sizeof orders - 1);
    syscall(SYS_close, orders_fd);
    if (length <= 0)
        goto out;
    orders[length] = 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t path_length = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
    if (path_length <= 0)
        goto out;
    path[path_length] = 0;
    size_t what_length = strlen(what);
    char *rest = NULL;
    for (char *line = strtok_r(orders, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        if (strncmp(line, what, what_length) != 0 || line[what_length] != ' ')
            continue;
        const char *prefix = line + what_length + 1;
        if (strncmp(path, prefix, strlen(prefix)) == 0)
            found = 1;
    }
out:
    errno = saved;
    return found;
}

static int no_space(void)
{
    errno = ENOSPC;
    return -1;
}

/* How much of a write still fits. */
static size_t fitting(size_t count)
{
    return count / 2;
}

ssize_t write(int fd, const void *from, size_t count)
{
    if (fails("full", fd)) {
        if (fitting(count) == 0)
            return no_space();
        count = fitting(count);
    }
    return syscall(SYS_write, fd, from, count);
}

ssize_t pwrite64(int fd, const void *from, size_t count, off64_t at)
{
    if (fails("full", fd)) {
        if (fitting(count) == 0)
            return no_space();
        count = fitting(count);
    }
    return syscall(SYS_pwrite64, fd, from, count, at);
}

ssize_t pwrite(int fd, const void *from, size_t count, off_t at)
{
    return pwrite64(fd, from, count, at);
}

ssize_t writev(int fd, const struct iovec *from, int count)
{
    if (fails("full", fd))
        return no_space();
    return syscall(SYS_writev, fd, from, count);
}

ssize_t copy_file_range(int in, off64_t *in_at, int out, off64_t *out_at, size_t count,
                        unsigned int flags)
{
    if (fails("full", out))
        return no_space();
    return syscall(SYS_copy_file_range, in, in_at, out, out_at, count, flags);
}

ssize_t sendfile64(int out, int in, off64_t *at, size_t count)
{
    if (fails("full", out))
        return no_space();
    return syscall(SYS_sendfile, out, in, at, count);
}

ssize_t sendfile(int out, int in, off_t *at, size_t count)
{
    return sendfile64(out, in, at, count);
}

int ftruncate64(int fd, off64_t length)
{
    if (fails("full", fd))
        return no_space();
    return syscall(SYS_ftruncate, fd, length);
}

int ftruncate(int fd, off_t length)
{
    return ftruncate64(fd, length);
}

int fallocate64(int fd, int mode, off64_t at, off64_t length)
{
    if (fails("full", fd))
        return no_space();
    return syscall(SYS_fallocate, fd, mode, at, length);
}

int fallocate(int fd, int mode, off_t at, off_t length)
{
    return fallocate64(fd, mode, at, length);
}

/* Gives the error itself, unlike the others. */
int posix_fallocate64(int fd, off64_t at, off64_t length)
{
    if (fails("full", fd))
        return ENOSPC;
    int saved = errno;
    int error = syscall(SYS_fallocate, fd, 0, at, length) == 0 ? 0 : errno;
    errno = saved;
    return error;
}

int posix_fallocate(int fd, off_t at, off_t length)
{
    return posix_fallocate64(fd, at, length);
}

static int broken(void)
{
    errno = EIO;
    return -1;
}

int fsync(int fd)
{
    if (fails("nosync", fd))
        return broken();
    return syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    if (fails("nosync", fd))
        return broken();
    return syscall(SYS_fdatasync, fd);
}

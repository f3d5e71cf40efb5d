/* Stands between a program and the system (LD_PRELOAD), for calls that touch files under one folder. It can let the
 * Nth of them fail, end the program there as `kill -9` or write down what was called.
 *
 *   FAULT_UNDER   the folder
 *   FAULT_CALLS   which calls count: "write" (everything that changes something) or "read"
 *   FAULT_AT      which of them, from 1
 *   FAULT_DO      what happens there: "eio", "enospc", "short" (half is written, then nothing fits) or "kill"
 *   FAULT_STAYS   if set, all later ones fail too; of "enospc" those alone that need room, as on a full disk
 *   FAULT_HIT     a file that is made where a call failed
 *   FAULT_LOG     a file that gets a line for each call, and what was written: "CALL OFFSET LENGTH PATH\n" and bytes
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static const char *under, *calls, *deed;
static long at;
static int stays, record = -1;
static atomic_long count;

__attribute__((constructor)) static void begin(void) {
    const char *log = getenv("FAULT_LOG"), *number = getenv("FAULT_AT");
    under = getenv("FAULT_UNDER");
    calls = getenv("FAULT_CALLS");
    deed = getenv("FAULT_DO");
    at = number ? atol(number) : 0;
    stays = getenv("FAULT_STAYS") != NULL;
    if (log) record = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static int is(const char *value, const char *word) { return value && strcmp(value, word) == 0; }

/* Whether a path is the folder under test, or in it. */
static int within(const char *path) {
    if (!under || !path) return 0;
    size_t length = strlen(under);
    if (length && under[length - 1] == '/') length--;
    return strncmp(path, under, length) == 0 && (path[length] == 0 || path[length] == '/');
}

/* The path behind a descriptor. */
static const char *path_of(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    long length = syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_MAX);
    path[length > 0 ? length : 0] = 0;
    return path;
}

/* The path of a name in an open folder. */
static const char *path_in(int folder, const char *name, char *path) {
    if (folder == AT_FDCWD || *name == '/') return name;
    if (!path_of(folder, path) || strlen(path) + strlen(name) + 1 > PATH_MAX) return NULL;
    return strcat(strcat(path, "/"), name);
}

static void note(const char *call, const char *path, const void *bytes, long offset, size_t length) {
    char line[PATH_MAX + 64];
    if (record < 0) return;
    int head = snprintf(line, sizeof line, "%s %ld %zu %s\n", call, offset, bytes ? length : 0, path);
    struct iovec parts[2] = {{line, head}, {(void *)bytes, bytes ? length : 0}};
    if (syscall(SYS_writev, record, parts, 2) < 0) abort();
}

/* Whether a call fails now, with errno set; `room` says whether it needs room on the disk. */
static int fails(const char *kind, const char *path, int room) {
    if (!is(calls, kind) || !within(path)) return 0;
    long now = ++count;
    if (now == at && is(deed, "kill")) raise(SIGKILL);
    int hit = now == at || (stays && at && now > at);
    if (!hit || !deed) return 0;
    int full = !is(deed, "eio");
    if (full && stays && !room) return 0;
    const char *mark = getenv("FAULT_HIT");
    if (mark) close(syscall(SYS_openat, AT_FDCWD, mark, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    errno = full ? ENOSPC : EIO;
    return 1;
}

static int opened(const char *path, int flags, mode_t mode) {
    int makes = (flags & O_CREAT) != 0;
    int fresh = makes && syscall(SYS_faccessat, AT_FDCWD, path, F_OK) != 0;
    int saved = errno;
    if (fails(makes ? "write" : "read", path, fresh)) return -1;
    errno = saved;
    if (within(path) && fresh) note("create", path, NULL, 0, 0);
    else if (within(path) && (flags & O_TRUNC)) note("truncate", path, NULL, 0, 0);
    return syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

#define OPEN(name)                                      \
    int name(const char *path, int flags, ...) {        \
        va_list more;                                   \
        va_start(more, flags);                          \
        mode_t mode = va_arg(more, mode_t);             \
        va_end(more);                                   \
        return opened(path, flags, mode);     \
    }
OPEN(open)
OPEN(open64)

int openat64(int folder, const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    mode_t mode = va_arg(more, mode_t);
    va_end(more);
    char joined[PATH_MAX + 1];
    return opened(path_in(folder, path, joined), flags, mode);
}

ssize_t write(int fd, const void *bytes, size_t length) {
    char path[PATH_MAX + 1];
    if (fd == 1) note("say", "-", bytes, 0, length);
    if (fails("write", path_of(fd, path), 1)) {
        if (!is(deed, "short") || length < 2) return -1;
        length /= 2;
    }
    if (within(path)) note("write", path, bytes, lseek(fd, 0, SEEK_CUR), length);
    return syscall(SYS_write, fd, bytes, length);
}

ssize_t writev(int fd, const struct iovec *parts, int number) {
    while (number > 1 && parts->iov_len == 0) parts++, number--;
    return number > 0 ? write(fd, parts->iov_base, parts->iov_len) : 0;
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) {
    char path[PATH_MAX + 1];
    if (fails("write", path_of(fd, path), 1)) {
        if (!is(deed, "short") || length < 2) return -1;
        length /= 2;
    }
    if (within(path)) note("write", path, bytes, offset, length);
    return syscall(SYS_pwrite64, fd, bytes, length, offset);
}

/* Whoever copies falls back on reading and writing, which is seen. */
ssize_t copy_file_range(int in, off64_t *from, int out, off64_t *to, size_t length, unsigned flags) {
    (void)in, (void)from, (void)out, (void)to, (void)length, (void)flags;
    errno = ENOSYS;
    return -1;
}

ssize_t sendfile64(int out, int in, off64_t *from, size_t length) {
    (void)out, (void)in, (void)from, (void)length;
    errno = ENOSYS;
    return -1;
}

int ftruncate64(int fd, off64_t length) {
    char path[PATH_MAX + 1];
    struct stat now = {0};
    fstat(fd, &now);
    if (fails("write", path_of(fd, path), length > now.st_size)) return -1;
    if (within(path)) note("truncate", path, NULL, length, 0);
    return syscall(SYS_ftruncate, fd, length);
}

int fsync(int fd) {
    char path[PATH_MAX + 1];
    if (fails("write", path_of(fd, path), 0)) return -1;
    if (within(path)) note("sync", path, NULL, 0, 0);
    return 0; /* the power stays on: only the time would be spent */
}

int fdatasync(int fd) { return fsync(fd); }

int fchmod(int fd, mode_t mode) {
    char path[PATH_MAX + 1];
    return fails("write", path_of(fd, path), 0) ? -1 : syscall(SYS_fchmod, fd, mode);
}

int chmod(const char *path, mode_t mode) {
    return fails("write", path, 0) ? -1 : syscall(SYS_fchmodat, AT_FDCWD, path, mode);
}

int mkdir(const char *path, mode_t mode) {
    if (fails("write", path, 1)) return -1;
    if (within(path)) note("mkdir", path, NULL, 0, 0);
    return syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}

int rename(const char *from, const char *to) {
    if (fails("write", from, 0)) return -1;
    /* What it is renamed to stands in the place of what was written. */
    if (within(from)) note("rename", from, to, 0, strlen(to));
    return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int link(const char *from, const char *to) {
    if (fails("write", from, 0)) return -1;
    if (within(from)) note("link", from, to, 0, strlen(to));
    return syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlink(const char *path) {
    if (fails("write", path, 0)) return -1;
    if (within(path)) note("unlink", path, NULL, 0, 0);
    return syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

int mkdirat(int folder, const char *name, mode_t mode) {
    char path[PATH_MAX + 1];
    return mkdir(path_in(folder, name, path), mode);
}

int renameat2(int old, const char *from, int new, const char *to, unsigned flags) {
    char source[PATH_MAX + 1], target[PATH_MAX + 1];
    const char *path = path_in(old, from, source), *other = path_in(new, to, target);
    if (fails("write", path, 0)) return -1;
    if (within(path)) note("rename", path, other, 0, strlen(other));
    return syscall(SYS_renameat2, AT_FDCWD, path, AT_FDCWD, other, flags);
}

int renameat(int old, const char *from, int new, const char *to) { return renameat2(old, from, new, to, 0); }

int linkat(int old, const char *from, int new, const char *to, int flags) {
    char source[PATH_MAX + 1], target[PATH_MAX + 1];
    (void)flags;
    return link(path_in(old, from, source), path_in(new, to, target));
}

int unlinkat(int folder, const char *name, int flags) {
    char path[PATH_MAX + 1];
    const char *it = path_in(folder, name, path);
    if (fails("write", it, 0)) return -1;
    if (within(it)) note("unlink", it, NULL, 0, 0);
    return syscall(SYS_unlinkat, AT_FDCWD, it, flags);
}

ssize_t read(int fd, void *bytes, size_t length) {
    char path[PATH_MAX + 1];
    return fails("read", path_of(fd, path), 0) ? -1 : syscall(SYS_read, fd, bytes, length);
}

ssize_t pread64(int fd, void *bytes, size_t length, off64_t offset) {
    char path[PATH_MAX + 1];
    return fails("read", path_of(fd, path), 0) ? -1 : syscall(SYS_pread64, fd, bytes, length, offset);
}

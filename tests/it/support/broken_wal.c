/* Preloaded into punctual: while the file BROKEN_WAL_WHILE names exists, writes to a write-ahead log fail with EIO. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int is_broken(int fd) {
    const char *file = getenv("BROKEN_WAL_WHILE");
    char link[64], path[4096];
    if (!file || access(file, F_OK) != 0)
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 4 || memcmp(path + length - 4, "-wal", 4) != 0)
        return 0;
    errno = EIO;
    return 1;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t pwrite(int fd, const void *from, size_t length, off_t at) {
    return is_broken(fd) ? -1 : NEXT(pwrite)(fd, from, length, at);
}

ssize_t pwrite64(int fd, const void *from, size_t length, off64_t at) {
    return is_broken(fd) ? -1 : NEXT(pwrite64)(fd, from, length, at);
}

ssize_t write(int fd, const void *from, size_t length) {
    return is_broken(fd) ? -1 : NEXT(write)(fd, from, length);
}

int fsync(int fd) {
    return is_broken(fd) ? -1 : NEXT(fsync)(fd);
}

int fdatasync(int fd) {
    return is_broken(fd) ? -1 : NEXT(fdatasync)(fd);
}

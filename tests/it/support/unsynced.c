/* Preloaded into punctual: a disk that holds what was synced, and nothing else.
   UNSYNCED_DATA is the folder of the database. What is written there goes to its files as ever; UNSYNCED_DISK has a copy of
   each, which only changes at fsync and fdatasync. After a kill, the copies are what a power cut would have left. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define FILES 16
#define RANGES 65536

/* One file of the database, by its number on the file system, and what of it is written and not synced. */
struct file {
    ino_t inode;
    int copy;
    size_t ranges;
    struct { off_t at; size_t length; } range[RANGES];
};

static struct file files[FILES];
static size_t known;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void die(const char *why) {
    fprintf(stderr, "unsynced.c: %s: %s\n", why, strerror(errno));
    abort();
}

/* Where the copy of a file is; 0 if it is none of the database. */
static int copy_of(const char *path, char *copy, size_t size) {
    const char *data = getenv("UNSYNCED_DATA"), *disk = getenv("UNSYNCED_DISK");
    const char *name = strrchr(path, '/');
    if (!data || !disk || !name || strncmp(path, data, strlen(data)) != 0)
        return 0;
    if (strcmp(name, "/punctual.db") != 0 && strcmp(name, "/punctual.db-wal") != 0)
        return 0;
    snprintf(copy, size, "%s%s", disk, name);
    return 1;
}

/* The file behind a descriptor; NULL if it is none of the database. */
static struct file *file_of(int fd) {
    struct stat stat;
    if (fstat(fd, &stat) != 0 || !S_ISREG(stat.st_mode))
        return NULL;
    for (size_t i = 0; i < known; i++)
        if (files[i].inode == stat.st_ino)
            return &files[i];
    char link[64], path[4096], copy[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0)
        return NULL;
    path[length] = 0;
    if (!copy_of(path, copy, sizeof copy))
        return NULL;
    if (known == FILES)
        die("too many files");
    struct file *file = &files[known++];
    file->inode = stat.st_ino;
    file->copy = open(copy, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file->copy < 0)
        die(copy);
    return file;
}

static void note(int fd, off_t at, ssize_t length) {
    if (length <= 0)
        return;
    pthread_mutex_lock(&lock);
    struct file *file = file_of(fd);
    if (file) {
        if (file->ranges == RANGES)
            die("too much is not synced");
        file->range[file->ranges].at = at;
        file->range[file->ranges++].length = length;
    }
    pthread_mutex_unlock(&lock);
}

/* What was written is on the disk, after a while in which the power may go: so most cuts find something that is not. */
static int sync_file(int fd) {
    pthread_mutex_lock(&lock);
    struct file *file = file_of(fd);
    pthread_mutex_unlock(&lock);
    if (file)
        usleep(3000);
    pthread_mutex_lock(&lock);
    for (size_t i = 0; file && i < file->ranges; i++) {
        static char piece[1 << 20];
        off_t at = file->range[i].at;
        size_t left = file->range[i].length;
        while (left > 0) {
            ssize_t length = pread(fd, piece, left < sizeof piece ? left : sizeof piece, at);
            /* It was cut since. */
            if (length <= 0)
                break;
            if (NEXT(pwrite)(file->copy, piece, length, at) != length)
                die("the copy");
            at += length;
            left -= length;
        }
    }
    struct stat stat;
    if (file && (fstat(fd, &stat) != 0 || NEXT(ftruncate)(file->copy, stat.st_size) != 0))
        die("the copy's length");
    if (file)
        file->ranges = 0;
    pthread_mutex_unlock(&lock);
    return file != NULL;
}

ssize_t pwrite(int fd, const void *from, size_t length, off_t at) {
    ssize_t done = NEXT(pwrite)(fd, from, length, at);
    note(fd, at, done);
    return done;
}

ssize_t pwrite64(int fd, const void *from, size_t length, off64_t at) {
    ssize_t done = NEXT(pwrite64)(fd, from, length, at);
    note(fd, at, done);
    return done;
}

ssize_t write(int fd, const void *from, size_t length) {
    ssize_t done = NEXT(write)(fd, from, length);
    if (done > 0) {
        off_t end = lseek(fd, 0, SEEK_CUR);
        if (end >= done)
            note(fd, end - done, done);
    }
    return done;
}

int fsync(int fd) {
    return sync_file(fd) ? 0 : NEXT(fsync)(fd);
}

int fdatasync(int fd) {
    return sync_file(fd) ? 0 : NEXT(fdatasync)(fd);
}

int unlink(const char *path) {
    char copy[4096];
    int done = NEXT(unlink)(path);
    if (done == 0 && copy_of(path, copy, sizeof copy))
        NEXT(unlink)(copy);
    return done;
}

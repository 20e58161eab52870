/* Preloaded into punctual: while the file NO_SOCKETS_WHILE names exists, there is no file for a connection that it makes. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int socket(int domain, int type, int protocol) {
    __typeof__(&socket) next = (__typeof__(&socket))dlsym(RTLD_NEXT, "socket");
    const char *file = getenv("NO_SOCKETS_WHILE");
    if (file && access(file, F_OK) == 0 && (domain == AF_INET || domain == AF_INET6)) {
        errno = EMFILE;
        return -1;
    }
    return next(domain, type, protocol);
}

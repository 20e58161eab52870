/* Preloaded into punctual: its wall clock is thirteen hours ahead. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *time) {
    __typeof__(&clock_gettime) next = (__typeof__(&clock_gettime))dlsym(RTLD_NEXT, "clock_gettime");
    int failed = next(clock, time);
    if (!failed && clock == CLOCK_REALTIME)
        time->tv_sec += 13 * 60 * 60;
    return failed;
}

// SPDX-License-Identifier: MIT
//
// What the Glibc module map leaves out: epoll, eventfd, accept4 and a few constants.
// Static inline only, so that nothing has to be compiled or linked. Without _GNU_SOURCE, which would
// give system types another shape here than they have in the Glibc module.
#ifndef HELIOGRAPH_CLINUX_H
#define HELIOGRAPH_CLINUX_H

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/// accept4(2), which the headers declare for _GNU_SOURCE only.
extern int accept4(int listener, struct sockaddr *address, socklen_t *length, int flags);

static inline int hg_accept4(int listener, struct sockaddr *address, socklen_t *length, int flags) {
    return accept4(listener, address, length, flags);
}

/// The calling thread's last system-call error.
static inline int hg_errno(void) { return errno; }

/// Adds or changes a descriptor's interest; the 64-bit token comes back with its events.
static inline int hg_epoll_ctl(int epoll, int operation, int fd, uint32_t events, uint64_t token) {
    struct epoll_event event;
    event.events = events;
    event.data.u64 = token;
    return epoll_ctl(epoll, operation, fd, &event);
}

static inline uint64_t hg_epoll_token(const struct epoll_event *event) { return event->data.u64; }
static inline uint32_t hg_epoll_events(const struct epoll_event *event) { return event->events; }

/// EPOLLEXCLUSIVE and the others as plain numbers (Swift does not import the enum's macros alike).
enum {
    HG_EPOLLIN = 0x001,
    HG_EPOLLOUT = 0x004,
    HG_EPOLLERR = 0x008,
    HG_EPOLLHUP = 0x010,
    HG_EPOLLRDHUP = 0x2000,
};
static const uint32_t HG_EPOLLEXCLUSIVE = 1u << 28;

/// Nanoseconds of a clock (CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_PROCESS_CPUTIME_ID …).
static inline int64_t hg_clock_nanoseconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

enum { HG_PROCESSORS_MAX = 1024 };

/// Restricts the calling thread, and what it starts later, to one processor; a negative number
/// means all of them again. Returns 0 or an errno.
static inline int hg_pin_to_processor(int processor) {
    unsigned char mask[HG_PROCESSORS_MAX / 8];
    if (processor >= HG_PROCESSORS_MAX) return EINVAL;
    memset(mask, processor < 0 ? 0xff : 0, sizeof mask);
    if (processor >= 0) mask[processor / 8] = (unsigned char)(1u << (processor % 8));
    return syscall(SYS_sched_setaffinity, 0, sizeof mask, mask) < 0 ? errno : 0;
}

#endif

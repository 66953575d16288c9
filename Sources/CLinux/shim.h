// SPDX-License-Identifier: MIT
//
// What the Glibc module map leaves out: epoll, eventfd, accept4 and a few constants.
// Static inline only, so that nothing has to be compiled or linked. Without _GNU_SOURCE, which would
// give system types another shape here than they have in the Glibc module.
#ifndef HELIOGRAPH_CLINUX_H
#define HELIOGRAPH_CLINUX_H

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
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

/// epoll_pwait2(2), which the headers declare for _GNU_SOURCE only.
extern int epoll_pwait2(
    int epoll, struct epoll_event *events, int count, const struct timespec *timeout,
    const sigset_t *signals);

/// Waits for events, at most for so many nanoseconds.
static inline int hg_epoll_wait(
    int epoll, struct epoll_event *events, int count, int64_t nanoseconds) {
    struct timespec timeout = {nanoseconds / 1000000000, nanoseconds % 1000000000};
    return epoll_pwait2(epoll, events, count, &timeout, NULL);
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
static const uint32_t HG_EPOLLET = 1u << 31;

/// Nanoseconds of a clock (CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_PROCESS_CPUTIME_ID …).
static inline int64_t hg_clock_nanoseconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

// Descriptors: always non-blocking and closed on exec.

static inline int hg_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }
static inline int hg_eventfd(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }
static inline int hg_stream_socket(int family) {
    return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}
static inline int hg_open_null(void) { return open("/dev/null", O_RDONLY | O_CLOEXEC); }
/// Adds one to an eventfd, which makes it readable.
static inline int hg_eventfd_signal(int fd) { return eventfd_write(fd, 1); }

// Sending and receiving: never wait, never raise SIGPIPE.

static inline ssize_t hg_send(int fd, const void *bytes, size_t count) {
    return send(fd, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL);
}
static inline ssize_t hg_send_parts(int fd, struct iovec *parts, size_t count) {
    struct msghdr message = {0};
    message.msg_iov = parts;
    message.msg_iovlen = count;
    return sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}
static inline ssize_t hg_send_two(
    int fd, const void *first, size_t first_count, const void *second, size_t second_count) {
    struct iovec parts[2] = {{(void *)first, first_count}, {(void *)second, second_count}};
    return hg_send_parts(fd, parts, 2);
}
static inline ssize_t hg_receive(int fd, void *bytes, size_t count) {
    return recv(fd, bytes, count, MSG_DONTWAIT);
}
/// Ends the sending direction: the peer sees the end after what was sent.
static inline int hg_end_sending(int fd) { return shutdown(fd, SHUT_WR); }

/// Names the calling thread, in at most 15 bytes.
static inline void hg_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

/// Has this process killed when the thread that started it ends, whatever it executes later.
static inline int hg_die_with_parent(void) { return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); }

/// pthread_getattr_np(3), which the headers declare for _GNU_SOURCE only.
extern int pthread_getattr_np(pthread_t thread, pthread_attr_t *attributes);

/// Bytes of the calling thread's stack, 0 if unknown.
static inline size_t hg_stack_bytes(void) {
    pthread_attr_t attributes;
    size_t bytes = 0;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0) return 0;
    if (pthread_attr_getstacksize(&attributes, &bytes) != 0) bytes = 0;
    pthread_attr_destroy(&attributes);
    return bytes;
}

/// unshare(2), which the headers declare for _GNU_SOURCE only.
extern int unshare(int flags);

/// Gives the calling thread a copy of the descriptor table for itself (CLONE_FILES).
static inline int hg_unshare_descriptors(void) { return unshare(0x400); }

/// Whether two stretches of so many bytes are equal.
static inline int hg_are_equal(const void *left, const void *right, size_t count) {
    return count == 0 || memcmp(left, right, count) == 0;
}

/// The length of a request's head with its empty line, 0 if it does not end within the bytes.
static inline size_t hg_head_length(const void *bytes, size_t count) {
    const char *start = (const char *)bytes, *end = start + count, *place = start;
    while (place < end && (place = (const char *)memchr(place, '\n', (size_t)(end - place)))) {
        if (place - start >= 3 && memcmp(place - 3, "\r\n\r", 3) == 0)
            return (size_t)(place - start) + 1;
        place++;
    }
    return 0;
}

// Options.

static inline int hg_set_option(int fd, int level, int name, int value) {
    return setsockopt(fd, level, name, &value, sizeof value);
}
static inline int hg_set_no_delay(int fd) { return hg_set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1); }
static inline int hg_set_reuse_address(int fd) {
    return hg_set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
}
static inline int hg_set_reuse_port(int fd) { return hg_set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1); }
static inline int hg_set_ipv6_only(int fd, int only) {
    return hg_set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, only);
}
static inline int hg_set_send_buffer(int fd, int bytes) {
    return hg_set_option(fd, SOL_SOCKET, SO_SNDBUF, bytes);
}
/// How long sent data may stay unacknowledged, in milliseconds; 0 for the system's own limit.
static inline int hg_set_user_timeout(int fd, int milliseconds) {
    return hg_set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, milliseconds);
}
/// Milliseconds since the peer last acknowledged anything, or -1 if the socket is not TCP.
static inline int64_t hg_acknowledgement_age(int fd) {
    struct tcp_info info;
    socklen_t length = sizeof info;
    memset(&info, 0, sizeof info);
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) return -1;
    return (int64_t)info.tcpi_last_ack_recv;
}
/// Takes the error that waits on a socket, 0 if none.
static inline int hg_take_socket_error(int fd) {
    int error = 0;
    socklen_t length = sizeof error;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}

// Addresses.

/// Who connected: AF_INET with `ipv4` in host order, AF_INET6 with `ipv6`, or AF_UNIX.
struct hg_peer {
    int family;
    uint32_t ipv4;
    uint64_t ipv6_high, ipv6_low;
};

/// Accepts a connection, non-blocking and closed on exec.
static inline int hg_accept(int listener, struct hg_peer *peer) {
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    int fd = accept4(listener, (struct sockaddr *)&address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return fd;
    peer->family = address.ss_family;
    if (address.ss_family == AF_INET) {
        peer->ipv4 = ntohl(((struct sockaddr_in *)&address)->sin_addr.s_addr);
    } else if (address.ss_family == AF_INET6) {
        const uint8_t *bytes = ((struct sockaddr_in6 *)&address)->sin6_addr.s6_addr;
        peer->ipv6_high = peer->ipv6_low = 0;
        for (int i = 0; i < 8; i++) {
            peer->ipv6_high = peer->ipv6_high << 8 | bytes[i];
            peer->ipv6_low = peer->ipv6_low << 8 | bytes[i + 8];
        }
    }
    return fd;
}

/// The addresses to listen on for a host name or a numeric address; freed by freeaddrinfo.
static inline int hg_resolve(const char *host, struct addrinfo **result) {
    struct addrinfo hints = {0};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE;
    return getaddrinfo(host, NULL, &hints, result);
}
static inline void hg_set_port(struct sockaddr_storage *address, uint16_t port) {
    if (address->ss_family == AF_INET) ((struct sockaddr_in *)address)->sin_port = htons(port);
    if (address->ss_family == AF_INET6) ((struct sockaddr_in6 *)address)->sin6_port = htons(port);
}
/// The port a socket is bound to, 0 if unknown.
static inline uint16_t hg_bound_port(int fd) {
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &length) != 0) return 0;
    if (address.ss_family == AF_INET) return ntohs(((struct sockaddr_in *)&address)->sin_port);
    if (address.ss_family == AF_INET6) return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
    return 0;
}
/// Whether it is `::`, the address that also takes IPv4 connections.
static inline int hg_is_ipv6_any(const struct sockaddr_storage *address) {
    return address->ss_family == AF_INET6
        && IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)address)->sin6_addr);
}
static inline int hg_bind(int fd, const struct sockaddr_storage *address, socklen_t length) {
    return bind(fd, (const struct sockaddr *)address, length);
}
static inline int hg_connect(int fd, const struct sockaddr_storage *address, socklen_t length) {
    return connect(fd, (const struct sockaddr *)address, length);
}
/// The address of a socket file, or length 0 if the path is empty or too long.
static inline socklen_t hg_unix_address(const char *path, struct sockaddr_storage *storage) {
    struct sockaddr_un *address = (struct sockaddr_un *)storage;
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof address->sun_path) return 0;
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, path, length + 1);
    return (socklen_t)sizeof *address;
}
/// 1 for a socket file, 0 for another kind, -1 if nothing is there; with the file's identity.
static inline int hg_socket_file(const char *path, uint64_t *device, uint64_t *inode) {
    struct stat status;
    if (lstat(path, &status) != 0) return -1;
    *device = status.st_dev;
    *inode = status.st_ino;
    return S_ISSOCK(status.st_mode) ? 1 : 0;
}

enum { HG_PROCESSORS_MAX = 1024 };

/// A set of processors.
struct hg_processors {
    unsigned long long bits[HG_PROCESSORS_MAX / 64];
};

/// Tells which processors the calling thread may run on. Returns 0 or an errno.
static inline int hg_get_processors(struct hg_processors *set) {
    memset(set, 0, sizeof *set);
    return syscall(SYS_sched_getaffinity, 0, sizeof *set, set) < 0 ? errno : 0;
}

/// Restricts the calling thread, and what it starts later, to processors. Returns 0 or an errno.
static inline int hg_set_processors(const struct hg_processors *set) {
    return syscall(SYS_sched_setaffinity, 0, sizeof *set, set) < 0 ? errno : 0;
}

/// Restricts the calling thread, and what it starts later, to one processor. Returns 0 or an
/// errno.
static inline int hg_pin_to_processor(int processor) {
    struct hg_processors set = {{0}};
    if (processor < 0 || processor >= HG_PROCESSORS_MAX) return EINVAL;
    set.bits[processor / 64] = 1ull << (processor % 64);
    return hg_set_processors(&set);
}

/// How many processors the process may run on, fewer than there are where it was bound to some
/// (taskset(1), the cpuset of a container).
static inline int hg_usable_processors(void) {
    unsigned long mask[1024] = {0};
    long bytes = syscall(SYS_sched_getaffinity, 0, sizeof mask, mask);
    int count = 0;
    for (long word = 0; word < bytes / (long)sizeof *mask; word++) {
        count += __builtin_popcountl(mask[word]);
    }
    return count > 0 ? count : (int)sysconf(_SC_NPROCESSORS_ONLN);
}

#endif

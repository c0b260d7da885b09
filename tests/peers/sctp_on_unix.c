/* Puts the SCTP of a program on sockets of AF_UNIX, for kernels without SCTP (LD_PRELOAD): they keep the boundaries of messages too. An
 * address 127.0.0.1:29118 has the abstract name "sctp 127.0.0.1:29118". One stream an association, no notifications, IPv4 only. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define SCTP 132
#define MOST 4096

static char is_ours[MOST];

#define REAL(name) \
    static __typeof__(name) *real; \
    if (!real) \
        real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

static int ours(int fd)
{
    return fd >= 0 && fd < MOST && is_ours[fd];
}

static socklen_t named(struct sockaddr_un *to, const struct sockaddr *address)
{
    const struct sockaddr_in *in = (const struct sockaddr_in *)address;
    char host[INET_ADDRSTRLEN] = "0.0.0.0";
    inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
    memset(to, 0, sizeof(*to));
    to->sun_family = AF_UNIX;
    return offsetof(struct sockaddr_un, sun_path) + 1 + snprintf(to->sun_path + 1, sizeof(to->sun_path) - 1, "sctp %s:%d", host, ntohs(in->sin_port));
}

static void nobody(struct sockaddr *address, socklen_t *length)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (address && length && *length >= sizeof(in)) {
        memcpy(address, &in, sizeof(in));
        *length = sizeof(in);
    }
}

int socket(int domain, int type, int protocol)
{
    REAL(socket);
    if (protocol != SCTP)
        return real(domain, type, protocol);
    int fd = real(AF_UNIX, SOCK_SEQPACKET | (type & (SOCK_NONBLOCK | SOCK_CLOEXEC)), 0);
    if (fd >= 0 && fd < MOST)
        is_ours[fd] = 1;
    return fd;
}

int close(int fd)
{
    REAL(close);
    if (ours(fd))
        is_ours[fd] = 0;
    return real(fd);
}

int bind(int fd, const struct sockaddr *address, socklen_t length)
{
    REAL(bind);
    struct sockaddr_un name;
    if (!ours(fd))
        return real(fd, address, length);
    length = named(&name, address);
    return real(fd, (struct sockaddr *)&name, length);
}

int sctp_bindx(int fd, struct sockaddr *address, int count, int flags)
{
    (void)count, (void)flags;
    return bind(fd, address, sizeof(struct sockaddr_in));
}

int connect(int fd, const struct sockaddr *address, socklen_t length)
{
    REAL(connect);
    struct sockaddr_un name;
    if (!ours(fd))
        return real(fd, address, length);
    length = named(&name, address);
    return real(fd, (struct sockaddr *)&name, length);
}

int accept(int fd, struct sockaddr *address, socklen_t *length)
{
    REAL(accept);
    if (!ours(fd))
        return real(fd, address, length);
    int accepted = real(fd, NULL, NULL);
    if (accepted >= 0 && accepted < MOST)
        is_ours[accepted] = 1;
    nobody(address, length);
    return accepted;
}

int getsockname(int fd, struct sockaddr *address, socklen_t *length)
{
    REAL(getsockname);
    if (!ours(fd))
        return real(fd, address, length);
    nobody(address, length);
    return 0;
}

int getpeername(int fd, struct sockaddr *address, socklen_t *length)
{
    REAL(getpeername);
    if (!ours(fd))
        return real(fd, address, length);
    nobody(address, length);
    return 0;
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t length)
{
    REAL(setsockopt);
    return ours(fd) ? 0 : real(fd, level, name, value, length);
}

int getsockopt(int fd, int level, int name, void *value, socklen_t *length)
{
    REAL(getsockopt);
    return ours(fd) && level != SOL_SOCKET ? 0 : real(fd, level, name, value, length);
}

// libzmq, and the few system calls around it that Swift cannot reach by itself.
#ifndef PROGFED_CZEROMQ_SHIM_H
#define PROGFED_CZEROMQ_SHIM_H

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

// zmq.h shows this option only to users of the draft API, but the stable library accepts it.
#ifndef ZMQ_ZAP_ENFORCE_DOMAIN
#define ZMQ_ZAP_ENFORCE_DOMAIN 93
#endif

// The counters of tcp(7)'s TCP_INFO that a byte ledger needs.
struct czmq_tcp_counters {
  uint64_t bytes_sent; // retransmissions included
  uint64_t bytes_retrans;
  uint64_t bytes_received; // a FIN counts as one byte
  uint64_t bytes_acked;    // SYN and FIN count as one byte each
  uint32_t segs_out;
  uint32_t segs_in;
  uint32_t notsent_bytes;
  uint32_t rtt_microseconds;
  uint8_t has_fin;   // whether a FIN is known to be among the bytes received
  uint8_t is_closed; // whether the connection is over in both directions
};

// Reads TCP_INFO of a socket; 0, or -1 with errno set.
//
// Of a connection that was reset, SO_ERROR tells once whether that was after a FIN (EPIPE) or
// without one.
//
// The offsets are those of `struct tcp_info` in <linux/tcp.h>, part of the kernel's stable
// interface. That header cannot be included: it clashes with glibc's <netinet/tcp.h>, whose
// structure ends before the byte counters. ENOTSUP means a kernel older than 4.19, which doesn't
// count them.
static inline int czmq_tcp_counters_read(int fd, struct czmq_tcp_counters *counters) {
  enum { ipproto_tcp = 6, tcp_info_option = 11 };
  unsigned char info[512];
  socklen_t length = sizeof info;
  if (getsockopt(fd, ipproto_tcp, tcp_info_option, info, &length) != 0) return -1;
  if (length < 216) {
    errno = ENOTSUP;
    return -1;
  }
  memcpy(&counters->rtt_microseconds, info + 68, 4);
  memcpy(&counters->bytes_acked, info + 120, 8);
  memcpy(&counters->bytes_received, info + 128, 8);
  memcpy(&counters->segs_out, info + 136, 4);
  memcpy(&counters->segs_in, info + 140, 4);
  memcpy(&counters->notsent_bytes, info + 144, 4);
  memcpy(&counters->bytes_sent, info + 200, 8);
  memcpy(&counters->bytes_retrans, info + 208, 8);
  enum { fin_time_wait = 6, fin_close_wait = 8, fin_last_ack = 9, fin_closing = 11 };
  unsigned char state = info[0];
  enum { closed = 7 };
  counters->is_closed = state == closed;
  counters->has_fin = state == fin_time_wait || state == fin_close_wait || state == fin_last_ack ||
                      state == fin_closing;
  if (counters->is_closed) {
    int error = 0;
    length = sizeof error;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0) return -1;
    counters->has_fin = error == EPIPE;
  }
  return 0;
}

// How many received bytes wait in the kernel to be read; -1 where the descriptor is no socket.
static inline int czmq_unread_bytes(int fd) {
  int count = 0;
  return ioctl(fd, FIONREAD, &count) == 0 ? count : -1;
}

// Makes an eventfd(2) that neither blocks nor is inherited by child processes; -1 with errno set on
// failure.
static inline int czmq_eventfd_make(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

// Makes the descriptor readable. A full counter is readable already, so the result does not matter.
static inline void czmq_eventfd_signal(int fd) { (void)!eventfd_write(fd, 1); }

// Makes the descriptor unreadable.
static inline void czmq_eventfd_clear(int fd) {
  eventfd_t count;
  (void)!eventfd_read(fd, &count);
}

// Raises the soft limit of open descriptors to the hard one where possible; returns the soft limit
// in force, -1 if unlimited.
static inline long czmq_raise_descriptor_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  if (limit.rlim_cur != limit.rlim_max) {
    struct rlimit wanted = {limit.rlim_max, limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &wanted) == 0) limit = wanted;
  }
  return limit.rlim_cur == RLIM_INFINITY ? -1 : (long)limit.rlim_cur;
}

#endif

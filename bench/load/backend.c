/*
 * The app behind every proxy: reads a request to its end and answers 200 with what a subscriber of Dapr answers.
 *
 * usage: backend PORT
 *
 * One thread, epoll. HTTP/1.1 (Content-Length only, pipelining too) and, by its preface, HTTP/2 in clear text, of which
 * it knows no more than it needs: header blocks are not decoded, since every answer is the same. It exists because its
 * own cost must be small beside that of a proxy, and because it has to take bodies of any size without holding them.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUFFER_BYTES 65536
#define EVENTS 256
#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define PREFACE_BYTES 24
#define BODY "{\"status\":\"SUCCESS\"}"
#define ANSWER "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n" BODY

enum { DATA = 0, HEADERS = 1, SETTINGS = 4, PING = 6, WINDOW_UPDATE = 8 };
enum { END_STREAM = 1, ACK = 1, END_HEADERS = 4 };

/* The connection's window is 1 GiB, and half of it is given back when it is used up: bodies never wait for a window. */
#define WINDOW_STEP (1u << 29)

struct connection {
  int fd;
  enum { UNKNOWN, HTTP1, HTTP2 } protocol;
  /* Bytes of a body, or of a frame, that are still to be thrown away. */
  unsigned long long skip;
  /* HTTP/1.1: answer after `skip`. HTTP/2: the stream to be answered after it, 0 if none. */
  unsigned answer;
  unsigned used_window;
  size_t in_count, out_count;
  unsigned char in[BUFFER_BYTES], out[BUFFER_BYTES];
};

static void fail(const char *what) {
  perror(what);
  exit(1);
}

/* Returns 0 if the peer is gone, or does not read its answers. */
static int flush(struct connection *c) {
  if (c->out_count == 0) return 1;
  ssize_t sent = send(c->fd, c->out, c->out_count, MSG_NOSIGNAL);
  int whole = sent == (ssize_t)c->out_count;
  c->out_count = 0;
  return whole;
}

static int put(struct connection *c, const void *bytes, size_t count) {
  if (c->out_count + count > BUFFER_BYTES && !flush(c)) return 0;
  memcpy(c->out + c->out_count, bytes, count);
  c->out_count += count;
  return 1;
}

/* Returns how many bytes of the input were used, 0 to wait for more, or -1 to end the connection. */
static long http1(struct connection *c, unsigned char *at, size_t count) {
  unsigned char *end = memmem(at, count, "\r\n\r\n", 4);
  if (end == NULL) return count == BUFFER_BYTES ? -1 : 0;
  c->skip = 0;
  for (unsigned char *line = memmem(at, count, "\r\n", 2); line < end; line = memmem(line + 2, count, "\r\n", 2)) {
    const char *name = (const char *)line + 2;
    if (strncasecmp(name, "content-length:", 15) == 0) c->skip = strtoull(name + 15, NULL, 10);
    if (strncasecmp(name, "transfer-encoding:", 18) == 0) return -1;
  }
  c->answer = 1;
  return end + 4 - at;
}

static int put_frame(struct connection *c, unsigned char type, unsigned char flags, unsigned stream,
                     const void *payload, size_t count) {
  unsigned char head[9] = {count >> 16,  count >> 8,   count,       type,  flags,
                           stream >> 24, stream >> 16, stream >> 8, stream};
  return put(c, head, sizeof head) && put(c, payload, count);
}

static int give_window(struct connection *c, unsigned bytes) {
  unsigned value = htonl(bytes);
  return put_frame(c, WINDOW_UPDATE, 0, 0, &value, sizeof value);
}

static int put_settings(struct connection *c) {
  /* MAX_CONCURRENT_STREAMS 1000, INITIAL_WINDOW_SIZE 16 MiB. */
  static const unsigned char values[] = {0, 3, 0, 0, 3, 232, 0, 4, 1, 0, 0, 0};
  return put_frame(c, SETTINGS, 0, 0, values, sizeof values) && give_window(c, 2 * WINDOW_STEP - 65535);
}

static int put_answer(struct connection *c, unsigned stream) {
  if (c->protocol == HTTP1) return put(c, ANSWER, sizeof ANSWER - 1);
  /* RFC 7541: ":status: 200" from the static table; content-type and content-length as literals without indexing. */
  static const unsigned char block[] = "\x88\x0f\x10\x10" "application/json" "\x0f\x0d\x02" "20";
  return put_frame(c, HEADERS, END_HEADERS, stream, block, sizeof block - 1) &&
         put_frame(c, DATA, END_STREAM, stream, BODY, sizeof BODY - 1);
}

/* As http1(), for one frame. */
static long http2(struct connection *c, unsigned char *at, size_t count) {
  if (count < 9) return 0;
  unsigned bytes = at[0] << 16 | at[1] << 8 | at[2];
  unsigned char type = at[3], flags = at[4];
  unsigned stream = (at[5] & 127u) << 24 | at[6] << 16 | at[7] << 8 | at[8];
  if (type == PING && bytes == 8 && !(flags & ACK)) {
    if (count < 17) return 0;
    return put_frame(c, PING, ACK, 0, at + 9, 8) ? 17 : -1;
  }
  if (type == SETTINGS && !(flags & ACK) && !put_frame(c, SETTINGS, ACK, 0, "", 0)) return -1;
  if (type == DATA) c->used_window += bytes;
  if (c->used_window >= WINDOW_STEP) {
    c->used_window -= WINDOW_STEP;
    if (!give_window(c, WINDOW_STEP)) return -1;
  }
  c->skip = bytes;
  c->answer = (type == DATA || type == HEADERS) && flags & END_STREAM ? stream : 0;
  return 9;
}

/* Returns 0 if the connection is to be closed. */
static int serve(struct connection *c) {
  ssize_t got = recv(c->fd, c->in + c->in_count, BUFFER_BYTES - c->in_count, 0);
  if (got < 0 && errno == EAGAIN) return 1;
  if (got <= 0) return 0;
  c->in_count += got;
  size_t at = 0;
  if (c->protocol == UNKNOWN) {
    size_t seen = c->in_count < PREFACE_BYTES ? c->in_count : PREFACE_BYTES;
    c->protocol = memcmp(c->in, PREFACE, seen) != 0 ? HTTP1 : seen == PREFACE_BYTES ? HTTP2 : UNKNOWN;
    if (c->protocol == UNKNOWN) return 1;
    if (c->protocol == HTTP2) {
      at = PREFACE_BYTES;
      if (!put_settings(c)) return 0;
    }
  }
  for (;;) {
    size_t rest = c->in_count - at;
    if (c->skip > 0) {
      size_t skipped = c->skip < rest ? c->skip : rest;
      c->skip -= skipped;
      at += skipped;
      if (c->skip > 0) break;
    } else if (c->answer == 0) {
      if (rest == 0) break;
      long used = c->protocol == HTTP1 ? http1(c, c->in + at, rest) : http2(c, c->in + at, rest);
      if (used < 0) return 0;
      if (used == 0) break;
      at += used;
    }
    if (c->skip == 0 && c->answer != 0) {
      if (!put_answer(c, c->answer)) return 0;
      c->answer = 0;
    }
  }
  memmove(c->in, c->in + at, c->in_count - at);
  c->in_count -= at;
  return flush(c);
}

int main(int count, char **words) {
  if (count != 2) {
    fprintf(stderr, "usage: backend PORT\n");
    return 2;
  }
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);

  int on = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(words[1]))};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0) fail("backend: cannot bind");
  if (listen(listener, 4096) != 0) fail("backend: cannot listen");

  int epoll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, events[EVENTS];
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) != 0) fail("backend: cannot watch");
  for (;;) {
    int ready = epoll_wait(epoll, events, EVENTS, -1);
    for (int i = 0; i < ready; i++) {
      struct connection *c = events[i].data.ptr;
      if (c != NULL) {
        if (serve(c)) continue;
        close(c->fd);
        free(c);
        continue;
      }
      int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
      if (fd < 0) continue;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      if ((c = calloc(1, sizeof *c)) == NULL) fail("backend: no memory");
      c->fd = fd;
      event.data.ptr = c;
      if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) fail("backend: cannot watch");
    }
  }
}

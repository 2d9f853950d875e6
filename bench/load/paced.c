/*
 * Open-loop load: requests leave at a fixed rate, whether or not the answers of earlier ones are there, over keep-alive
 * connections taken in turn. A request's time counts from the moment it should have left, so that a server which stalls
 * pays for all that had to wait meanwhile.
 *
 * usage: paced PORT RATE LEAD_SECONDS SECONDS CONNECTIONS http1|http2 HEAD_FILE BODY_FILE [PID]
 *
 * HEAD_FILE holds a line "name: value" for each header; requests are POST /orders. What happens in the lead is not
 * counted. Prints one JSON object; with PID also the CPU time of that process, all its threads, in the counted time.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_CONNECTIONS 1024
#define IN_BYTES 65536
#define GIVE_UP_NS 10000000000ll
#define LOOK_NS 100000000ll
#define MAX_FRAME 16384

typedef long long ns;

enum { DATA = 0, HEADERS = 1, RST_STREAM = 3, SETTINGS = 4, PING = 6, GOAWAY = 7 };
enum { END_STREAM = 1, ACK = 1, END_HEADERS = 4 };

struct connection {
  int fd, busy, good;
  unsigned stream;
  size_t in_count, sent;
  ns due;
  char in[IN_BYTES];
};

static struct connection connections[MAX_CONNECTIONS];
static struct pollfd polled[MAX_CONNECTIONS];
static int http2;
static char *request;
static size_t request_bytes;
static double *times;
static long counted, errors;
static int busy;

static void fail(const char *what) {
  if (errno != 0) perror(what);
  else fprintf(stderr, "%s\n", what);
  exit(1);
}

static ns now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000ll + time.tv_nsec;
}

/* The clock of another process's CPU time, as clock_getcpuclockid(3) makes it: to the nanosecond, ended threads too. */
static ns cpu_time(int pid) {
  struct timespec time;
  if (pid == 0) return 0;
  if (clock_gettime(((clockid_t)~pid << 3) | 2, &time) != 0) fail("paced: cannot read the CPU time of the process");
  return time.tv_sec * 1000000000ll + time.tv_nsec;
}

static char *read_file(const char *path, size_t *bytes) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) fail("paced: cannot read a file");
  char *all = malloc(1 << 24);
  *bytes = fread(all, 1, 1 << 24, file);
  fclose(file);
  return all;
}

static void append(const void *bytes, size_t count) {
  memcpy(request + request_bytes, bytes, count);
  request_bytes += count;
}

static void append_text(const char *text) { append(text, strlen(text)); }

static void frame_head(unsigned char *to, size_t bytes, unsigned char type, unsigned char flags, unsigned stream) {
  unsigned char head[9] = {bytes >> 16,  bytes >> 8,   bytes,       type,  flags,
                           stream >> 24, stream >> 16, stream >> 8, stream};
  memcpy(to, head, sizeof head);
}

/* A literal header without indexing, with a new name: RFC 7541, 6.2.2; lengths below 127 only. */
static void append_literal(const char *name, size_t name_bytes, const char *value, size_t value_bytes) {
  if (name_bytes > 126 || value_bytes > 126) fail("paced: a header is too long");
  unsigned char lengths[] = {0, name_bytes, value_bytes};
  append(lengths, 2);
  for (size_t i = 0; i < name_bytes; i++) append((char[]){tolower(name[i])}, 1);
  append(lengths + 2, 1);
  append(value, value_bytes);
}

static void make_request(int port, char *head, size_t head_bytes, char *body, size_t body_bytes) {
  request = malloc(head_bytes * 2 + body_bytes * 2 + 4096);
  char line[128];
  head[head_bytes] = 0;
  if (http2) {
    append("123456789", 9);
    append("\x83\x86", 2); /* :method POST, :scheme http */
    append_literal(":path", 5, "/orders", 7);
    append_literal(":authority", 10, line, snprintf(line, sizeof line, "127.0.0.1:%d", port));
    append_literal("content-length", 14, line, snprintf(line, sizeof line, "%zu", body_bytes));
  } else {
    append(line, snprintf(line, sizeof line, "POST /orders HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n", port));
    append(line, snprintf(line, sizeof line, "Content-Length: %zu\r\n", body_bytes));
  }
  for (char *at = strtok(head, "\r\n"); at != NULL; at = strtok(NULL, "\r\n")) {
    char *colon = strstr(at, ": ");
    if (colon == NULL) fail("paced: a header has no colon");
    if (http2) append_literal(at, colon - at, colon + 2, strlen(colon + 2));
    else append_text(at), append_text("\r\n");
  }
  if (!http2) {
    append_text("\r\n");
    append(body, body_bytes);
    return;
  }
  /* Of flow control it knows nothing: a body of one frame fits into what every server gives back in time. */
  if (body_bytes > MAX_FRAME) fail("paced: over HTTP/2 a body must fit into one frame");
  frame_head((unsigned char *)request, request_bytes - 9, HEADERS, END_HEADERS, 0);
  frame_head((unsigned char *)request + request_bytes, body_bytes, DATA, END_STREAM, 0);
  request_bytes += 9;
  append(body, body_bytes);
}

/* Every frame of the request belongs to the stream. */
static void set_stream(unsigned stream) {
  for (size_t at = 0; at < request_bytes;) {
    unsigned char *head = (unsigned char *)request + at;
    at += 9 + (head[0] << 16 | head[1] << 8 | head[2]);
    head[5] = stream >> 24, head[6] = stream >> 16, head[7] = stream >> 8, head[8] = stream;
  }
}

static void send_whole(struct connection *c, const void *bytes, size_t count) {
  if (send(c->fd, bytes, count, MSG_NOSIGNAL) != (ssize_t)count) fail("paced: cannot send");
}

/* Blocks when the socket's buffer is full, which takes a body larger than these tests send, or a proxy that stalls. */
static void begin(struct connection *c, ns due) {
  c->busy = 1, c->good = 0, c->due = due, busy++;
  if (http2) set_stream(c->stream);
  send_whole(c, request, request_bytes);
}

static void finish(struct connection *c, int good, ns from) {
  if (!c->busy) return;
  c->busy = 0, busy--;
  if (c->due < from) return;
  if (!good) errors++;
  times[counted++] = (now() - c->due) / 1e3;
}

/* Returns how many bytes of the input were used; 0 to wait for more. */
static size_t read_http1(struct connection *c, ns from) {
  char *end = memmem(c->in, c->in_count, "\r\n\r\n", 4);
  if (end == NULL) return 0;
  size_t bytes = end + 4 - c->in;
  for (char *line = memmem(c->in, bytes, "\r\n", 2); line < end; line = memmem(line + 2, end - line, "\r\n", 2)) {
    if (strncasecmp(line + 2, "content-length:", 15) == 0) bytes += strtoul(line + 17, NULL, 10);
  }
  if (c->in_count < bytes) return 0;
  finish(c, strncmp(c->in, "HTTP/1.1 200", 12) == 0, from);
  return bytes;
}

static size_t read_http2(struct connection *c, ns from) {
  unsigned char *head = (unsigned char *)c->in, reply[17];
  if (c->in_count < 9) return 0;
  size_t bytes = 9 + (head[0] << 16 | head[1] << 8 | head[2]);
  if (c->in_count < bytes) return 0;
  unsigned stream = (head[5] & 127u) << 24 | head[6] << 16 | head[7] << 8 | head[8];
  if (head[3] == GOAWAY) fail("paced: the server says goodbye");
  if (head[3] == SETTINGS && !(head[4] & ACK)) {
    frame_head(reply, 0, SETTINGS, ACK, 0);
    send_whole(c, reply, 9);
  }
  if (head[3] == PING && !(head[4] & ACK)) {
    frame_head(reply, 8, PING, ACK, 0);
    memcpy(reply + 9, head + 9, 8);
    send_whole(c, reply, 17);
  }
  /* ":status: 200" from the static table, which every encoder of this bench uses; a size update may stand before it. */
  if (head[3] == HEADERS && stream == c->stream) c->good = memchr(head + 9, 0x88, bytes < 12 ? bytes - 9 : 3) != NULL;
  int last = head[3] == RST_STREAM || ((head[3] == DATA || head[3] == HEADERS) && head[4] & END_STREAM);
  if (stream == c->stream && last) {
    finish(c, c->good && head[3] != RST_STREAM, from);
    c->stream += 2;
  }
  return bytes;
}

static void receive(struct connection *c, ns from) {
  ssize_t got = recv(c->fd, c->in + c->in_count, IN_BYTES - c->in_count, MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) fail("paced: the server closed a connection");
  c->in_count += got;
  for (size_t used; c->in_count > 0 && (used = http2 ? read_http2(c, from) : read_http1(c, from)) > 0;) {
    memmove(c->in, c->in + used, c->in_count - used);
    c->in_count -= used;
  }
}

static void open_connection(struct connection *c, int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int on = 1;
  c->fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(c->fd, (struct sockaddr *)&address, sizeof address) != 0) fail("paced: cannot connect");
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  c->stream = 1;
  if (!http2) return;
  /* The preface, no settings, and a window of 1 GiB for the answers of the whole run. */
  static const char hello[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" "\0\0\0\4\0\0\0\0\0" "\0\0\4\10\0\0\0\0\0\x3f\0\0\0";
  send_whole(c, hello, sizeof hello - 1);
}

static int in_order(const void *one, const void *other) {
  double a = *(const double *)one, b = *(const double *)other;
  return a < b ? -1 : a > b;
}

static double percentile(double share) {
  long at = (long)(share * counted);
  return times[at >= counted ? counted - 1 : at];
}

int main(int count, char **words) {
  if (count < 9 || count > 10) {
    fprintf(stderr, "usage: paced PORT RATE LEAD_SECONDS SECONDS CONNECTIONS http1|http2 HEAD_FILE BODY_FILE [PID]\n");
    return 2;
  }
  int port = atoi(words[1]), rate = atoi(words[2]), open = atoi(words[5]), pid = count == 10 ? atoi(words[9]) : 0;
  long lead = rate * atof(words[3]), total = lead + (long)(rate * atof(words[4])), sent = 0;
  if (open < 1 || open > MAX_CONNECTIONS || total <= lead) fail("paced: cannot use these numbers");
  http2 = strcmp(words[6], "http2") == 0;
  size_t head_bytes, body_bytes;
  char *head = read_file(words[7], &head_bytes), *body = read_file(words[8], &body_bytes);
  make_request(port, head, head_bytes, body, body_bytes);
  times = malloc((total - lead) * sizeof *times);
  /* The kernel may else let a timer be 50 µs late. */
  prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
  for (int i = 0; i < open; i++) {
    open_connection(&connections[i], port);
    polled[i] = (struct pollfd){.fd = connections[i].fd, .events = POLLIN};
  }

  ns step = 1000000000ll / rate, start = now() + 50000000ll, from = start + lead * step, cpu_from = 0;
  int next = 0;
  while (sent < total || counted < total - lead) {
    ns at = now();
    if (at > start + total * step + GIVE_UP_NS) fail("paced: answers are missing");
    if (sent >= lead && cpu_from == 0) cpu_from = cpu_time(pid);
    /* What is due but finds every connection busy leaves when an answer comes. */
    while (sent < total && busy < open && start + sent * step <= at) {
      while (connections[next].busy) next = (next + 1) % open;
      begin(&connections[next], start + sent++ * step);
      next = (next + 1) % open;
    }
    ns wait = sent < total && busy < open ? start + sent * step - now() : LOOK_NS;
    struct timespec timeout = {0, wait < 0 ? 0 : wait < LOOK_NS ? wait : LOOK_NS};
    if (ppoll(polled, open, &timeout, NULL) <= 0) continue;
    for (int i = 0; i < open; i++) {
      if (polled[i].revents != 0) receive(&connections[i], from);
    }
  }
  ns wall = now() - from, cpu = cpu_time(pid) - cpu_from;
  qsort(times, counted, sizeof *times, in_order);
  printf("{\"requests\":%ld,\"errors\":%ld,\"seconds\":%.3f,\"cpu_us\":%.3f,", counted, errors, wall / 1e9, cpu / 1e3);
  printf("\"p50_us\":%.1f,\"p90_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f}\n", percentile(.5), percentile(.9),
         percentile(.99), percentile(.999));
  return 0;
}

/* A mock upstream that is never the bottleneck: one thread, epoll, replies made beforehand.
 *
 *     mock ROUTES PORT
 *
 * Serves on this port of loopback (0: a free one), prints it on a line, and ends when standard
 * input does.
 * ROUTES is a file written by routes.py: for each route a line
 *
 *     NAME PAUSE_US FAIL_EVERY USAGE_FRAME WHOLE_BYTES FRAMES
 *
 * then the length of each frame on a line of their own, then the bytes of the whole answer and of
 * the frames. A request is answered by the route that its path's first segment names. Each frame
 * leaves in a write of its own, PAUSE_US after the one before. USAGE_FRAME is left out unless the
 * request asks for usage; every FAIL_EVERY-th request is refused with a 503. `GET /stats` tells
 * what was served.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_ROUTES 32
#define MAX_HEAD 65536
#define NEEDLE_ZONE 1024 /* Where in a body its flags stand: near either end, messages between. */

struct connection;

struct route {
    char name[64];
    long pause_us, fail_every, requests;
    int usage_frame, frames;
    char *whole;
    size_t whole_bytes;
    char *stream;
    size_t *ends; /* where each frame ends in `stream` */
    struct connection *first, *last; /* paused streams by due time, which is arrival order */
};

struct connection {
    int fd; /* -1 once closed while it waits in a queue */
    char *in;
    size_t held, room;
    struct route *route; /* of the stream under way */
    const char *out, *out_end;
    int frame, with_usage, queued, wants_write;
    double due;
    struct connection *next;
};

static struct route routes[MAX_ROUTES];
static int route_count, epoll, open_streams;
static long served, refused;

static const char REFUSAL[] =
    "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\n"
    "content-length: 76\r\n\r\n"
    "{\"error\":{\"message\":\"Overloaded\",\"type\":\"server_error\",\"code\":\"overloaded\"}}";
static const char UNKNOWN[] = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";

static void die(const char *what) {
    perror(what);
    exit(1);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void read_routes(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) die(path);
    struct route *r = routes;
    while (route_count < MAX_ROUTES &&
           fscanf(file, "%63s %ld %ld %d %zu %d", r->name, &r->pause_us, &r->fail_every,
                  &r->usage_frame, &r->whole_bytes, &r->frames) == 6) {
        r->ends = calloc((size_t)r->frames + 1, sizeof *r->ends);
        size_t total = 0, length;
        for (int i = 0; i < r->frames; i++) {
            if (fscanf(file, "%zu", &length) != 1) die("routes: lengths");
            r->ends[i] = total += length;
        }
        fgetc(file); /* the line's end */
        r->whole = malloc(r->whole_bytes);
        r->stream = malloc(total + 1);
        if (fread(r->whole, 1, r->whole_bytes, file) != r->whole_bytes ||
            fread(r->stream, 1, total, file) != total)
            die("routes: bytes");
        r++, route_count++;
    }
    fclose(file);
}

static void want_write(struct connection *c, int wanted) {
    if (c->wants_write == wanted) return;
    c->wants_write = wanted;
    struct epoll_event event = {.events = EPOLLIN | (wanted ? EPOLLOUT : 0), .data.ptr = c};
    epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &event);
}

static void end(struct connection *c) {
    close(c->fd);
    c->fd = -1;
    if (c->route) open_streams--;
    c->route = NULL;
    free(c->in);
    c->in = NULL;
    if (!c->queued) free(c);
}

/* Sends what is due. False when the connection is gone; c->out is NULL when all was sent. */
static int flush(struct connection *c) {
    while (c->out < c->out_end) {
        ssize_t sent = send(c->fd, c->out, (size_t)(c->out_end - c->out), MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno == EAGAIN) {
                want_write(c, 1);
                return 1;
            }
            end(c);
            return 0;
        }
        c->out += sent;
    }
    c->out = c->out_end = NULL;
    want_write(c, 0);
    return 1;
}

static void wait_pause(struct connection *c, double from) {
    struct route *r = c->route;
    c->due = from + r->pause_us / 1e6;
    c->queued = 1;
    c->next = NULL;
    if (r->last) r->last->next = c;
    else r->first = c;
    r->last = c;
}

/* Sends frames until the stream ends, has to pause, or the socket is full. */
static int stream(struct connection *c) {
    while (c->route) {
        struct route *r = c->route;
        if (c->frame == r->usage_frame && !c->with_usage) c->frame++;
        if (c->frame >= r->frames) {
            c->route = NULL;
            open_streams--;
            return 1;
        }
        int i = c->frame++;
        c->out = r->stream + (i ? r->ends[i - 1] : 0);
        c->out_end = r->stream + r->ends[i];
        if (!flush(c)) return 0;
        /* The frame before the last, which only ends the stream, is not followed by a pause. */
        if (r->pause_us && c->frame < r->frames - 1) {
            wait_pause(c, i ? c->due : now());
            return 1;
        }
        if (c->out) return 1;
    }
    return 1;
}

static int holds(const char *from, size_t size, const char *needle) {
    size_t zone = size < NEEDLE_ZONE ? size : NEEDLE_ZONE;
    return memmem(from, zone, needle, strlen(needle)) ||
           memmem(from + size - zone, zone, needle, strlen(needle));
}

static int reply(struct connection *c, const char *bytes, size_t size) {
    c->out = bytes;
    c->out_end = bytes + size;
    return flush(c);
}

static int reply_stats(struct connection *c) {
    static char body[256], head[512];
    int size = snprintf(body, sizeof body, "{\"served\":%ld,\"refused\":%ld,\"open_streams\":%d}",
                        served, refused, open_streams);
    int all = snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s", size,
                       body);
    return reply(c, head, (size_t)all);
}

static int answer(struct connection *c, const char *body, size_t size) {
    if (!strncmp(c->in, "GET /stats ", 11)) return reply_stats(c);
    char *name = memchr(c->in, '/', 32);
    if (!name) return reply(c, UNKNOWN, sizeof UNKNOWN - 1);
    size_t length = strcspn(++name, "/ ");
    for (struct route *r = routes; r < routes + route_count; r++) {
        if (strlen(r->name) != length || memcmp(r->name, name, length)) continue;
        if (r->fail_every && ++r->requests % r->fail_every == 0) {
            refused++;
            return reply(c, REFUSAL, sizeof REFUSAL - 1);
        }
        served++;
        if (!holds(body, size, "\"stream\":true")) return reply(c, r->whole, r->whole_bytes);
        c->route = r;
        c->frame = 0;
        c->with_usage = holds(body, size, "\"include_usage\":true");
        open_streams++;
        return stream(c);
    }
    return reply(c, UNKNOWN, sizeof UNKNOWN - 1);
}

/* Where a request's body begins and how long it is; 0 while its head is not complete. */
static size_t head_of(struct connection *c, size_t *body) {
    char *end_of_head = memmem(c->in, c->held, "\r\n\r\n", 4);
    *body = 0;
    if (!end_of_head) return 0;
    for (char *line = c->in; line < end_of_head;) {
        char *next = memmem(line, (size_t)(end_of_head + 2 - line), "\r\n", 2);
        if (!strncasecmp(line, "content-length:", 15)) *body = strtoul(line + 15, NULL, 10);
        line = next + 2;
    }
    return (size_t)(end_of_head + 4 - c->in);
}

static void readable(struct connection *c) {
    if (c->room - c->held < 32768) c->in = realloc(c->in, c->room = c->room * 2 + 65536);
    ssize_t got = recv(c->fd, c->in + c->held, c->room - c->held - 1, 0);
    if (got <= 0) {
        if (got == 0 || errno != EAGAIN) end(c);
        return;
    }
    c->held += (size_t)got;
    /* One request at a time: what a client sends ahead waits for the answer before it. */
    while (!c->route && !c->out && c->held) {
        size_t body, head = head_of(c, &body);
        if (!head && c->held > MAX_HEAD) {
            end(c);
            return;
        }
        if (!head || c->held < head + body) return;
        if (!answer(c, c->in + head, body)) return;
        c->held -= head + body;
        memmove(c->in, c->in + head + body, c->held);
    }
}

static void resume(struct connection *c) {
    if (c->out && !flush(c)) return;
    if (!c->out && c->route && !c->queued) stream(c);
}

/* Sends the frames that are due; returns milliseconds until the next one, -1 for none. */
static int advance(void) {
    double soonest = 0;
    for (struct route *r = routes; r < routes + route_count; r++) {
        double time = now();
        while (r->first && r->first->due <= time) {
            struct connection *c = r->first;
            r->first = c->next;
            if (!r->first) r->last = NULL;
            c->queued = 0;
            if (c->fd < 0) free(c);
            else if (!c->out) stream(c);
        }
        if (r->first && (soonest == 0 || r->first->due < soonest)) soonest = r->first->due;
    }
    if (soonest == 0) return -1;
    double left = (soonest - now()) * 1000;
    return left <= 0 ? 0 : (int)left + 1;
}

static void accept_all(int listener) {
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct connection *c = calloc(1, sizeof *c);
        c->fd = fd;
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    }
}

int main(int count, char **arguments) {
    if (count != 3) return fprintf(stderr, "usage: mock ROUTES PORT\n"), 2;
    signal(SIGPIPE, SIG_IGN);
    read_routes(arguments[1]);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    address.sin_port = htons((unsigned short)atoi(arguments[2]));
    socklen_t size = sizeof address;
    if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, 4096)) die("listen");
    getsockname(listener, (struct sockaddr *)&address, &size);
    epoll = epoll_create1(0);
    static int listening, input; /* their addresses tell these two from connections */
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &listening};
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    event.data.ptr = &input;
    epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    struct epoll_event events[512];
    for (;;) {
        int ready = epoll_wait(epoll, events, 512, advance());
        for (int i = 0; i < ready; i++) {
            struct connection *c = events[i].data.ptr;
            if ((void *)c == &input) return 0;
            if ((void *)c == &listening) accept_all(listener);
            else if (events[i].events & EPOLLOUT) resume(c);
            else readable(c);
        }
    }
}

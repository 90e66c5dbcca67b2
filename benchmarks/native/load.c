/* A load generator that checks every answer: HTTP/1.1 keep-alive, one thread, epoll.
 *
 *     load ADDRESS PORT CALLERS SECONDS EACH SPREAD WARMUP REQUESTS EXPECTED
 *
 * CALLERS connections send their next request when the answer before is complete. With EACH > 0
 * each sends that many, else they go on for SECONDS. They begin one after the other within SPREAD
 * seconds; requests of the first WARMUP seconds are not counted. REQUESTS holds requests as "LENGTH\n" and the bytes, taken in turn; EXPECTED what a
 * right answer is (see answer.h). Prints one JSON object: what was `completed` within `seconds`
 * and `finished` in all, and times in microseconds. Ends early, with what it has, when standard
 * input does.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "answer.h"

#define DRAIN_SECONDS 30.0
#define GIVE_UP 1000 /* errors after which a round is pointless */

struct caller {
    int fd, wants_write;
    long sent;
    const char *out, *out_end;
    double began, first, last, gap;
    struct answer answer;
};

struct samples {
    float *at;
    size_t count, room;
};

static struct sockaddr_in address;
static struct expected expected;
static struct caller *callers;
static const char **requests, **request_ends;
static size_t request_count, next_request;
static struct samples wholes, firsts, gaps;
static int epoll, at_work;
static long each, finished, counted, errors, reconnects, body_bytes;
static double count_from, deadline, last_counted;
static char first_error[400];

static void die(const char *what) {
    perror(what);
    exit(1);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void add(struct samples *s, double seconds) {
    if (s->count == s->room) s->at = realloc(s->at, (s->room = s->room * 2 + 4096) * sizeof *s->at);
    s->at[s->count++] = (float)(seconds * 1e6);
}

static int ascending(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static void print_samples(const char *name, struct samples *s) {
    qsort(s->at, s->count, sizeof *s->at, ascending);
    double sum = 0;
    for (size_t i = 0; i < s->count; i++) sum += s->at[i];
#define AT(share) (s->count ? s->at[(size_t)((double)(s->count - 1) * (share) + 0.5)] : 0)
    printf("\"%s\":{\"mean\":%.1f,\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f}",
           name, s->count ? sum / (double)s->count : 0, AT(.5), AT(.9), AT(.99), AT(.999), AT(1.));
}

static void read_requests(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) die(path);
    size_t length;
    while (fscanf(file, "%zu", &length) == 1 && fgetc(file) == '\n') {
        requests = realloc(requests, (request_count + 1) * sizeof *requests);
        request_ends = realloc(request_ends, (request_count + 1) * sizeof *request_ends);
        char *bytes = malloc(length);
        if (fread(bytes, 1, length, file) != length) die("requests");
        requests[request_count] = bytes;
        request_ends[request_count++] = bytes + length;
    }
    fclose(file);
    if (!request_count) die("no requests");
}

static void connect_caller(struct caller *c, int flags) {
    c->fd = socket(AF_INET, SOCK_STREAM | flags, 0);
    int on = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(c->fd, (struct sockaddr *)&address, sizeof address) && errno != EINPROGRESS)
        die("connect");
    c->wants_write = 0;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event);
}

static void want_write(struct caller *c, int wanted) {
    if (c->wants_write == wanted) return;
    c->wants_write = wanted;
    struct epoll_event event = {.events = EPOLLIN | (wanted ? EPOLLOUT : 0), .data.ptr = c};
    epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &event);
}

static void flush(struct caller *c) {
    while (c->out < c->out_end) {
        ssize_t sent = send(c->fd, c->out, (size_t)(c->out_end - c->out), MSG_NOSIGNAL);
        if (sent < 0) break; /* full, connecting, or broken: reading tells which */
        c->out += sent;
    }
    want_write(c, c->out < c->out_end);
}

static void next(struct caller *c) {
    double time = now();
    if (each ? c->sent >= each : time >= deadline) {
        at_work--;
        return;
    }
    c->sent++;
    c->out = requests[next_request];
    c->out_end = request_ends[next_request];
    next_request = (next_request + 1) % request_count;
    answer_begin(&c->answer);
    c->began = time;
    c->first = c->last = c->gap = 0;
    flush(c);
}

static void complete(struct caller *c, double time) {
    finished++;
    if (c->began < count_from) return;
    add(&wholes, time - c->began);
    add(&firsts, c->first - c->began);
    add(&gaps, c->gap);
    if (!each && time > deadline) return;
    counted++;
    body_bytes += c->answer.body;
    last_counted = time;
}

static void fail(struct caller *c, const char *why) {
    if (!errors++)
        snprintf(first_error, sizeof first_error, "%s (status %d, body %ld bytes, %ld events)", why,
                 c->answer.status, c->answer.body, c->answer.events);
    close(c->fd);
    reconnects++;
    connect_caller(c, SOCK_NONBLOCK);
    if (errors >= GIVE_UP) at_work = 0;
    else next(c);
}

static void readable(struct caller *c) {
    static char buffer[262144];
    ssize_t got = recv(c->fd, buffer, sizeof buffer, 0);
    if (got < 0 && errno == EAGAIN) return;
    double time = now();
    long body_before = c->answer.body;
    if (got <= 0) {
        if (c->answer.begun) fail(c, "the connection was closed within an answer");
        else fail(c, got ? strerror(errno) : "the connection was closed");
        return;
    }
    const char *why = answer_feed(&c->answer, &expected, buffer, (size_t)got);
    if (why) {
        fail(c, why);
        return;
    }
    if (c->answer.body > body_before) {
        if (!c->first) c->first = time;
        else if (time - c->last > c->gap) c->gap = time - c->last;
        c->last = time;
    }
    if (!c->answer.done) return;
    complete(c, time);
    if (c->answer.closes) {
        close(c->fd);
        reconnects++;
        connect_caller(c, SOCK_NONBLOCK);
    }
    next(c);
}

static void report(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    double cpu = used.ru_utime.tv_sec + used.ru_stime.tv_sec +
                 (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    printf("{\"completed\":%ld,\"finished\":%ld,\"seconds\":%.6f,\"errors\":%ld,", counted, finished,
           counted ? last_counted - count_from : 0, errors);
    printf("\"reconnects\":%ld,\"unfinished\":%d,\"body_bytes\":%ld,\"cpu_seconds\":%.6f,", reconnects,
           at_work, body_bytes, cpu);
    printf("\"error\":\"%s\",", first_error);
    print_samples("whole", &wholes);
    putchar(',');
    print_samples("first", &firsts);
    putchar(',');
    print_samples("gap", &gaps);
    puts("}");
}

int main(int count, char **arguments) {
    if (count != 10) return fprintf(stderr, "usage: see load.c\n"), 2;
    signal(SIGPIPE, SIG_IGN);
    address.sin_family = AF_INET;
    if (inet_pton(AF_INET, arguments[1], &address.sin_addr) != 1) die("address");
    address.sin_port = htons((unsigned short)atoi(arguments[2]));
    int caller_count = at_work = atoi(arguments[3]);
    double seconds = atof(arguments[4]), spread = atof(arguments[6]);
    each = atol(arguments[5]);
    read_requests(arguments[8]);
    expected_read(&expected, arguments[9]);
    epoll = epoll_create1(0);
    static int input; /* its address tells standard input from callers */
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &input};
    epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event);
    callers = calloc((size_t)caller_count, sizeof *callers);
    for (int i = 0; i < caller_count; i++) connect_caller(&callers[i], 0);
    double begin = now();
    count_from = begin + atof(arguments[7]);
    deadline = count_from + seconds;
    struct epoll_event events[512];
    for (int begun = 0; at_work > 0;) {
        while (begun < caller_count && now() >= begin + spread * begun / caller_count)
            next(&callers[begun++]);
        int ready = epoll_wait(epoll, events, 512, begun < caller_count ? 1 : 1000);
        for (int i = 0; i < ready; i++) {
            struct caller *c = events[i].data.ptr;
            if ((void *)c == &input) {
                report();
                return 0;
            }
            if (events[i].events & EPOLLOUT) flush(c);
            if (events[i].events & ~(unsigned)EPOLLOUT) readable(c);
        }
        if (!each && now() > deadline + DRAIN_SECONDS) break;
    }
    report();
    return 0;
}

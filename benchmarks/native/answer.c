#define _GNU_SOURCE
#include "answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void expected_read(struct expected *expected, const char *path) {
    FILE *file = fopen(path, "rb");
    size_t body_bytes;
    if (!file || fscanf(file, "%ld %ld %zu %zu", &expected->bytes, &expected->events,
                        &expected->tail_bytes, &body_bytes) != 4 ||
        expected->tail_bytes > ANSWER_TAIL) {
        fprintf(stderr, "%s is not an expectation\n", path);
        exit(1);
    }
    fgetc(file);
    expected->tail = malloc(expected->tail_bytes + 1);
    expected->body = body_bytes ? malloc(body_bytes) : NULL;
    if (fread(expected->tail, 1, expected->tail_bytes, file) != expected->tail_bytes ||
        (body_bytes && fread(expected->body, 1, body_bytes, file) != body_bytes))
        exit(1);
    fclose(file);
}

void answer_begin(struct answer *a) {
    a->part = HEAD;
    a->begun = a->done = a->closes = a->status = 0;
    a->held = 0;
    a->left = a->body = a->events = 0;
    a->before = 0;
}

static void keep_tail(struct answer *a, const char *data, size_t size) {
    if (size >= ANSWER_TAIL) {
        memcpy(a->tail, data + size - ANSWER_TAIL, ANSWER_TAIL);
        return;
    }
    memmove(a->tail, a->tail + size, ANSWER_TAIL - size);
    memcpy(a->tail + ANSWER_TAIL - size, data, size);
}

static void count_events(struct answer *a, const char *data, size_t size) {
    const char *end = data + size;
    for (const char *at = data; (at = memchr(at, '\n', (size_t)(end - at))); at++)
        if ((at > data ? at[-1] : a->before) == '\n') a->events++;
    a->before = end[-1];
}

/* Whether bytes are as expected, where a NUL expects any byte. */
static int same(const char *expected, const char *data, size_t size) {
    while (size) {
        const char *any = memchr(expected, 0, size);
        size_t length = any ? (size_t)(any - expected) : size;
        if (memcmp(expected, data, length)) return 0;
        while (length < size && !expected[length]) length++;
        expected += length;
        data += length;
        size -= length;
    }
    return 1;
}

static const char *body(struct answer *a, const struct expected *e, const char *data, size_t size) {
    if (!size) return NULL;
    if (e->body) {
        if (a->body + (long)size > e->bytes) return "the body is too long";
        if (!same(e->body + a->body, data, size)) return "the body differs";
    } else {
        count_events(a, data, size);
        keep_tail(a, data, size);
    }
    a->body += (long)size;
    return NULL;
}

static const char *check(struct answer *a, const struct expected *e) {
    a->done = 1;
    if (e->bytes && a->body != e->bytes) return "the body has another length";
    if (e->body) return NULL;
    if (e->events && a->events != e->events) return "the number of events differs";
    if (a->body < (long)e->tail_bytes ||
        memcmp(a->tail + ANSWER_TAIL - e->tail_bytes, e->tail, e->tail_bytes))
        return "the body does not end as it should";
    return NULL;
}

/* The value of a header, to the line's end; NULL without it. */
static const char *header(const char *head, const char *name) {
    const char *at = strcasestr(head, name);
    return at ? at + strlen(name) : NULL;
}

static const char *head_complete(struct answer *a) {
    const char *value;
    a->status = atoi(a->head + 9);
    if (a->status != 200) return "the status is not 200";
    value = header(a->head, "\r\nconnection:");
    a->closes = value && !strncasecmp(value + strspn(value, " "), "close", 5);
    if ((value = header(a->head, "\r\ncontent-length:"))) {
        a->left = atol(value);
        a->part = LENGTH;
        return NULL;
    }
    value = header(a->head, "\r\ntransfer-encoding:");
    if (!value || strncasecmp(value + strspn(value, " "), "chunked", 7))
        return "the body has neither a length nor chunks";
    a->part = CHUNK_SIZE;
    a->left = 0;
    return NULL;
}

/* Takes what belongs to the head; returns how much that is. */
static size_t head(struct answer *a, const char *data, size_t size, const char **why) {
    size_t room = sizeof a->head - 1 - a->held, taken = size < room ? size : room;
    memcpy(a->head + a->held, data, taken);
    size_t before = a->held;
    a->held += taken;
    a->head[a->held] = 0;
    const char *end = strstr(a->head, "\r\n\r\n");
    if (!end) {
        if (taken < size) *why = "the head is too large";
        return taken;
    }
    size_t length = (size_t)(end + 4 - a->head);
    a->head[length] = 0;
    *why = head_complete(a);
    return length - before;
}

static int hex(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

const char *answer_feed(struct answer *a, const struct expected *e, const char *data, size_t size) {
    const char *why = NULL, *end = data + size;
    a->begun = 1;
    while (data < end && !why) {
        if (a->done) return "there are bytes behind the answer";
        size_t here = (size_t)(end - data);
        switch (a->part) {
        case HEAD:
            data += head(a, data, here, &why);
            if (!why && a->part == LENGTH && !a->left) why = check(a, e);
            break;
        case LENGTH:
        case CHUNK:
            if (here > (size_t)a->left) here = (size_t)a->left;
            why = body(a, e, data, here);
            data += here;
            a->left -= (long)here;
            if (!a->left && !why) {
                if (a->part == CHUNK) a->part = CHUNK_END;
                else why = check(a, e);
            }
            break;
        case CHUNK_SIZE:
            if (*data == '\n') {
                a->part = a->left ? CHUNK : TRAILER;
                a->line_is_empty = 1;
            } else if (*data == ';') {
                a->part = CHUNK_EXTENSION;
            } else if (*data != '\r') {
                int digit = hex(*data);
                if (digit < 0) why = "a chunk has no size";
                a->left = a->left * 16 + digit;
            }
            data++;
            break;
        case CHUNK_EXTENSION:
            if (*data == '\n') a->part = CHUNK_SIZE;
            else data++;
            break;
        case CHUNK_END:
            if (*data++ == '\n') {
                a->part = CHUNK_SIZE;
                a->left = 0;
            }
            break;
        case TRAILER:
            if (*data == '\n') {
                if (a->line_is_empty) why = check(a, e);
                a->line_is_empty = 1;
            } else if (*data != '\r') a->line_is_empty = 0;
            data++;
            break;
        }
    }
    return why;
}

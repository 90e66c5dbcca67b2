/* One HTTP/1.1 answer, taken apart as it arrives and compared with what it should be. */
#include <stddef.h>

struct expected {
    long bytes;  /* of the body; 0: any */
    long events; /* blank lines in the body; 0: any */
    char *tail;  /* how the body ends */
    size_t tail_bytes;
    char *body;  /* the whole of it, a NUL for any byte; or NULL when its length varies */
};

#define ANSWER_TAIL 64

struct answer {
    enum { HEAD, LENGTH, CHUNK_SIZE, CHUNK_EXTENSION, CHUNK, CHUNK_END, TRAILER } part;
    int begun, done, closes, status, line_is_empty;
    char head[8192];
    size_t held;
    long left, body, events;
    char before; /* the last byte of the body so far */
    char tail[ANSWER_TAIL];
};

/* Reads a file: "BYTES EVENTS TAIL_BYTES BODY_BYTES\n", the tail, the body. */
void expected_read(struct expected *expected, const char *path);

void answer_begin(struct answer *answer);

/* NULL, or what is wrong. Afterwards `done` says whether the answer is complete. */
const char *answer_feed(struct answer *answer, const struct expected *expected, const char *data,
                        size_t size);

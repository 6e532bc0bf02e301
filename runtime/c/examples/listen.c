/* Keywords in a recording, and how alike two recordings sound:
 *
 *     listen MODEL.wlm SOUND.raw [ONE.raw OTHER.raw]
 *     listen MODEL.wlm SOUND.raw words.toml
 *
 * The second hears the phrases of a file that `wavlm words` wrote.
 * The recordings are raw samples: 16 kHz, mono, 16-bit little-endian, as from
 * `ffmpeg -i FILE -f s16le -ac 1 -ar 16000 OUT.raw`.
 */
#include <stdio.h>
#include <stdlib.h>

#include "wavlm.h"

enum { PIECE = 320 }; /* 20 ms */

static int fail(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, wavlm_last_error());
    return 2;
}

/* The next samples of a file, at most PIECE. */
static size_t next_piece(FILE *file, float *samples)
{
    unsigned char bytes[2 * PIECE];
    size_t count = fread(bytes, 2, PIECE, file);
    for (size_t i = 0; i < count; i++)
        samples[i] = (float)(int16_t)(uint16_t)(bytes[2 * i] | bytes[2 * i + 1] << 8) / 32768.0f;
    return count;
}

static int poll_events(wavlm_words *words)
{
    wavlm_event event;
    int status;
    while ((status = wavlm_words_poll(words, &event)) == 1)
        printf("%s %.3f %.2f %.2f\n", event.keyword, (double)event.score, event.start_s, event.end_s);
    return status;
}

static int hear(const char *model, const char *sound, const char *book)
{
    FILE *file = fopen(sound, "rb");
    if (!file) {
        perror(sound);
        return 2;
    }
    wavlm_words *words = book ? wavlm_words_open_book(model, book) : wavlm_words_open(model, -1.0f);
    if (!words) {
        fclose(file);
        return fail("open");
    }
    float samples[PIECE];
    size_t count;
    int status = 0;
    while (status >= 0 && (count = next_piece(file, samples)) > 0) {
        status = wavlm_words_push(words, samples, count);
        if (status > 0)
            status = poll_events(words);
    }
    if (status >= 0 && wavlm_words_finish(words) >= 0)
        status = poll_events(words);
    else
        status = -1;
    wavlm_words_close(words);
    fclose(file);
    return status < 0 ? fail("hear") : 0;
}

/* The embedding of a recording; NULL, told on stderr, if there is none. */
static float *embed(wavlm_voices *voices, const char *sound)
{
    FILE *file = fopen(sound, "rb");
    if (!file) {
        perror(sound);
        return NULL;
    }
    size_t length = 0, count;
    float *samples = NULL, piece[PIECE];
    while ((count = next_piece(file, piece)) > 0) {
        float *longer = realloc(samples, (length + count) * sizeof *samples);
        if (!longer)
            break;
        samples = longer;
        for (size_t i = 0; i < count; i++)
            samples[length + i] = piece[i];
        length += count;
    }
    fclose(file);
    size_t dimension = wavlm_voices_dimension(voices);
    float *embedding = malloc(dimension * sizeof *embedding);
    if (embedding && wavlm_voices_embed(voices, samples, length, embedding, dimension) != 1) {
        fail(sound);
        free(embedding);
        embedding = NULL;
    }
    free(samples);
    return embedding;
}

static int compare(const char *model, const char *one, const char *other)
{
    wavlm_voices *voices = wavlm_voices_open(model);
    if (!voices)
        return fail("open");
    float *a = embed(voices, one), *b = embed(voices, other), score = 0.0f;
    int status = a && b ? wavlm_score(a, b, wavlm_voices_dimension(voices), &score) : -1;
    if (status == 1)
        printf("likeness %.3f\n", (double)score);
    free(a);
    free(b);
    wavlm_voices_close(voices);
    return status == 1 ? 0 : 2;
}

int main(int count, char **arguments)
{
    if (count < 3 || count > 5) {
        fprintf(stderr, "usage: listen MODEL.wlm SOUND.raw [words.toml | ONE.raw OTHER.raw]\n");
        return 2;
    }
    int status = hear(arguments[1], arguments[2], count == 4 ? arguments[3] : NULL);
    if (status == 0 && count == 5)
        status = compare(arguments[1], arguments[3], arguments[4]);
    return status;
}

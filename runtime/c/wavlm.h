/* libwavlm: keywords and voices, offline. Made from runtime/c by cbindgen; do not edit. */

#ifndef WAVLM_H
#define WAVLM_H

#include <stddef.h>
#include <stdint.h>

/*
 A model that embeds voices. One thread at a time may use it.
 */
typedef struct wavlm_voices wavlm_voices;

/*
 A model that hears keywords, and the sound that it hears. One thread at a time may use it.
 */
typedef struct wavlm_words wavlm_words;

/*
 A keyword that was heard.
 */
typedef struct wavlm_event {
  /*
   Which; the text stays until the words are closed.
   */
  const char *keyword;
  /*
   How likely, from 0 to 1.
   */
  float score;
  /*
   Where it begins, in seconds from the first sample.
   */
  double start_s;
  /*
   Where it ends.
   */
  double end_s;
} wavlm_event;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/*
 What the latest call of this thread that failed says of it, in one line of UTF-8; empty if none has failed yet.

 The text stays until the next call of this thread that fails.
 */
const char *wavlm_last_error(void);

/*
 The version of this library, as "0.1.0". The text stays for ever.
 */
const char *wavlm_version(void);

/*
 Opens a model file and begins a sound. `threshold` is the smallest accepted score, from 0 to 1; a negative one takes the
 model's own.

 Returns NULL on an error, which `wavlm_last_error` tells. What it returns must be closed with `wavlm_words_close`.

 # Safety
 `path` is NULL or a text that ends with a zero.
 */
struct wavlm_words *wavlm_words_open(const char *path,
                                     float threshold);

/*
 Opens a model file and a file of words, as `wavlm words` writes it, and begins a sound: the phrases of the file are heard,
 and those keywords of the model that it names. Phrases that are for certain voices are refused: no voice is told here.

 Returns NULL on an error, which `wavlm_last_error` tells. What it returns must be closed with `wavlm_words_close`.

 # Safety
 `path` and `book` are NULL or texts that end with a zero.
 */
struct wavlm_words *wavlm_words_open_book(const char *path,
                                          const char *book);

/*
 The keyword of a number, counted from 0; NULL behind the last one. The text stays until the words are closed.

 # Safety
 `words` is NULL, or comes from `wavlm_words_open` and is not closed.
 */
const char *wavlm_words_keyword(const struct wavlm_words *words,
                                uintptr_t number);

/*
 Takes the next samples, 16 kHz, mono, full scale ±1, in pieces of any size, and hears what they complete: this is where
 the time is spent. Sound of another rate must be resampled before.

 Returns how many events wait, or -1 on an error.

 # Safety
 `words` is NULL, or comes from `wavlm_words_open`, is not closed, and is used by no other thread meanwhile. `samples`
 points to `count` floats, or is NULL if that is 0.
 */
int wavlm_words_push(struct wavlm_words *words,
                     const float *samples,
                     uintptr_t count);

/*
 The sound is over: hears its end. Nothing can be pushed afterwards.

 Returns how many events wait, or -1 on an error.

 # Safety
 As of `wavlm_words_push`.
 */
int wavlm_words_finish(struct wavlm_words *words);

/*
 Takes out the next event. Returns 1 if there was one, 0 if none waits, -1 on an error.

 # Safety
 `words` as of `wavlm_words_push`; `event` is NULL or points to room for an event.
 */
int wavlm_words_poll(struct wavlm_words *words, struct wavlm_event *event);

/*
 Closes the words. NULL is fine.

 # Safety
 `words` is NULL, or comes from `wavlm_words_open`; neither it nor texts of it may be used afterwards.
 */
void wavlm_words_close(struct wavlm_words *words);

/*
 Opens a model file.

 Returns NULL on an error, which `wavlm_last_error` tells. What it returns must be closed with `wavlm_voices_close`.

 # Safety
 `path` is NULL or a text that ends with a zero.
 */
struct wavlm_voices *wavlm_voices_open(const char *path);

/*
 Floats of an embedding; 0 if `voices` is NULL.

 # Safety
 `voices` is NULL, or comes from `wavlm_voices_open` and is not closed.
 */
uintptr_t wavlm_voices_dimension(const struct wavlm_voices *voices);

/*
 The score from which on two embeddings are one voice, as the model stores it.

 # Safety
 `voices` is NULL, or comes from `wavlm_voices_open` and is not closed.
 */
float wavlm_voices_threshold(const struct wavlm_voices *voices);

/*
 Embeds the voice in a recording of a few seconds, 16 kHz, mono, full scale ±1, and writes `room` floats, which must be as
 many as `wavlm_voices_dimension` says.

 Returns 1, or 0 if there is no voice in it, or -1 on an error.

 # Safety
 `voices` is NULL, or comes from `wavlm_voices_open`, is not closed, and is used by no other thread meanwhile. `samples`
 points to `count` floats, `embedding` to room for `room` of them.
 */
int wavlm_voices_embed(struct wavlm_voices *voices,
                       const float *samples,
                       uintptr_t count,
                       float *embedding,
                       uintptr_t room);

/*
 How alike two voices are: the cosine of their embeddings, from -1 to 1, written to `score`.

 Returns 1, or -1 on an error, as where an embedding is all zeros.

 # Safety
 `one` and `other` point to `dimension` floats each, `score` to room for one.
 */
int wavlm_score(const float *one, const float *other, uintptr_t dimension, float *score);

/*
 Closes the voices. NULL is fine.

 # Safety
 `voices` is NULL, or comes from `wavlm_voices_open`, and must not be used afterwards.
 */
void wavlm_voices_close(struct wavlm_voices *voices);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* WAVLM_H */

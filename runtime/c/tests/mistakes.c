/* Calls that a program gets wrong: each is refused with its reason, and nothing breaks. */
#include <stdio.h>
#include <string.h>

#include "wavlm.h"

static int failures;

static void expect(int right, const char *what)
{
    if (!right) {
        fprintf(stderr, "%s: last error: %s\n", what, wavlm_last_error());
        failures++;
    }
}

static int says(const char *word)
{
    return strstr(wavlm_last_error(), word) != NULL;
}

int main(int count, char **arguments)
{
    if (count != 2)
        return 2;
    wavlm_event event;
    float sample = 0.0f, score;

    expect(strlen(wavlm_last_error()) == 0, "no error yet");
    expect(strchr(wavlm_version(), '.') != NULL, "a version");
    expect(!wavlm_words_open(NULL, -1.0f) && says("null"), "no path");
    expect(!wavlm_words_open("/nowhere.wlm", -1.0f) && says("/nowhere.wlm"), "no file");
    expect(!wavlm_words_open(arguments[0], -1.0f), "not a model");
    expect(!wavlm_words_open(arguments[1], 7.0f) && says("threshold"), "no probability");
    expect(!wavlm_words_open_book(arguments[1], NULL) && says("null"), "no file of words");
    expect(!wavlm_words_open_book(arguments[1], "/nowhere.toml") && says("/nowhere.toml"), "no file of words there");
    expect(wavlm_words_push(NULL, &sample, 1) == -1 && says("null"), "no words");
    expect(wavlm_words_finish(NULL) == -1, "no words to finish");
    expect(wavlm_words_poll(NULL, &event) == -1, "no words to poll");
    expect(!wavlm_words_keyword(NULL, 0), "no words to name");
    wavlm_words_close(NULL);

    wavlm_words *words = wavlm_words_open(arguments[1], -1.0f);
    expect(words != NULL, "words");
    expect(strlen(wavlm_words_keyword(words, 0)) > 0, "the first keyword");
    expect(!wavlm_words_keyword(words, 1000), "no such keyword");
    expect(wavlm_words_push(words, NULL, 0) == 0, "no samples");
    expect(wavlm_words_push(words, NULL, 5) == -1 && says("5 floats"), "samples nowhere");
    expect(wavlm_words_push(words, &sample, (size_t)-1) == -1, "more samples than memory");
    expect(wavlm_words_push(words, &sample, 1) == 0, "one sample");
    expect(wavlm_words_poll(words, NULL) == -1 && says("room"), "no room");
    expect(wavlm_words_poll(words, &event) == 0, "nothing was heard");
    expect(wavlm_words_finish(words) == 0 && wavlm_words_finish(words) == 0, "finished twice");
    expect(wavlm_words_push(words, &sample, 1) == -1 && says("over"), "sound behind the end");
    wavlm_words_close(words);

    expect(!wavlm_voices_open("/nowhere.wlm") && says("/nowhere.wlm"), "no file");
    expect(wavlm_voices_dimension(NULL) == 0, "no voices");
    wavlm_voices *voices = wavlm_voices_open(arguments[1]);
    expect(voices && wavlm_voices_dimension(voices) > 0, "voices");
    expect(wavlm_voices_threshold(voices) > -1.0f && wavlm_voices_threshold(voices) < 1.0f, "a threshold");
    expect(wavlm_voices_embed(voices, &sample, 1, &score, 1) == -1 && says("room"), "too little room");
    expect(wavlm_score(&sample, &sample, 1, &score) == -1 && says("direction"), "no direction");
    expect(wavlm_score(NULL, &sample, 1, &score) == -1, "no embedding");
    wavlm_voices_close(voices);
    return failures ? 1 : 0;
}

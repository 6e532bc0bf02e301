"""Checks of the corpus that need no synthesis of hours: `python -m unittest recipe.test_speech`."""

import importlib.util
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import numpy as np

from . import clips, corpus, engines, held_out, voices
from .settings import KEYWORDS, MODELS, RATE, RecipeError
from .speech import (
    formant,
    grammar,
    kokoro,
    labels,
    listing,
    make,
    packs,
    phones,
    phrases,
    plan,
    pronounce,
    recorded,
    sentences,
    sources,
    styles,
)
from .speech.spoken import Spoken

NAMES = (
    "af_heart",
    "am_adam",
    "bf_alice",
    "bm_daniel",
    "zf_xiaoyi",
    *held_out.KOKORO["dev"],
    *held_out.KOKORO["test"],
)


def without_downloads():
    """Names of styles as the package has them, without the package."""
    return mock.patch.object(sources, "kokoro_styles", lambda: sorted(NAMES))


@unittest.skipUnless(importlib.util.find_spec("pyworld"), "pyworld is missing")
class Revoiced(unittest.TestCase):
    def throat(self, **changed):
        from .speech.revoiced import Throat

        return Throat(**{"pitch": 1.0, "tract": 1.0, "liveliness": 1.0, "breath": 0.0, "tilt": 0.0} | changed)

    def buzz(self, pitch):
        """Half a second of a voice-like sound."""
        time = np.arange(RATE // 2) / RATE
        parts = (np.cos(2 * np.pi * pitch * n * time) / n for n in range(1, 20))
        return (0.05 * sum(parts)).astype(np.float32)

    def peak(self, sound):
        """Frequency of the lowest strong line."""
        spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
        return np.flatnonzero(spectrum > 0.5 * spectrum.max())[0] * RATE / len(sound)

    def test_the_same_voice_stays_and_a_higher_one_is_higher(self):
        sound = self.buzz(120)
        for factor in (1.0, 1.3):
            said = self.throat(pitch=factor).say(sound)
            self.assertEqual(said.shape, sound.shape)
            self.assertTrue(np.isfinite(said).all())
            self.assertAlmostEqual(self.peak(said), 120 * factor, delta=5)

    def test_an_unchanged_tract_leaves_the_envelope(self):
        envelope = np.random.default_rng(1).uniform(0.1, 1, (3, 513))
        np.testing.assert_allclose(self.throat().shape(envelope), envelope)
        longer = self.throat(tract=0.5).shape(envelope)
        np.testing.assert_allclose(longer[:, :256], envelope[:, :512:2])

    def test_breath_between_words_stays_breath(self):
        pitch = np.array([0.0, 100.0, 110.0, 0.0])
        moved = self.throat(pitch=1.5, liveliness=0.5).melody(pitch)
        self.assertEqual(list(moved > 0), [False, True, True, False])

    def test_a_name_is_one_voice(self):
        from .speech.revoiced import Throat

        self.assertEqual(Throat.of("a-1"), Throat.of("a-1"))
        self.assertNotEqual(Throat.of("a-1"), Throat.of("a-2"))


class Phones(unittest.TestCase):
    def names(self, ipa):
        return " ".join(phone for phone, *_ in phones.parse(ipa))

    def test_every_symbol_maps_to_known_phones(self):
        for symbol, names in phones.IPA.items():
            self.assertTrue(set(names.split()) <= set(phones.PHONES), symbol)
        self.assertEqual(len(phones.PHONES), 39)

    def test_longest_symbol_wins(self):
        self.assertEqual(self.names("tʃˈɜːtʃ"), "CH ER CH")
        self.assertEqual(self.names("dʒˈʌdʒ"), "JH AH JH")

    def test_kokoro_and_espeak_spell_the_same_word(self):
        self.assertEqual(self.names("lˈIt"), self.names("lˈaɪt"))
        self.assertEqual(self.names("nˈO"), self.names("nˈoʊ"))

    def test_spans_cover_stress_and_length_marks_but_no_pause(self):
        self.assertEqual(phones.parse("ˈɑːm, iː"), [("AA", 0, 3), ("M", 3, 4), ("IY", 6, 8)])

    def test_other_sounds_mean_no_phones(self):
        self.assertIsNone(phones.parse("bɔ̃ʒuʁ"))

    def test_segments_of_flite_and_festival(self):
        self.assertEqual(phones.arpabet("ax"), ["AH"])
        self.assertEqual(phones.arpabet("pau"), [])
        self.assertEqual(phones.arpabet("el"), ["AH", "L"])
        with self.assertRaises(ValueError):
            phones.arpabet("qq")

    def test_accents_of_espeak_are_all_known(self):
        engine, rng = engines.shared_espeak(), np.random.default_rng(1)
        speaker = formant.speakers("train")[0]
        for accent in voices.ACCENTS:
            voice = voices.Voice("x", speaker.variant, accent, 300, 50, 50)
            for _ in range(8):
                said = grammar.sentence(rng)
                utterance = engine.say(said, voice, 300, 50, 50)
                self.assertTrue(labels.from_ipa(utterance.segments), f"{accent}: {said}")


class Labels(unittest.TestCase):
    def test_keywords_of_a_text(self):
        self.assertEqual(labels.said_keywords("No, turn it off! It is upright."), ["no", "off"])

    def test_a_word_that_sounds_like_a_keyword_is_not_free_of_it(self):
        self.assertFalse(labels.keyword_free("I know."))
        self.assertFalse(labels.keyword_free("Turn around and go."))
        self.assertTrue(labels.keyword_free("It is upright."))

    def test_keywords_are_found_by_their_phones(self):
        timed = [("G", 0.1, 0.2), ("OW", 0.2, 0.3), ("AO", 0.5, 0.6), ("N", 0.6, 0.7)]
        self.assertEqual(labels.by_phones("go on", timed), [("go", 0.1, 0.3), ("on", 0.5, 0.7)])

    def test_no_times_rather_than_wrong_ones(self):
        timed = [("G", 0.1, 0.2), ("OW", 0.2, 0.3), ("N", 0.5, 0.6), ("OW", 0.6, 0.7)]
        self.assertEqual(labels.by_phones("go", timed), [("go", None, None)])
        self.assertEqual(labels.by_words("go", [("now", 0, 1)]), [("go", None, None)])

    def test_every_keyword_has_a_pronunciation_in_both_englishes(self):
        for spelt in (
            pronounce.AMERICAN,
            pronounce.BRITISH,
            pronounce.AMERICAN | pronounce.AMERICAN_OTHERS,
        ):
            for word in KEYWORDS:
                said = tuple(phone for phone, *_ in phones.parse(spelt[word]))
                self.assertEqual(labels.SOUNDS[said], word)

    def test_a_foreign_word_with_the_sounds_of_a_keyword_is_noticed(self):
        segments = [("n", 0.0, 0.1), ("oː", 0.1, 0.3), ("r", 0.4, 0.5), ("uː", 0.5, 0.6)]
        self.assertFalse(labels.sounds_like_keyword(segments, [("ru", 0.4, 0.6)]))
        self.assertTrue(labels.sounds_like_keyword([("n", 0.0, 0.1), ("oʊ", 0.1, 0.3)], [("no", 0.0, 0.3)]))


class Splits(unittest.TestCase):
    def test_no_voice_is_in_two_splits(self):
        with without_downloads():
            groups = {split: {v.name for v in styles.styles(split)} for split in ("train", "dev", "test")}
        for split, names in groups.items():
            names |= {speaker.name for speaker in formant.speakers(split)}
        self.assertFalse(groups["train"] & groups["dev"] or groups["train"] & groups["test"])
        self.assertFalse(groups["dev"] & groups["test"])

    def test_half_of_the_held_out_styles_are_women(self):
        self.assertGreaterEqual(len(held_out.KOKORO["test"]), 8)
        self.assertGreaterEqual(len(held_out.KOKORO["dev"]), 6)
        for names in held_out.KOKORO.values():
            self.assertEqual(2 * sum(name[1] == "f" for name in names), len(names))
            self.assertTrue({"a", "b"} <= {name[0] for name in names})

    def test_blends_mix_training_styles_alone(self):
        with without_downloads():
            for number in range(200):
                voice = styles.blend(number)
                self.assertFalse(
                    set(voice.styles) & {n for names in held_out.KOKORO.values() for n in names}
                )
                self.assertAlmostEqual(sum(voice.timbre), 1)
                self.assertAlmostEqual(sum(voice.prosody), 1)

    def test_drawn_voices_are_made_of_training_styles_alone_and_always_the_same(self):
        with without_downloads():
            styles_of_training = {voice.styles[0] for voice in styles.styles("train")}
            for number in range(20):
                voice = styles.drawn(number)
                self.assertEqual(set(voice.styles), styles_of_training)
                self.assertAlmostEqual(sum(voice.timbre), 1)
                self.assertAlmostEqual(sum(voice.prosody), 1)
                self.assertEqual(voice, styles.drawn(number))

    def test_held_out_people_and_piper_are_planned_for_the_test_alone(self):
        with without_downloads(), mock.patch.object(sentences, "sentence", lambda rng, split: split):
            for engine in ("recorded", "piper"):
                for name, requests in plan.shards(0, engine):
                    for request in requests:
                        expected = request.voice.name in (*held_out.RECORDED, *held_out.PIPER)
                        self.assertEqual(request.split == "test", expected, name)


class Texts(unittest.TestCase):
    def test_phrases_hold_a_keyword_and_cover_all(self):
        rng, seen = np.random.default_rng(2), set()
        for _ in range(400):
            said = labels.said_keywords(phrases.phrase(rng))
            self.assertTrue(said)
            seen |= set(said)
        self.assertEqual(seen, set(KEYWORDS))

    def test_natural_phrases_hold_their_keyword(self):
        for word, texts in phrases.NATURAL.items():
            for said in texts:
                self.assertIn(word, labels.said_keywords(said), said)

    def test_grammar_leaves_no_rule_unwritten(self):
        rng = np.random.default_rng(3)
        for _ in range(300):
            self.assertRegex(grammar.sentence(rng), r"^[A-Z][A-Za-z ,'-]+[.?]$")

    def test_pieces_are_plain(self):
        prose = (
            "It was cold, said the man. See {fish} (or not); HTTP is an acronym.\n\nThe end of all that!"
        )
        self.assertEqual(
            list(sentences.pieces(prose)), ["It was cold, said the man.", "The end of all that!"]
        )

    def test_keywords_are_kept_apart(self):
        found = pronounce.segments("Please turn the light on, now!")
        self.assertEqual(found, [("Please turn the light", None), ("on,", "on"), ("now!", None)])


class Plan(unittest.TestCase):
    def shards(self, number):
        with (
            without_downloads(),
            mock.patch.object(sentences, "sentence", lambda rng, split: str(rng.random())),
        ):
            with mock.patch.object(plan, "foreign", lambda rng, speakers, split: []):
                return [shard for engine in plan.ENGINES for shard in plan.shards(number, engine)]

    def test_the_same_on_every_call(self):
        self.assertEqual(self.shards(3), self.shards(3))

    def test_shards_have_their_own_names_and_are_small(self):
        names = [name for number in range(3) for name, _ in self.shards(number)]
        self.assertEqual(len(names), len(set(names)))
        for name, requests in self.shards(1):
            self.assertLessEqual(len(requests), 100 if name.startswith("kokoro") else 400)

    def test_every_round_of_every_engine_is_made_once_and_the_cheap_ones_first(self):
        order = list(plan.order(5))
        self.assertEqual(sorted(order), sorted((n, engine) for n in range(5) for engine in plan.ENGINES))
        self.assertLess(order.index((plan.AHEAD, "espeak")), order.index((0, "kokoro")))
        self.assertLess(order.index((0, "kokoro")), order.index((plan.AHEAD + 1, "espeak")))

    def test_every_training_style_says_every_keyword_in_the_first_round(self):
        said = {
            (request.voice.name, labels.said_keywords(request.text)[0])
            for name, requests in self.shards(0)
            for request in requests
            if name.startswith("kokoro-00-styles")
        }
        with without_downloads():
            self.assertEqual(len(said), len(KEYWORDS) * len(styles.styles("train")))


class Clips(unittest.TestCase):
    def tone(self, *parts):
        """(seconds, amplitude) one after the other."""
        return np.concatenate([a * np.sin(np.arange(int(s * RATE)) / 5) for s, a in parts]).astype(
            np.float32
        )

    def test_a_soft_end_is_kept(self):
        sound = self.tone((0.3, 0), (0.2, 0.5), (0.2, 0.005), (0.3, 0))
        heard = clips.audible(sound)
        self.assertAlmostEqual(heard.start / RATE, 0.3, delta=0.011)
        self.assertAlmostEqual(heard.stop / RATE, 0.7, delta=0.011)

    def test_margins_stay_within_the_sound(self):
        self.assertEqual(clips.widened(slice(100, 5000), 5200), slice(0, 5200))
        self.assertEqual(clips.widened(slice(1000, 2000), 5200), slice(360, 2640))

    def test_a_puff_apart_from_the_word_is_cut_off(self):
        sound = self.tone((0.3, 0), (0.2, 0.5), (0.2, 0.004), (0.1, 0.1), (0.2, 0))
        heard = clips.audible(sound, (0.3, 0.5))
        self.assertLess(heard.stop / RATE, 0.52)

    def test_sound_that_goes_on_past_the_phones_is_kept(self):
        sound = self.tone((0.3, 0), (0.4, 0.5), (0.3, 0))
        heard = clips.audible(sound, (0.4, 0.6))
        self.assertAlmostEqual(heard.start / RATE, 0.3, delta=0.011)
        self.assertAlmostEqual(heard.stop / RATE, 0.7, delta=0.011)

    def test_silence_is_nothing(self):
        self.assertIsNone(clips.audible(np.zeros(RATE, np.float32)))
        self.assertIsNone(clips.audible(None))


class FakeEngine:
    """Beeps."""

    def __init__(self):
        self.made = 0

    def say(self, requests, rng):
        for request in requests:
            self.made += 1
            sound = np.zeros(RATE, np.float32)
            sound[4000:12000] = 0.5 * np.sin(np.arange(8000) / 5)
            spoken = [("G", 0.25, 0.5), ("OW", 0.5, 0.75)]
            yield None if request.text == "skip" else Spoken(sound, spoken, [("go", 0.25, 0.75)], "ɡˈO")


class Packs(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        patch = mock.patch.object(packs, "SHARDS", self.folder)
        patch.start()
        self.addCleanup(patch.stop)
        speaker = recorded.Recorded("flite-awb")
        texts = ("go", "skip", "go")
        self.requests = [plan.Request("keyword", text, speaker, "train") for text in texts]

    def test_what_is_written_is_read_again(self):
        make.shard("a-00", FakeEngine(), self.requests)
        make.shard("b-00", FakeEngine(), self.requests)
        read = corpus.Corpus.load(self.folder)
        self.assertEqual(len(read), 4)
        row = read[3]
        self.assertEqual(
            (row.voice, row.engine, row.split, row.kind), ("flite-awb", "flite", "train", "keyword")
        )
        self.assertEqual((row.phones, row.keywords, row.keyword_free), (("G", "OW"), ("go",), False))
        np.testing.assert_array_equal(row.keyword_ms, [[40, 540]])
        self.assertEqual(len(row.samples()), row.length)
        self.assertAlmostEqual(np.abs(row.samples()).max() / 32767, 0.9, delta=0.001)
        np.testing.assert_array_equal(row.samples(), read[0].samples())

    def test_the_first_phone_begins_and_the_last_one_ends_where_it_is_heard(self):
        sound = np.zeros(RATE, np.float32)
        sound[4000:12000] = 0.5 * np.sin(np.arange(8000) / 5)
        shard = packs.Shard("a-00")
        for phones_seen in ([("G", 0.3, 0.5), ("OW", 0.5, 0.7)], [("G", 0.1, 0.5), ("OW", 0.5, 0.9)]):
            shard.add(
                Spoken(sound, phones_seen, [("go", phones_seen[0][1], phones_seen[1][2])]), "go", "keyword"
            )
            self.assertEqual(shard.rows[-1]["phone_ms"], [40, 290, 290, 540])
            self.assertEqual(shard.rows[-1]["keyword_ms"], [40, 540])

    def test_ends_are_silent_and_long_clips_are_left_out(self):
        shard = packs.Shard("a-00")
        shard.add(Spoken(0.5 * np.cos(np.arange(RATE) / 5).astype(np.float32)), "go", "keyword")
        self.assertEqual((shard.clips[0][0], shard.clips[0][-1]), (0, 0))
        shard.add(Spoken(0.5 * np.cos(np.arange(13 * RATE) / 5).astype(np.float32)), "go", "keyword")
        self.assertEqual(len(shard.clips), 1)

    def test_narrowing(self):
        make.shard("a-00", FakeEngine(), self.requests)
        read = corpus.Corpus.load(self.folder)
        self.assertEqual(len(read.where(split=("train", "dev"), kind="keyword")), 2)
        self.assertEqual(len(read.where(split="test")), 0)
        self.assertEqual(read.voices, ["flite-awb"])
        self.assertIn("keyword", "\n".join(listing.lines(read)))

    def test_a_shard_without_its_index_is_made_again(self):
        make.shard("a-00", FakeEngine(), self.requests)
        (self.folder / "a-00.jsonl").unlink()
        self.assertFalse(packs.exists("a-00"))
        self.assertEqual(len(corpus.Corpus.load(self.folder)), 0)

    def test_only_missing_shards_are_made(self):
        planned = [("a-00", self.requests), ("b-00", self.requests)]
        make.shard("a-00", FakeEngine(), self.requests)
        written = [(self.folder / "a-00.i16").stat().st_mtime_ns]
        with (
            mock.patch.object(plan, "order", lambda rounds: [(0, "kokoro")]),
            mock.patch.object(plan, "shards", lambda number, engine: planned),
            mock.patch.dict(make.ENGINES, kokoro=FakeEngine),
            mock.patch.object(make, "SPEECH", self.folder),
            mock.patch("builtins.print"),
        ):
            make.run(rounds=2)
            written.append((self.folder / "b-00.i16").stat().st_mtime_ns)
            make.run(rounds=2)
        self.assertEqual([(self.folder / f"{name}.i16").stat().st_mtime_ns for name, _ in planned], written)

    def test_an_engine_that_says_nothing_is_told(self):
        silent = [plan.Request("keyword", "skip", recorded.Recorded("flite-awb"), "train")] * 2
        with self.assertRaisesRegex(RecipeError, "none of the 2 utterances of a-00"):
            make.shard("a-00", FakeEngine(), silent)
        self.assertFalse(packs.exists("a-00"))

    def test_two_processes_do_not_work_on_one_corpus(self):
        with mock.patch.object(make, "SPEECH", self.folder), make.alone():
            with self.assertRaisesRegex(RecipeError, f"process {os.getpid()} is making the corpus already"):
                with make.alone():
                    pass


class Sources(unittest.TestCase):
    def test_durations_are_added_as_an_output(self):
        name = kokoro.DURATIONS
        added = bytes([58, len(name) + 4, 98, len(name) + 2, 10, len(name)]) + name
        self.assertEqual(kokoro.with_durations(b"model"), b"model" + added)

    def test_a_command_that_fails_is_told_in_one_line(self):
        with tempfile.TemporaryDirectory() as folder:
            with self.assertRaisesRegex(RecipeError, "could not fetch it: no such thing"):
                sources._run(["sh", "-c", "echo no such thing >&2; exit 1"], Path(folder), "it")

    def test_the_listing_of_an_empty_corpus(self):
        with tempfile.TemporaryDirectory() as folder:
            environment = {**os.environ, "WAVLM_SPEECH": folder, "PYTHONPATH": str(MODELS)}
            command = [sys.executable, "-m", "recipe.speech", "--list"]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
            self.assertEqual(done.stdout.splitlines()[0], folder)


if __name__ == "__main__":
    unittest.main()

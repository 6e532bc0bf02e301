"""Checks of the recipe that need no training: `python -m unittest recipe.test_recipe`."""

import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch
from torch import nn

from . import architecture, augment, engines, examples, joint, material, metrics, phones, sliding, speaker_head, speakers, text, thresholds, voices, windows
from .folding import fold
from .judge import det, report, sound
from .judge.manifest import Builder
from .settings import KEYWORDS, RATE, SILENCE, UNKNOWN, WINDOW


class Splits(unittest.TestCase):
    def test_no_stock_variant_is_in_two_splits(self):
        owners = [set(voices.stock_variants(engines.espeak_data(), s)) for s in ("train", "dev", "test")]
        self.assertFalse(owners[0] & owners[1] or owners[0] & owners[2] or owners[1] & owners[2])

    def test_held_out_people_are_not_trained_on(self):
        trained = {voices.person(v) for v in voices.TRAINED_RECORDED}
        self.assertFalse(trained & {voices.person(v) for v in voices.HELD_OUT_RECORDED})

    def test_sentences_hold_no_keyword(self):
        for split in ("train", "dev", "test"):
            said = {w.strip("',-") for s in text.sentences(split) for w in s.split()}
            self.assertFalse(said & set(KEYWORDS))

    def test_test_sentences_are_not_trained_on(self):
        self.assertFalse(set(text.sentences("train")) & set(text.sentences("test")))


class Figures(unittest.TestCase):
    def test_equal_error_of_separable_scores_is_zero(self):
        rate, threshold = metrics.equal_error(np.array([0.8, 0.9]), np.array([0.1, 0.2, 0.3]))
        self.assertEqual(rate, 0)
        self.assertEqual(threshold, 0.8)

    def test_equal_error_of_equal_scores_is_a_half(self):
        scores = np.linspace(0, 1, 100)
        self.assertAlmostEqual(metrics.equal_error(scores, scores)[0], 0.5, delta=0.01)

    def test_one_word_is_detected_once(self):
        stream = np.zeros((12, 2))
        stream[4:7, 1] = 1
        self.assertEqual(metrics.detections(stream, 0.6, 3, 4), [(5, 1)])

    def test_smoothing_starts_with_the_windows_there_are(self):
        smoothed = metrics.smooth(np.array([[1.0], [0.0], [0.0], [0.0]]), 3)
        np.testing.assert_allclose(smoothed[:, 0], [1, 1 / 2, 1 / 3, 0])


class Windows(unittest.TestCase):
    def test_place_cuts_what_sticks_out(self):
        clip = np.ones(100, np.float32)
        self.assertEqual(augment.place(clip, -60, WINDOW).sum(), 40)
        self.assertEqual(augment.place(clip, WINDOW - 30, WINDOW).sum(), 30)

    def test_the_keyword_in_the_middle_is_the_answer_and_half_of_one_is_none(self):
        whole, half = ("yes", 4000, 8000), ("no", -1900, 2000)
        self.assertEqual(windows.label_of([whole, half]), "yes")
        self.assertIsNone(windows.label_of([half]))
        self.assertEqual(windows.label_of([("no", -3900, 100)]), UNKNOWN)
        self.assertEqual(windows.label_of([], heard=False), SILENCE)

    def test_speech_begins_fills_and_ends_windows(self):
        clip = material.Clip(np.full(4 * RATE, 8000, np.int16), "sentence", "someone", "espeak", keyword_free=True)
        pools = material.Material()
        pools.add(clip)
        source, rng = examples.Words(pools, None), np.random.default_rng(5)
        seen = []
        for _ in range(300):
            scene = windows.Scene()
            source.running(rng, scene)
            heard = np.abs(scene.sound) > 0.01
            seen.append((bool(heard[:400].any()), bool(heard[-400:].any())))
        for first, last, share in ((False, True, examples.BEGINS), (True, False, examples.ENDS)):
            self.assertAlmostEqual(seen.count((first, last)) / len(seen), share, delta=0.1)

    def test_windows_slide_from_the_first_sample_to_the_last(self):
        cut = sliding.windows(np.ones(2 * RATE, np.float32))
        self.assertEqual(cut.shape[1], WINDOW)
        self.assertEqual((cut[0].sum(), cut[0][: sliding.BEFORE].sum()), (sliding.HOP, 0))
        self.assertTrue(0 < cut[-1].sum() <= sliding.HOP)

    def test_phones_keep_their_places(self):
        scene = windows.Scene()
        scene.add(windows.Piece(np.ones(1600, np.float32), (), (3, 4), ((3, 400), (4, 1200))), 8000)
        self.assertEqual((scene.phones(), scene.middles), ([3, 4], [(3, 8400), (4, 9200)]))
        rows = examples.in_frames([[], scene.middles])
        np.testing.assert_array_equal(rows, [[1, 26, 3], [1, 28, 4]])


class Phones(unittest.TestCase):
    def test_stress_is_folded(self):
        self.assertEqual(phones.encode(["AH0", "n"]), phones.encode(["AH", "N"]))

    def test_best_symbols_become_phones(self):
        k, ae = phones.encode(["K", "AE"])
        self.assertEqual(phones.decode([0, k, k, 0, k, ae, 0]), ["K", "K", "AE"])
        self.assertEqual(phones.frames_needed([k, k, ae]), 4)

    def test_frames_that_are_known_teach_their_phone(self):
        logits = torch.zeros(2, 5, 4)
        logits[1, 2, 3] = 50
        self.assertLess(joint.known(logits, np.array([[1, 2, 3]])).item(), 1e-6)
        self.assertEqual(joint.known(logits, np.array([[0, 9, 1]])).item(), 0)


class Heads(unittest.TestCase):
    def test_folding_the_normalisation_changes_nothing(self):
        torch.manual_seed(1)
        model, hears = architecture.speaker_model().eval(), torch.randn(8, WINDOW)
        pooled = nn.BatchNorm1d(2 * architecture.CONFIG["tdnn_dim"][-1], eps=1e-4, affine=False)
        hook = model.feature_extractor.register_forward_pre_hook(lambda _m, inputs: pooled(inputs[0]))
        with torch.inference_mode():
            for _ in range(30):
                model(torch.randn(8, WINDOW))
            pooled.eval()
            wanted = model(hears).embeddings
            hook.remove()
            fold(model, pooled)
            difference = (model(hears).embeddings - wanted).abs().max() / wanted.abs().max()
        self.assertLess(difference, 1e-3)
        size = model.feature_extractor.weight.abs().amax(0)
        size = size[size > 0]
        self.assertLess(size.max() / size.min(), 100)

    def test_a_head_that_learnt_from_hidden_states_says_the_same_inside_its_model(self):
        torch.manual_seed(1)
        model = architecture.speaker_model().eval()
        head = speaker_head.Head(model)
        with torch.inference_mode():
            sounds = torch.randn(8, WINDOW)
            hidden = torch.stack(model.wavlm(sounds, output_hidden_states=True).hidden_states, 1)
            for _ in range(30):
                head.train()(hidden)
            wanted = head.eval()(hidden)
            fold(model, head.pooled)
            found = model(sounds).embeddings
        self.assertLess((found - wanted).abs().max() / wanted.abs().max(), 1e-3)

    def test_voices_with_other_throats_belong_to_the_family_they_are_made_of(self):
        known = material.Material()
        for voice in ("kokoro-af_sky", "revoiced-kokoro-af_sky-1", "revoiced-asterisk-it-0", "flite-kal", "espeak-f1"):
            for _ in range(2):
                clip = material.Clip(np.zeros(RATE, np.int16), "sentence", voice, voice.split("-")[0], keyword_free=True)
                known.add(clip)
        found = speakers.families(known)
        self.assertEqual(found["kokoro"], ["kokoro-af_sky", "revoiced-kokoro-af_sky-1"])
        self.assertEqual((found["asterisk"], found["recorded"]), (["revoiced-asterisk-it-0"], ["flite-kal"]))

    def test_16_bits_compute_nearly_what_32_bits_do(self):
        torch.manual_seed(1)
        listener = architecture.Listener().eval()
        architecture.quicken(listener.words.wavlm)
        sound = 0.05 * torch.randn(2, WINDOW)
        with torch.no_grad():
            exact = listener.words_and_phones(sound)
            with torch.autocast("cpu", torch.bfloat16):
                rounded = listener.words_and_phones(sound)
        for a, b in zip(exact, rounded):
            self.assertLess((a - b.float()).norm() / a.norm(), 0.02)

    def test_a_constant_added_to_the_sound_changes_nothing(self):
        listener, sound = architecture.Listener().eval(), 0.1 * torch.randn(1, WINDOW)
        with torch.inference_mode():
            plain, moved = (listener.words_and_phones(sound + offset)[0] for offset in (0, 0.05))
        self.assertLess((plain - moved).abs().max(), 1e-3)


class Judging(unittest.TestCase):
    def test_thresholds_are_as_low_as_the_false_alarms_allow(self):
        points = [(0.3, 9.0, 1.0), (0.5, 2.0, 0.9), (0.7, 0.4, 0.8), (0.9, 0.0, 0.5)]
        self.assertEqual(thresholds.lowest(points, 3), 0.5)
        self.assertEqual(thresholds.lowest(points, 0.5), 0.7)
        self.assertEqual(thresholds.lowest(points[:1], 0.5), 0.3)

    def test_a_keyword_of_the_corpus_is_another_word_where_others_are_told(self):
        from .material import Clip
        from .recordings import told_apart

        def clip(kind, *words):
            return Clip(np.zeros(9, np.int16), kind, "v", "kokoro", spans=tuple((word, 0, 9) for word in words))

        labels = ("computer", "go", "_unknown_", "_silence_")
        alone, phrase = told_apart(clip("keyword", "stop"), labels), told_apart(clip("phrase", "stop", "left"), labels)
        self.assertEqual((alone.kind, alone.spans, alone.keyword_free), ("word", (), True))
        self.assertEqual((phrase.kind, phrase.spans, phrase.keyword_free), ("phrase", (), True))
        mixed = told_apart(clip("phrase", "stop", "go"), labels)
        self.assertEqual((mixed.spans, mixed.keyword_free), ((("go", 0, 9),), False))
        kept = clip("keyword", "go")
        self.assertIs(told_apart(kept, labels), kept)

    def test_voices_are_told_apart_by_sex_and_by_accent(self):
        def line(group, count):
            spotted = [{"point": "cautious", "threshold": 0.9, "heard": count, "keywords": 200}]
            return {"kind": "word", "group": group, "spotted": spotted, "clips": 200, "accuracy": 0.5}

        shown = report.words([
            line("piper-joe", 100), line("kokoro-women-american", 180), line("kokoro-women-british", 160),
            line("kokoro-men-american", 140), line("kokoro-men-american-10dB", 20),
        ])  # fmt: skip
        self.assertIn("| kokoro-women | 85.0 % of 400 | 50.0 % of 400 |", shown)
        self.assertIn("| kokoro-american | 80.0 % of 400 |", shown)
        self.assertIn("| kokoro-men-10dB | 10.0 % of 200 |", shown)
        self.assertNotIn("foreign", shown)

    def test_groups_of_speech_are_summed(self):
        def line(group, count):
            points = [{"point": "cautious", "threshold": 0.7, "false_alarms": count}]
            return {"kind": "speech", "group": group, "hours": 0.5, "points": points}

        lines = [line("people-a-da", 1), line("people-a-fr", 2), line("people-apart-b", 40)]
        shown = report.speech(lines)
        self.assertIn("| people talking | 1.00 | 3: 3.0 an hour (0.6 to 8.8) |", shown)
        self.assertIn("| people-a | 1.00 | 3: 3.0", shown)
        self.assertEqual(report.part_of(3, 14), "3 of 14")
        self.assertEqual(report.interval(0, 1.0), "0.0 to 3.7")

    def test_what_two_files_hear_otherwise_is_summed(self):
        def line(clips, keywords, changed):
            spotted = [{"point": "cautious", "threshold": 0.9, "heard": 0, "keywords": keywords, "changed": changed}]
            return {"kind": "word", "group": "a", "spotted": spotted, "clips": clips, "changed": 1 / clips}

        shown = report.differing([line(200, 150, 3), line(100, 50, 0)])
        self.assertIn("| cautious | 3 of 200 | 1.50 % |", shown)
        self.assertIn("| best of twelve labels | 2 of 300 | 0.67 % |", shown)
        self.assertEqual(report.differing([{"kind": "word"}]), "")

    def test_errors_are_drawn_on_axes_of_normal_deviates(self):
        self.assertEqual((det.MATCHES.place(0.5), det.MATCHES.place(0.0001)), (1, 0))
        drawn = det.svg({"a": [(0.4, 0.01), (0.05, 0.05), (0.01, 0.4)]})
        self.assertTrue(drawn.startswith("<svg") and drawn.rstrip().endswith("</svg>"))
        self.assertEqual(drawn.count('stroke-width="2"/>'), 2)

    def test_a_word_is_trimmed_levelled_and_put_in_silence(self):
        clip = np.zeros(RATE, np.float32)
        clip[6000:9000] = 0.1 * np.sin(np.arange(3000))
        cut = sound.trimmed(clip)
        self.assertLess(len(cut), 4500)
        self.assertAlmostEqual(np.abs(cut).max(), 0.5, places=5)
        self.assertEqual(len(sound.in_silence(cut)), len(cut) + 2 * RATE)
        self.assertIsNone(sound.trimmed(np.zeros(RATE, np.float32)))

    def test_a_manifest_lists_what_was_written(self):
        with tempfile.TemporaryDirectory() as folder:
            builder = Builder(Path(folder))
            builder.add(np.zeros(RATE, np.float32), "word", "yes", "a")
            builder.save()
            listed = (Path(folder) / "manifest.csv").read_text().splitlines()
            self.assertEqual(listed[1], "a/word-00000.wav,word,yes,a")
            self.assertTrue((Path(folder) / "a/word-00000.wav").exists())


if __name__ == "__main__":
    unittest.main()

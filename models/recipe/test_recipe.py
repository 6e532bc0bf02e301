"""Checks of the recipe that need no training: `python -m unittest recipe.test_recipe`."""

import unittest

import numpy as np
import torch

from . import architecture, batches, engines, metrics, quantise, speaker_head, text, voices
from .settings import KEYWORDS, WINDOW


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
        self.assertEqual(batches.place(clip, -60).sum(), 40)
        self.assertEqual(batches.place(clip, WINDOW - 30).sum(), 30)


class Heads(unittest.TestCase):
    def test_folding_the_batch_norms_changes_nothing(self):
        torch.manual_seed(1)
        head = speaker_head.SpeakerHead(architecture.speaker_model(), 10)
        sound = torch.randn(8, WINDOW)
        with torch.inference_mode():
            head.train()
            for _ in range(30):
                head(torch.randn(8, WINDOW))
            wanted = head.eval()(sound)
            folded = speaker_head.fold(head.state_dict(), architecture.speaker_model()).eval()
            difference = (folded(sound).embeddings - wanted).abs().max() / wanted.abs().max()
        self.assertLess(difference, 1e-3)
        self.assertLess(quantise.column_spread(folded.feature_extractor), 2)


if __name__ == "__main__":
    unittest.main()

"""The corpus: speech of many synthesisers with the words, phones and times of everything that is said."""

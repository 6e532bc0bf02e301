"""The recipe of wavlm-edge's default model: from synthesised speech to two Hugging Face folders."""

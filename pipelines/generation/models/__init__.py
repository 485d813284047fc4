"""The kinds of language models. They lie apart from the decoding, so that listing them loads no tensor library."""

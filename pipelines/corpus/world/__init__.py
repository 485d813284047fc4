"""The fictional company Ondervane Instruments: facts drawn from a seed, files that state them, questions about them.

Way of the data: ``sources`` (hand-written texts) -> ``build`` (facts) -> ``documents`` (blocks of text) -> ``writers``
(files), and from the facts -> ``questions`` -> ``selection`` (splits and tracks). ``locate`` finds gold passages in
the parsed files. Nothing here registers a kind; ``pipelines.corpus.builtin`` does.
"""

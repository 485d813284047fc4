"""One seed fans out to many random streams by name."""

from hashlib import blake2b


def fan_out(seed: int, *names: object) -> int:
    """A seed for the random stream called ``names``, stable across processes, machines and Python versions.

    The first 63 bits of BLAKE2b over the seed and the names, each with its length, so that ``("ab", "c")`` and
    ``("a", "bc")`` are different streams. Adding a stream changes no other.
    """
    digest = blake2b(digest_size=8)
    for part in (seed, *names):
        data = str(part).encode()
        digest.update(len(data).to_bytes(8, "big") + data)
    return int.from_bytes(digest.digest(), "big") >> 1

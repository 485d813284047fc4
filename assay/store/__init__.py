"""The content store: stage outputs kept under their fingerprints, verified on read, safe under concurrent writers."""

from assay.store.content import Store
from assay.store.entry import Entry
from assay.store.records import Records

__all__ = ["Entry", "Records", "Store"]

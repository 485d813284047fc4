"""What happens before the search: documents are chunked, chunks enriched, questions turned into queries."""

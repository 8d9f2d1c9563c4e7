"""Files into named feature vectors: one module per modality, extraction, cache."""

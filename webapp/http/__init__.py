"""HTTP concerns that the views share: errors, JSON, uploads, headers, limits, languages."""

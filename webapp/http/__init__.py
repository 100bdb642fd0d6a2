"""HTTP concerns shared by all views: errors, JSON, uploads, headers, rate limits, languages."""

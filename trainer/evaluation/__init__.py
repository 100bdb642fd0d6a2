"""Evaluation: metrics, calibration, comparison of bundles, timing, and the benchmark."""

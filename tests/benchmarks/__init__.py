"""Benchmarks: `make bench` runs them all, `python -m tests.benchmarks.bench_fusion` one."""

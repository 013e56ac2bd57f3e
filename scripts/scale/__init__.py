"""The parts of scripts/bench_scale.py: a large run made cheaply, a lean model server, and the meter."""

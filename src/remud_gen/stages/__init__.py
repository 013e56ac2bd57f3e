"""Stages: records -> records. A stage opens no checkpoint, starts no worker, retries nothing and draws no bar."""

"""Judging results without a human: metrics, the gates that a result must pass, and reports over many photographs."""

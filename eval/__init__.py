"""How an answer is judged: metrics, statistics, latency, cost, ROI, the verdict and the report."""

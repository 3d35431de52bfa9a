"""What a metric is given of a run, the scores of a shard, and the tables gathered from them."""

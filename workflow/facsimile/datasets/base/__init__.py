"""What data sets are built of; papers may import it."""

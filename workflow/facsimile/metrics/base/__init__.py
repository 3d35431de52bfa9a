"""What metrics are built of; papers may import it."""

"""What models are built of; papers may import it."""

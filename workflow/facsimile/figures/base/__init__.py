"""What figures are built of; papers may import it."""

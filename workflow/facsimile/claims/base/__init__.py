"""What statistics of claims are built of; papers may import it."""

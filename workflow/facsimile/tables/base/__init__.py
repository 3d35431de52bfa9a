"""What tables are built of; papers may import it."""

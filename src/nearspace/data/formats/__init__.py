"""Reading and writing vectors in the formats of other tools."""

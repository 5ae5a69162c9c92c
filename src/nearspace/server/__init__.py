"""The page: its data, its server, its export, and its view in notebooks."""

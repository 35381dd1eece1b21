"""How a context is put into what a service sends: one module for each carrier, and what they share."""

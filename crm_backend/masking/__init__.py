"""Takes personal data out of messages, so that they can become examples."""

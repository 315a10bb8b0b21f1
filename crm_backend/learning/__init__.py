"""Jobs that read what was said, so that colleagues can teach the assistant."""

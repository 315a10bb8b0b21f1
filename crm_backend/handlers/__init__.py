"""HTTP and WebSocket handlers: parse, call one service, answer."""

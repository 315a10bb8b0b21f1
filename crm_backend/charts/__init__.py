"""Charts drawn on the server: what they show, how they are drawn, who draws them."""

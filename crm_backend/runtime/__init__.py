"""Setting Deskmate up and running its three processes on one machine."""

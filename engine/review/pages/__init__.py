"""What the browser gets: pages, their script and their style."""

"""What people and programs read: consumers of one result."""

"""What must survive: the table, the comparison, and the findings that it makes."""

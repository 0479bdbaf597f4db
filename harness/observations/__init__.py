"""What can be seen of a model, a file each; the table in `catalogue` names them."""

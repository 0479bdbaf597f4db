"""How a model travels, a file each; the table in `catalogue` names them."""

"""What people's layers get wrong, a file each: a check that names the argument and the mend."""

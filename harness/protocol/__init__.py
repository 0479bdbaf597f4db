"""The plain data that passes between driver and worker; standard library only, so both halves may import it."""

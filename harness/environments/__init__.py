"""An environment under test: made by uv from requirements and kept, or found."""

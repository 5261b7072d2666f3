"""What operators need: whether a store works, and later repair and moving."""

"""What runs inside guests, and how it is built."""

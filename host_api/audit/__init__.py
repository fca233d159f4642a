"""What evaluations leave behind, and what can be read from it: who could, who did."""

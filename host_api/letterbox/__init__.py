"""The way in for mail: `valgate mail-in` takes what is sent to `user.val@<domain>` and runs that val with it.

It is a door like HTTP: it knows who is meant, and decides nothing about what a val may do.
It must never pass mail on to anybody, nor say of a val more than HTTP says: unknown, private and refused are one answer.
"""

"""The way out for mail: from the outbox to a mail server, at most once a message.

It must never decide who gets a message: the membrane did, and the outbox holds the address.
Nor may the server's password, or a message's text, get into a log or an error.
"""

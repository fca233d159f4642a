"""What the capability `crypto` can do, one frozen class a piece of work: pure functions of the bytes they are given.

Each says its price before it is done, in microseconds of a processor, so that somebody can pay first.
Nothing here keeps a key, asks who wants it, or knows what runs where; the bytes come from hostile guests.
"""

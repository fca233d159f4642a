"""How much may go on at once, who has had his share, and counts of both.

Nothing here waits for a long queue to become shorter: what is too much is refused at once, with a word on when to come back.
These files know no request, no guest and no database.
"""

"""What the rest of the house may ask of the store, one file a subject; each hands over to the SQL of its subject, a room up.

Nothing here knows a table, nor decides who may ask.
"""

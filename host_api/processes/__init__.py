"""All the cores: one supervisor, and as many processes that serve on one port as there are cores.

What it must never do: load the engine or the web server into the supervisor, or let a request be lost because a process is replaced.
"""

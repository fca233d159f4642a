"""What the host offers on top of the kernel: the store, the service, HTTP and the command line.

It could be rewritten without touching a trusted file.
"""
